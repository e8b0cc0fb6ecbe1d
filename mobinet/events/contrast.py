"""How the picture of an event camera moved, found by making its events sharp.

Events of one edge fall onto each other when they are moved along with the picture: the motion sought is the one that
gives the image of moved events the highest contrast. Gallego, Rebecq and Scaramuzza, "A Unifying Contrast Maximization
Framework for Event Cameras" (2018); the four parameters are those of Mitrokhin et al., "Event-based Moving Object
Detection and Tracking" (2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled
from mobinet.events.base import Events
from mobinet.types import Float32, Float64, Int64

# Steps in which the parameters are sought, pixels at the border of the picture; each has an image as coarse.
_STEPS_PX = (8.0, 4.0, 2.0, 1.0, 0.5)
# How often a step is tried again while it helps.
_ROUNDS = 6
# A picture grows or shrinks by this at most in one span: all events in one point have the highest contrast of all.
_MOST_ZOOM = 0.15
_BETTER = 1.0005
# Finer than this many pixels a side the picture is not looked at.
_MOST_PIXELS = 320
# The busiest tiles of the picture are the moving objects: of each tile only so many events count.
_TILE_PX, _MOST_OF_TILE, _LEAST_OF_TILE = 16, 40, 5


@dataclass(frozen=True)
class Moved:
    """Events with their age, for estimation.

    Args:
        x, y: ``(N,)`` float32 pixels.
        age: ``(N,)`` float32 0..1, time to the end of the span over the span's length.
        coverage: share of the picture's tiles that have events, 0..1.
    """

    x: Float32
    y: Float32
    age: Float32
    coverage: float = 1.0

    def __len__(self) -> int:
        return len(self.x)

    @classmethod
    def of(cls, events: Events, end_ns: int, span_ns: int, size: tuple[int, int]) -> Moved:
        """Of the last ``span_ns`` before ``end_ns``, evenly from all of the picture.

        Args:
            events: in order of time, inside the sensor.
            size: width and height of the sensor.
        """
        first, last = np.searchsorted(events.t_ns, (end_ns - span_ns, end_ns)).tolist()
        events = events[first:last]
        tile = max(1, round(_TILE_PX * max(1.0, max(size) / _MOST_PIXELS)))
        shape = -(-size[1] // tile), -(-size[0] // tile)
        kept, counts = np.empty(len(events), np.bool_), np.zeros(shape, np.int64)
        _thin(events.x, events.y, tile, _MOST_OF_TILE, counts, np.zeros(shape, np.int64), kept)
        few = events[kept]
        age = ((end_ns - few.t_ns) / span_ns).astype(np.float32)
        return cls(few.x.astype(np.float32), few.y.astype(np.float32), age, float((counts >= _LEAST_OF_TILE).mean()))


class PictureMotion:
    """Shift, zoom and turn of the whole picture in a span of time, sought from coarse to fine around the last ones.

    Args:
        width, height: of the sensor, pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self._size = width, height
        # parameters in pixels at the border, so that a step means the same for each
        self._radius = max(width, height) / 2
        self._pixel = max(1.0, max(width, height) / _MOST_PIXELS)
        self.reset()

    def reset(self) -> None:
        """Forgets the last motion."""
        self._last: Float64 = np.zeros(4)

    def estimate(self, moved: Moved) -> Float64:
        """``(3, 3)`` where pixels went in the span of these events."""
        for step in _STEPS_PX:
            self._last = self._improve(moved, self._last, step)
        return self._matrix(self._last)

    def _improve(self, moved: Moved, best: Float64, step: float) -> Float64:
        value = self._contrast(moved, best, step)
        for _ in range(_ROUNDS):
            before = best
            for index in range(4):
                for sign in (1.0, -1.0):
                    tried = best.copy()
                    tried[index] += sign * step
                    found = self._contrast(moved, tried, step)
                    if found > _BETTER * value:
                        best, value = tried, found
                        break
            if best is before:
                break
        return best

    def _contrast(self, moved: Moved, parameters: Float64, step: float) -> float:
        if abs(parameters[2]) > _MOST_ZOOM * self._radius:
            return 0.0
        width, height = self._size
        image = moved_image(moved, self._matrix(parameters), width, height, max(step, self._pixel))
        image = cv2.GaussianBlur(image, (3, 3), 0)
        # a picture that shrinks is denser by that alone (Shiba et al., "Event Collapse in Contrast Maximization
        # Frameworks", 2022)
        area = (1 + parameters[2] / self._radius / 2) ** 2
        return float(area * np.vdot(image, image) / max(float(image.sum()), 1.0))

    def _matrix(self, parameters: Float64) -> Float64:
        right, down, zoom, turn = parameters / (1.0, 1.0, self._radius, self._radius)
        x, y = (self._size[0] - 1) / 2, (self._size[1] - 1) / 2
        return np.array(
            [
                [1 + zoom, -turn, right - zoom * x + turn * y],
                [turn, 1 + zoom, down - zoom * y - turn * x],
                [0, 0, 1],
            ]
        )


