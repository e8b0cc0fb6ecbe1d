"""Detections of one camera to tracks: many objects followed at once."""

from mobinet.tracking.settings import TrackerSettings
from mobinet.tracking.tracker import Tracker

__all__ = ["Tracker", "TrackerSettings"]
