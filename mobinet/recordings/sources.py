"""Where images come from: video files, folders of images, cameras, streams, and windows that move over them."""

from __future__ import annotations

import re
from pathlib import Path

from mobinet.errors import SettingsError, SourceError
from mobinet.recordings.base import SeekableSource, Source, SourceImage, SourceSettings, Window
from mobinet.recordings.images import ImageFolder
from mobinet.recordings.live import open_device, open_stream
from mobinet.recordings.recorded import ImageSequence, RecordedSource
from mobinet.recordings.video import VideoFile
from mobinet.recordings.virtual import VirtualCamera, WindowPath

__all__ = [
    "SeekableSource",
    "Source",
    "SourceImage",
    "SourceSettings",
    "Window",
    "WindowPath",
    "open_source",
]


def open_source(settings: SourceSettings) -> Source:
    """The source that the settings describe; recordings are ``SeekableSource``.

    A camera or stream is connected in the background, and tried again for ever: an absent one shows in ``read``.

    Raises:
        SourceError: a recording is missing or cannot be decoded.
        SettingsError: no source given, a folder without a rate, or a window that leaves the recording.
    """
    source = _open_whole(settings)
    wants_size = settings.width or settings.height
    if not settings.window_width and not wants_size:
        return source
    try:
        return VirtualCamera(source, settings)
    except SettingsError:
        source.close()
        raise


def is_live(source: str) -> bool:
    """Whether it names a camera or stream instead of a recording."""
    return _is_device(source) or _is_stream(source)


def _open_whole(settings: SourceSettings) -> Source:
    if not settings.source:
        raise SettingsError("source: expected a video, a folder of images, a camera or a stream, got nothing; set it")
    if _is_stream(settings.source):
        return open_stream(settings)
    if _is_device(settings.source):
        return open_device(settings)
    return _open_recording(settings)


def _open_recording(settings: SourceSettings) -> RecordedSource:
    path = Path(settings.source).expanduser()
    if not path.exists():
        raise SourceError(
            f"source '{settings.source}' does not exist; expected a video file, a folder of images, '/dev/video0', "
            "'v4l2:0' or 'rtsp://...'"
        )
    images: ImageSequence
    if path.is_dir():
        images, rate = ImageFolder(path), settings.rate
    else:
        video = VideoFile(path)
        images, rate = video, settings.rate or video.rate
    if rate <= 0:
        images.close()
        raise SettingsError(f"rate: '{settings.source}' has none of its own; set the images per second, e.g. 10")
    return RecordedSource(images, rate, settings.loop)


def _is_device(source: str) -> bool:
    return source.startswith(("v4l2:", "/dev/video", "/dev/v4l/"))


def _is_stream(source: str) -> bool:
    return re.match(r"(rtsps?|https?|rtmp|udp|tcp)://", source) is not None
