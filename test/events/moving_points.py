"""Made events: points that move over a picture, each of which fires at random times."""

from __future__ import annotations

import numpy as np

from mobinet.events import Events, Window
from mobinet.types import Float64

SIZE = 320, 240
PERIOD_NS = 50_000_000


def window(index: int) -> Window:
    """The window of that number."""
    return Window(index * PERIOD_NS, (index + 1) * PERIOD_NS)


def fire(
    points: Float64, velocity: tuple[float, float], within: Window, per_point: float, rng: np.random.Generator
) -> Events:
    """Events of points ``(N, 2)`` that are there at time 0 and move by ``velocity``, pixels per second."""
    count = rng.poisson(per_point * len(points))
    which = rng.integers(0, len(points), count)
    t_ns = np.sort(rng.integers(within.start_ns, within.end_ns, count))
    at = points[which] + np.array(velocity) * (t_ns * 1e-9)[:, None]
    return inside(t_ns, at, rng)


def inside(t_ns: np.ndarray, at: Float64, rng: np.random.Generator) -> Events:
    """Events at these places, but for those beyond the picture."""
    pixels = np.round(at).astype(int)
    kept = ((pixels >= 0) & (pixels < SIZE)).all(axis=1)
    x, y = pixels[kept].T
    return Events(t_ns[kept], x, y, rng.random(len(x)) < 0.5)


def box_of_points(box: tuple[float, float, float, float], count: int, rng: np.random.Generator) -> Float64:
    """``(count, 2)`` points anywhere in an xyxy box."""
    return rng.uniform(box[:2], box[2:], (count, 2))


def noise(within: Window, rate_hz: float, rng: np.random.Generator) -> Events:
    """Random events of all pixels."""
    count = rng.poisson(rate_hz * SIZE[0] * SIZE[1] * (within.end_ns - within.start_ns) * 1e-9)
    t_ns = np.sort(rng.integers(within.start_ns, within.end_ns, count))
    return inside(t_ns, rng.uniform((0, 0), (SIZE[0] - 1, SIZE[1] - 1), (count, 2)), rng)


def together(*parts: Events) -> Events:
    """All of them, in order of time."""
    return Events.concatenate(parts).in_order()
