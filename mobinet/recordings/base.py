"""What every source of images has in common."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Protocol, runtime_checkable

from mobinet.errors import SettingsError
from mobinet.settings import check_settings, setting
from mobinet.types import Image


@dataclass(frozen=True)
class SourceSettings:
    """Where images come from and which part of them a camera shows.

    ``window_path`` makes a virtual mobile camera: a window that moves over the recording along keyframes, each of four
    numbers ``time, x, y, zoom``.
    """

    source: str = setting(
        "", "video file, folder of images, camera ('/dev/video0' or 'v4l2:0') or stream ('rtsp://...', 'http://...')"
    )
    rate: float = setting(
        0.0,
        "images per second; 0 is the source's own; a recording is played at it whole, a camera is thinned out to it",
        minimum=0.0,
        maximum=1000.0,
    )
    loop: bool = setting(False, "start a recording again at its end")
    width: int = setting(0, "width of the delivered image, pixels; 0 as it comes", minimum=0, maximum=16384)
    height: int = setting(0, "height of the delivered image, pixels; 0 as it comes", minimum=0, maximum=16384)
    window_width: int = setting(
        0, "width of the window at zoom 1, pixels of the recording; 0 for no window", minimum=0, maximum=16384
    )
    window_height: int = setting(
        0, "height of the window at zoom 1, pixels of the recording; 0 for no window", minimum=0, maximum=16384
    )
    window_path: tuple[float, ...] = setting(
        (),
        "keyframes of the window, four numbers each: time in the recording in seconds, centre x and y in pixels of the "
        "recording, zoom (2 shows things twice as large); empty keeps it in the middle",
    )

    def __post_init__(self) -> None:
        path = tuple(float(value) if isinstance(value, int) else value for value in self.window_path)
        object.__setattr__(self, "window_path", path)
        check_settings(self)
        if (self.window_width == 0) != (self.window_height == 0):
            raise SettingsError(
                f"window_width {self.window_width}, window_height {self.window_height}: set both, or none for no window"
            )
        self._check_path()

    def _check_path(self) -> None:
        if not self.window_path:
            return
        if not self.window_width:
            raise SettingsError("window_path needs a window: set window_width and window_height")
        if len(self.window_path) % 4:
            raise SettingsError(
                f"window_path: expected four numbers a keyframe (time, x, y, zoom), got {len(self.window_path)} numbers"
            )
        times, zooms = self.window_path[0::4], self.window_path[3::4]
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise SettingsError(f"window_path: expected times that grow, got {', '.join(map(str, times))}")
        if min(zooms) <= 0:
            raise SettingsError(f"window_path: expected zooms above 0, got {min(zooms)}")


class Window(NamedTuple):
    """A rectangle of a recording, whole pixels: ``x, y`` is its upper left pixel."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class SourceImage:
    """One image of a source.

    Args:
        index: number of the image in its recording, from 0 (it starts again when the recording loops); of a camera, the
            number of images since it was opened.
        image: ``(H, W, 3)`` BGR ``uint8``; it may share memory with the source: copy before writing to it.
        offset_ns: time since the start; grows on when the recording loops.
        window: the part of the recording that is shown, ``None`` for all of it, as it is.
        stamp_ns: wall clock at the exposure (where the camera tells) or arrival of a camera's image; ``None`` for
            recordings, whose time the player chooses.
    """

    index: int
    image: Image
    offset_ns: int
    window: Window | None = None
    stamp_ns: int | None = None


class Source(Protocol):
    """A camera, a video or a folder of images."""

    @property
    def rate(self) -> float:
        """Images per second, 0 when a camera does not tell."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the delivered images, pixels; (0, 0) while a camera has not delivered any."""

    @property
    def live(self) -> bool:
        """Whether it is a camera, which sets the pace; a recording is read when its reader likes."""

    def read(self) -> SourceImage | None:
        """The next image of a recording, the newest of a camera; ``None`` at the end.

        Raises:
            SourceError: an image is damaged or a camera is silent; reading may go on after it.
        """

    def close(self) -> None:
        """Frees the file or camera; ``read`` then answers ``None``."""


@runtime_checkable
class SeekableSource(Source, Protocol):
    """A recording (``live`` is false), whose images can be asked for by number."""

    def image_at(self, position: int) -> SourceImage | None:
        """The image shown ``position / rate`` seconds after the start; ``None`` past the end.

        Positions go on over the end of a recording that loops. Reading forward is cheap, backward means decoding
        again from the start. Two sources of one recording that are asked for one position show the same instant.

        Raises:
            InputError: a negative position.
            SourceError: the image is damaged.
        """
