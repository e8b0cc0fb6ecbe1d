"""Clips to learn from: some windows of one sequence as counts, and what is in the image at the end of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mobinet.events import BackgroundActivityFilter, histogram
from mobinet.events.windows import Window
from mobinet.learning.detector_losses import IGNORED, PADDING, Targets
from mobinet.learning.detector_task import cut_boxes
from mobinet.learning.event_augmentation import EventDisturbance, disturb_events, draw_disturbance, move_boxes
from mobinet.learning.event_network import BINS, CHANNELS, CLASSES, MOST_EVENTS
from mobinet.learning.event_sequences import LabelledSequence
from mobinet.types import Float32, Int64

WINDOW_NS = 50_000_000
_LEAST_VISIBILITY = 0.25
_LEAST_SPEED = 0.1  # metres per second: what is slower makes hardly any events
_FILTER_S = 0.01


@dataclass(frozen=True)
class ClipSize:
    """Of the clips that are learnt from: pixels, multiples of 32, and windows."""

    height: int = 160
    width: int = 224
    windows: int = 4
    most_before: int = 6

    def __post_init__(self) -> None:
        assert self.height % 32 == 0
        assert self.width % 32 == 0


class Clip(NamedTuple):
    """Counts ``(T, 20, H, W)`` uint8, and boxes ``(N, 4)`` and class numbers ``(N,)`` at the end of each window."""

    counts: NDArray[np.uint8]
    boxes: list[Float32]
    labels: list[Int64]


class Batch(NamedTuple):
    """``(T, B, 20, H, W)`` counts, of which the first ``before`` windows only fill the memory, and what is in the rest.

    Targets are those of ``(T - before) * B`` windows. ``settled`` is set when the network shall no longer normalise by
    the batch.
    """

    counts: Tensor
    before: int
    targets: Targets
    settled: bool = False


def random_clip(sequence: LabelledSequence, before: int, size: ClipSize, draw: np.random.Generator) -> Clip:
    """``before + size.windows`` windows from any time of the sequence, disturbed."""
    disturbance = draw_disturbance(sequence.size, (size.width, size.height), draw)
    windows = before + size.windows
    period_ns = _recorded_period_ns(sequence, windows, disturbance)
    latest = int(sequence.stamps_ns[-1]) - windows * period_ns
    start_ns = int(draw.integers(0, max(latest, 0) + 1))
    return cut_clip(sequence, start_ns, windows, (size.width, size.height), disturbance, draw)


def cut_clip(
    sequence: LabelledSequence,
    start_ns: int,
    windows: int,
    crop: tuple[int, int],
    disturbance: EventDisturbance | None = None,
    draw: np.random.Generator | None = None,
) -> Clip:
    """The windows from ``start_ns`` on, as ``crop`` (width, height) sees them.

    What counts is what is visible and has moved since the clip began, or is seen by a camera that moves: only that has
    made events. What has not is neither to be found nor background.
    """
    disturbance = disturbance or EventDisturbance()
    draw = draw or np.random.default_rng(0)
    period_ns = _recorded_period_ns(sequence, windows, disturbance)
    noise = BackgroundActivityFilter(*sequence.size, _FILTER_S) if disturbance.filtered else None
    counts = np.empty((windows, CHANNELS, crop[1], crop[0]), np.uint8)
    boxes, labels = [], []
    for number in range(windows):
        window = Window(start_ns + number * period_ns, start_ns + (number + 1) * period_ns)
        events = sequence.events(*window)
        if noise is not None:
            events = events[noise.keep(events)]
        events = disturb_events(events, period_ns / 1e9, disturbance, crop, draw)
        histogram(events, *crop, BINS, window, out=counts[number].reshape(2, BINS, crop[1], crop[0]))
        found, numbers = _objects(sequence, start_ns, window.end_ns)
        cut, numbers = cut_boxes(move_boxes(found, disturbance, crop), numbers, crop[1], crop[0])
        boxes.append(cut)
        labels.append(numbers)
    return Clip(np.minimum(counts, MOST_EVENTS, out=counts), boxes, labels)


def stack_clips(clips: Sequence[Clip], before: int, *, settled: bool = False) -> Batch:
    """Clips of equal size as one batch."""
    counts = torch.from_numpy(np.stack([clip.counts for clip in clips], axis=1))
    windows = range(before, len(clips[0].counts))
    rows = [(clip.boxes[number], clip.labels[number]) for number in windows for clip in clips]
    most = max(1, *(len(numbers) for _, numbers in rows))
    boxes = np.zeros((len(rows), most, 4), np.float32)
    labels = np.full((len(rows), most), PADDING, np.int64)
    for row, (found, numbers) in enumerate(rows):
        boxes[row, : len(found)], labels[row, : len(found)] = found, numbers
    return Batch(counts, before, Targets(torch.from_numpy(boxes), torch.from_numpy(labels)), settled)


def _recorded_period_ns(sequence: LabelledSequence, windows: int, disturbance: EventDisturbance) -> int:
    """Recorded time of one window: whole microseconds, and short enough that all windows fit."""
    longest_ns = int(sequence.stamps_ns[-1]) // windows
    return min(int(WINDOW_NS * disturbance.pace), longest_ns) // 1000 * 1000


def _objects(sequence: LabelledSequence, start_ns: int, end_ns: int) -> tuple[Float32, Int64]:
    """Boxes and class numbers at ``end_ns``; ``IGNORED`` for what is hidden or never moved, ``PADDING`` for robots."""
    boxes, visibility, indices = sequence.objects_at(end_ns)
    names = [sequence.labels[index] for index in indices]
    numbers = np.array([CLASSES.index(name) if name in CLASSES else PADDING for name in names], np.int64)
    moved = sequence.top_speeds(start_ns, end_ns)[indices] >= _LEAST_SPEED
    seen = (visibility >= _LEAST_VISIBILITY) & (moved | sequence.moving)
    return boxes, np.where((numbers >= 0) & ~seen, IGNORED, numbers)