def moved_image(moved: Moved, motion: Float64, width: int, height: int, pixel: float) -> Float32:
    """``(rows, columns)`` float32 events moved along to the end of their span; ``pixel`` of the sensor's are one."""
    image = np.zeros((int(height / pixel) + 2, int(width / pixel) + 2), np.float32)
    _draw(moved.x, moved.y, moved.age, np.ascontiguousarray(motion, np.float64), np.float32(1 / pixel), image)
    return image


@compiled
def _draw(x: Float32, y: Float32, age: Float32, motion: Float64, scale: np.float32, image: Float32) -> None:
    rows, columns = image.shape
    a, b, c = np.float32(motion[0, 0]), np.float32(motion[0, 1]), np.float32(motion[0, 2])
    d, e, f = np.float32(motion[1, 0]), np.float32(motion[1, 1]), np.float32(motion[1, 2])
    g, h, i = np.float32(motion[2, 0]), np.float32(motion[2, 1]), np.float32(motion[2, 2])
    one = np.float32(1)
    for index in range(len(x)):
        u, v = x[index], y[index]
        depth = g * u + h * v + i
        to_x = (u + age[index] * ((a * u + b * v + c) / depth - u)) * scale
        to_y = (v + age[index] * ((d * u + e * v + f) / depth - v)) * scale
        if to_x >= 0 and to_y >= 0 and to_x < columns - 1 and to_y < rows - 1:
            column, row = int(to_x), int(to_y)
            right, down = to_x - np.float32(column), to_y - np.float32(row)
            image[row, column] += (one - right) * (one - down)
            image[row, column + 1] += right * (one - down)
            image[row + 1, column] += (one - right) * down
            image[row + 1, column + 1] += right * down


def move_along(moved: Moved, motion: Float64) -> tuple[Float32, Float32]:
    """``(N,)`` x and y of the events at the end of their span."""
    points = np.stack((moved.x, moved.y, np.ones_like(moved.x)))
    across, down, depth = motion @ points
    x = moved.x + moved.age * (across / depth - moved.x)
    y = moved.y + moved.age * (down / depth - moved.y)
    return x.astype(np.float32), y.astype(np.float32)


@compiled
def _thin(
    x: NDArray[np.uint16],
    y: NDArray[np.uint16],
    tile: int,
    most: int,
    counts: Int64,
    seen: Int64,
    kept: NDArray[np.bool_],
) -> None:
    """Keeps ``most`` events of each tile, evenly from all that it has."""
    side = np.uint32(tile)
    for index in range(len(x)):
        counts[np.uint32(y[index]) // side, np.uint32(x[index]) // side] += 1
    for index in range(len(x)):
        row, column = np.uint32(y[index]) // side, np.uint32(x[index]) // side
        count, before = max(counts[row, column], most), seen[row, column]
        kept[index] = (before + 1) * most // count > before * most // count
        seen[row, column] = before + 1
