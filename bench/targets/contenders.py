"""The trackers that are compared: OpenCV's, and ours with and without its modules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from peers import target_trackers
from targets.runs import NO_BOX, Follower, Said

from mobinet.types import Float64, Frame, TargetState


class Peer:
    """A tracker of OpenCV. It has no state: TRACKING while it gives a box, LOST while it says that it found none."""

    def __init__(self, tracker: target_trackers.OpenCvTracker | target_trackers.RemoteTracker) -> None:
        self._tracker = tracker

    def start(self, frame: Frame, box: Float64) -> None:
        left, top, right, bottom = (round(float(value)) for value in box)
        self._tracker.start(frame.image, (left, top, max(right - left, 1), max(bottom - top, 1)))

    def update(self, frame: Frame) -> Said:
        found, cpu_s = self._tracker.update(frame.image)
        if found is None:
            return Said(NO_BOX, TargetState.LOST, NO_BOX, cpu_s)
        box = np.array([found[0], found[1], found[0] + found[2], found[1] + found[3]])
        return Said(box, TargetState.TRACKING, box, cpu_s)


@contextmanager
def peers(python: str, networks: Path) -> Iterator[dict[str, Follower]]:
    """TrackerNano, and CSRT and KCF if there is a Python for them."""
    with ExitStack() as stack:
        found: dict[str, Follower] = {"TrackerNano": Peer(target_trackers.nano(networks))}
        other = stack.enter_context(target_trackers.interpreter(python))
        if other is not None:
            for name in target_trackers.CONTRIB:
                found[name] = Peer(stack.enter_context(target_trackers.RemoteTracker(other, name)))
        yield found
