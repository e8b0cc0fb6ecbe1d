"""What may be different before an event camera, at random: place and size, pace, contrast, lost events, noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobinet.events import Events
from mobinet.types import Float32, Float64


@dataclass(frozen=True)
class EventDisturbance:
    """What is done to all windows of one clip.

    Args:
        pace: recorded time that passes in one second: above 1, everything moves faster.
        scale: of x and y.
        offset: of x and y, pixels, after the scale.
        mirrored: left and right are exchanged.
        inverted: ON and OFF are exchanged.
        kept: share of the events that stay.
        noise_rate_hz: random events of each pixel, events per second.
        filtered: lone events are left out before, as by the filter in front of a detector.
    """

    pace: float = 1.0
    scale: tuple[float, float] = (1.0, 1.0)
    offset: tuple[float, float] = (0.0, 0.0)
    mirrored: bool = False
    inverted: bool = False
    kept: float = 1.0
    noise_rate_hz: float = 0.0
    filtered: bool = False


def draw_disturbance(size: tuple[int, int], crop: tuple[int, int], draw: np.random.Generator) -> EventDisturbance:
    """For a sensor of ``size`` that is seen as ``crop``, width and height in pixels each."""
    scale = float(np.exp(draw.uniform(np.log(0.6), np.log(1.7))))
    stretch = float(np.exp(draw.uniform(-0.1, 0.1)))
    factors: Float64 = np.array([scale * stretch, scale / stretch])
    offset = (np.array(crop) - factors * size) * draw.uniform(0, 1, 2)
    return EventDisturbance(
        pace=float(np.exp(draw.uniform(np.log(0.7), np.log(1.6)))),
        scale=(float(factors[0]), float(factors[1])),
        offset=(float(offset[0]), float(offset[1])),
        mirrored=bool(draw.random() < 0.5),
        inverted=bool(draw.random() < 0.25),
        kept=float(draw.uniform(0.3, 1.0)) if draw.random() < 0.4 else 1.0,
        noise_rate_hz=float(np.exp(draw.uniform(np.log(0.05), np.log(5.0)))) if draw.random() < 0.3 else 0.0,
        filtered=bool(draw.random() < 0.6),
    )


def disturb_events(
    events: Events, duration_s: float, disturbance: EventDisturbance, crop: tuple[int, int], draw: np.random.Generator
) -> Events:
    """The events of one window as ``crop`` (width, height in pixels) sees them; times stay as recorded.

    Args:
        events: in order of time.
        duration_s: of the window as recorded, seconds.
    """
    if disturbance.kept < 1.0:
        events = events[draw.random(len(events)) < disturbance.kept]
    x, y = _moved(events, disturbance, crop, draw)
    inside = (x >= 0) & (x < crop[0]) & (y >= 0) & (y < crop[1])
    polarity = ~events.polarity if disturbance.inverted else events.polarity
    moved = Events(
        events.t_ns[inside],
        x[inside].astype(np.uint16),
        y[inside].astype(np.uint16),
        polarity[inside],
    )
    # the rate is of the time that is played
    count = draw.poisson(disturbance.noise_rate_hz * duration_s / disturbance.pace * crop[0] * crop[1])
    if not count or not len(events):
        return moved
    times = np.sort(draw.integers(events.t_ns[0], events.t_ns[-1] + 1, count))
    noise = Events(
        times,
        draw.integers(0, crop[0], count).astype(np.uint16),
        draw.integers(0, crop[1], count).astype(np.uint16),
        draw.random(count) < 0.5,
    )
    return Events.concatenate([moved, noise]).in_order()


def move_boxes(boxes: Float32, disturbance: EventDisturbance, crop: tuple[int, int]) -> Float32:
    """``(N, 4)`` xyxy where the events of these boxes are now, not cut at the border."""
    moved = boxes * np.tile(disturbance.scale, 2) + np.tile(disturbance.offset, 2)
    if disturbance.mirrored:
        moved[:, [0, 2]] = crop[0] - moved[:, [2, 0]]
    return np.asarray(moved, np.float32)


def _moved(
    events: Events, disturbance: EventDisturbance, crop: tuple[int, int], draw: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """New pixels; an event that is enlarged falls anywhere within what its pixel covers."""
    places = []
    for column, values in enumerate((events.x, events.y)):
        spread = draw.random(len(events), np.float32) if disturbance.scale[column] > 1.0 else np.float32(0.5)
        places.append((values + spread) * disturbance.scale[column] + disturbance.offset[column])
    x, y = (np.floor(place).astype(np.int64) for place in places)
    return (crop[0] - 1 - x if disturbance.mirrored else x), y
