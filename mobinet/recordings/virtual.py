"""Virtual mobile cameras: windows that move over one wide recording, and the images that they cut out."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.interpolate import PchipInterpolator

from mobinet.errors import SettingsError
from mobinet.recordings.base import SeekableSource, Source, SourceImage, SourceSettings, Window
from mobinet.types import Float64, Image


class WindowPath:
    """Where the window is at a time.

    Keyframes are joined by monotone cubics (Fritsch and Carlson, "Monotone piecewise cubic interpolation", 1980):
    smooth and never outside of the keyframes' values. Before the first and after the last keyframe the window rests.

    Args:
        settings: with a window.
        size: width and height of the recording, pixels.

    Raises:
        SettingsError: at a keyframe the window leaves the recording.
    """

    def __init__(self, settings: SourceSettings, size: tuple[int, int]) -> None:
        self._size = size
        self._window = (settings.window_width, settings.window_height)
        path = settings.window_path or (0.0, size[0] / 2, size[1] / 2, 1.0)
        keyframes = np.array(path, np.float64).reshape(-1, 4)
        for keyframe in keyframes:
            self._check(keyframe)
        self._times = keyframes[[0, -1], 0]
        self._first = keyframes[0, 1:]
        self._curve = PchipInterpolator(keyframes[:, 0], keyframes[:, 1:]) if len(keyframes) > 1 else None

    def at(self, seconds: float) -> Window:
        """The window at a time of the recording."""
        x, y, zoom = self._first if self._curve is None else self._curve(np.clip(seconds, *self._times))
        width = min(round(self._window[0] / zoom), self._size[0])
        height = min(round(self._window[1] / zoom), self._size[1])
        # rounding, and x moving apart from zoom between two keyframes, may take it out by some pixels
        left = min(max(round(x - width / 2), 0), self._size[0] - width)
        top = min(max(round(y - height / 2), 0), self._size[1] - height)
        return Window(left, top, max(width, 1), max(height, 1))

    def _check(self, keyframe: Float64) -> None:
        time, x, y, zoom = keyframe.tolist()
        width, height = self._window[0] / zoom, self._window[1] / zoom
        left, top, right, bottom = x - width / 2, y - height / 2, x + width / 2, y + height / 2
        if min(left, top) < -0.5 or right > self._size[0] + 0.5 or bottom > self._size[1] + 0.5:
            raise SettingsError(
                f"window_path: at {time} s the window covers x {left:.0f} to {right:.0f}, y {top:.0f} to {bottom:.0f}, "
                f"but the recording is {self._size[0]}x{self._size[1]}; move its centre, raise zoom or make the window "
                "smaller"
            )


class VirtualCamera:
    """A source whose images are a moving window of another's, resized to one size.

    Only the pixels of the window are touched, and nothing is copied where its size is already the delivered one.

    Args:
        source: the wide recording (or camera, whose window then moves with the time since it was opened).
        settings: window, path and size.

    Raises:
        SettingsError: the window leaves the recording.
    """

    def __init__(self, source: Source, settings: SourceSettings) -> None:
        self._source = source
        self._settings = settings
        self._path: WindowPath | None = None
        self._output = (0, 0)
        if source.size != (0, 0):
            self._prepare(source.size)

    @property
    def rate(self) -> float:
        return self._source.rate

    @property
    def live(self) -> bool:
        return self._source.live

    @property
    def size(self) -> tuple[int, int]:
        return self._output

    @property
    def whole_size(self) -> tuple[int, int]:
        """Width and height of the recording that the window moves over, pixels."""
        return self._source.size

    def read(self) -> SourceImage | None:
        return self._cut(self._source.read())

    def image_at(self, position: int) -> SourceImage | None:
        if not isinstance(self._source, SeekableSource):
            raise SettingsError(f"'{self._settings.source}' is a camera: its images cannot be asked for by number")
        return self._cut(self._source.image_at(position))

    def close(self) -> None:
        self._source.close()

    def _prepare(self, size: tuple[int, int]) -> None:
        settings = self._settings
        shown = (settings.window_width, settings.window_height) if settings.window_width else size
        self._path = WindowPath(settings, size) if settings.window_width else None
        self._output = _output_size(shown, settings)

    def _cut(self, taken: SourceImage | None) -> SourceImage | None:
        if taken is None:
            return None
        height, width = taken.image.shape[:2]
        if self._output == (0, 0):
            self._prepare((width, height))
        # a recording that loops starts its windows again too: they belong to what is seen
        seconds = taken.offset_ns * 1e-9 if self.live else taken.index / self.rate
        window = self._path.at(seconds) if self._path else Window(0, 0, width, height)
        image = _resized(taken.image[window.y :, window.x :][: window.height, : window.width], self._output)
        return SourceImage(taken.index, image, taken.offset_ns, window, taken.stamp_ns)


def _output_size(shown: tuple[int, int], settings: SourceSettings) -> tuple[int, int]:
    """Width and height to deliver; where only one is set, the other keeps the shape of what is shown."""
    width = settings.width or (round(shown[0] * settings.height / shown[1]) if settings.height else shown[0])
    height = settings.height or (round(shown[1] * settings.width / shown[0]) if settings.width else shown[1])
    return max(width, 1), max(height, 1)


def _resized(image: Image, size: tuple[int, int]) -> Image:
    if (image.shape[1], image.shape[0]) == size:
        return image
    shrinks = size[0] < image.shape[1] or size[1] < image.shape[0]
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8)
