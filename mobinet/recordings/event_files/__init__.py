"""Recordings of event cameras: RAW and DAT of Prophesee, AEDAT4 of iniVation, and tables as text or NumPy arrays."""

from mobinet.recordings.event_files.base import EventFile
from mobinet.recordings.event_files.opening import open_event_file
from mobinet.recordings.event_files.raw import raw_header

__all__ = ["EventFile", "open_event_file", "raw_header"]
