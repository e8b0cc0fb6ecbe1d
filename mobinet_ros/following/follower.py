"""One camera and the object that it follows: from the image in which it was chosen to the reason why it ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from mobinet.targets.base import Correction
from mobinet.targets.settings import TargetSettings
from mobinet.targets.tracker import TargetTracker
from mobinet.types import Float64, Frame, Target, TargetState
from mobinet_ros.following.chooser import Chosen

SEEN = (TargetState.TRACKING, TargetState.REFOUND)
NOTHING = Target(0, TargetState.NONE, None, 0.0)


@dataclass(frozen=True)
class Order:
    """What a camera is asked to follow.

    Args:
        chosen: the box to begin with.
        goal: of the action, ``None`` for a click.
        time_limit_ns: counted in stamps; 0 for none.
        anywhere: it may be handed over to another camera.
    """

    chosen: Chosen
    goal: Any = None
    time_limit_ns: int = 0
    anywhere: bool = False


@runtime_checkable
class Advisable(Protocol):
    """A correction that can be told where the object may be."""

    def propose(self, box: Float64) -> None:
        """``box`` is ``(4,)`` xyxy pixels of the newest image."""


class Follower:
    """Follows at most one object in the images of one camera. For one thread.

    Args:
        make_tracker: gives a new tracker, which shares its network with others, and the corrections behind it.
    """

    def __init__(self, make_tracker: Callable[[], tuple[TargetTracker, Sequence[Correction]]]) -> None:
        self._make_tracker = make_tracker
        self._corrections: Sequence[Correction] = ()
        self._tracker: TargetTracker | None = None
        self._first_ns = 0
        self.last_seen_ns = 0
        self.order: Order | None = None
        self.target = NOTHING
        self.images = self.images_seen = 0
        # of the object, as soon as one of its tracks has one
        self.identity = ""

    def begin(self, order: Order, frames: Sequence[Frame]) -> None:
        """Takes up a new object; the one before is forgotten, unless this fails.

        Args:
            order: what to follow.
            frames: the image of the order, then those that came after it: the object is followed through them.

        Raises:
            InputError: the box is not in the image, or the image is gone; whatever was followed before goes on.
        """
        tracker, corrections = self._make_tracker()
        first = tracker.start(frames[0], order.chosen.box)
        self._tracker, self._corrections, self.order, self.target = tracker, corrections, order, first
        self._first_ns = self.last_seen_ns = first.stamp_ns
        self.images = self.images_seen = 1
        self.identity = order.chosen.identity
        for frame in frames[1:]:
            self.follow(frame)

    def follow(self, frame: Frame) -> bool:
        """Searches the next image; False when nothing is followed, or the image was searched already.

        Raises:
            InputError, ModelError: as the tracker.
        """
        if self._tracker is None or frame.stamp_ns <= self.target.stamp_ns:
            return False
        self.target = self._tracker.update(frame)
        self.images += 1
        if self.target.state in SEEN:
            self.images_seen += 1
            self.last_seen_ns = frame.stamp_ns
        return True

    def propose(self, box: Float64) -> None:
        """Where somebody else sees the object: corrections that look for it verify the box before they believe it."""
        for correction in self._corrections:
            if isinstance(correction, Advisable):
                correction.propose(box)

    def configure(self, settings: TargetSettings) -> None:
        """Takes over changed live settings."""
        if self._tracker is not None:
            self._tracker.configure(settings)

    def end(self) -> Order | None:
        """Forgets the object; returns the order that is over."""
        order, self.order, self._tracker = self.order, None, None
        self.identity = ""
        return order

    @property
    def followed_ns(self) -> int:
        """From the first to the last image that was searched."""
        return self.target.stamp_ns - self._first_ns

    @property
    def unseen_ns(self) -> int:
        """Since the object was seen for the last time."""
        return self.target.stamp_ns - self.last_seen_ns

    @property
    def is_over_time(self) -> bool:
        return self.order is not None and 0 < self.order.time_limit_ns <= self.followed_ns
