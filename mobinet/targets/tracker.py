"""Follows one object: search where it was, let the corrections judge, remember."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mobinet.errors import InputError
from mobinet.targets.base import Correction, Estimate, Matcher, Response
from mobinet.targets.crops import checked_box
from mobinet.targets.settings import TargetSettings
from mobinet.types import Float64, Frame, Image, Target, TargetState

_NOTHING = (TargetState.NONE, TargetState.LOST)


class TargetTracker:
    """One target of one camera at a time.

    An image that changes its size on the way is followed on in pixels of the new one, if the target's place is in it.

    Args:
        matcher: finds the target in an image.
        corrections: modules behind the matcher, in the order in which they judge; none for the network alone.
        settings: what counts as uncertain, and the least size.
    """

    def __init__(
        self, matcher: Matcher, corrections: Sequence[Correction] = (), settings: TargetSettings | None = None
    ) -> None:
        self._matcher = matcher
        self._corrections = tuple(corrections)
        self._settings = settings or TargetSettings()
        self._camera = ""
        self._stamp_ns = 0
        self._template: Any = None
        self._estimate: Estimate | None = None
        self.response: Response | None = None

    def configure(self, settings: TargetSettings) -> None:
        """Settings from the next image on; those of the network belong to the matcher and stay."""
        self._settings = settings

    def start(self, frame: Frame, box: Sequence[float] | Float64) -> Target:
        """Chooses a target; one that was followed before is forgotten.

        Args:
            frame: where it is seen.
            box: ``(4,)`` xyxy pixels; what of it lies beyond the image is cut off.

        Raises:
            InputError: a malformed image or box, or less than ``smallest_px`` of the box inside the image.
        """
        image = frame.require_image()
        inside = checked_box(box, image, self._settings.smallest_px)
        template = self._matcher.describe(image, inside)
        for correction in self._corrections:
            correction.start(frame, inside, template)
        self._camera, self._stamp_ns, self._template, self.response = frame.camera, frame.stamp_ns, template, None
        self._estimate = Estimate(inside, TargetState.TRACKING, 1.0, search_around=inside)
        return Target(frame.stamp_ns, TargetState.TRACKING, inside.copy(), 1.0)

    def update(self, frame: Frame) -> Target:
        """Where the target is in the next image; state NONE while there is no target.

        Raises:
            InputError: a malformed image, one of another camera, or a stamp that is not after the last one.
            ModelError: the network fails.
        """
        image = frame.require_image()
        if self._estimate is None:
            return Target(frame.stamp_ns, TargetState.NONE, None, 0.0)
        self._check_order(frame)
        around, widen = _reachable(self._estimate.search_around, image), self._estimate.widen
        response = self._matcher.search(image, self._template, around, widen)
        certain = response.score >= self._settings.uncertain_score
        state = TargetState.TRACKING if certain else TargetState.UNCERTAIN
        estimate = Estimate(response.box, state, response.score, search_around=response.box)
        for correction in self._corrections:
            estimate = correction.correct(frame, response, estimate)
        self._stamp_ns, self._estimate, self.response = frame.stamp_ns, estimate, response
        box = None if estimate.state in _NOTHING else estimate.box.copy()
        return Target(frame.stamp_ns, estimate.state, box, estimate.confidence)

    def stop(self) -> None:
        """Forgets the target."""
        self._template = self._estimate = self.response = None

    def _check_order(self, frame: Frame) -> None:
        if frame.camera != self._camera:
            raise InputError(
                f"the target was chosen in camera '{self._camera}', got an image of '{frame.camera}': a tracker "
                "follows in one camera; start it again with a box in the other"
            )
        if frame.stamp_ns <= self._stamp_ns:
            raise InputError(
                f"camera '{frame.camera}': expected a stamp after {self._stamp_ns} ns, got {frame.stamp_ns} ns; give "
                "each image once and in order, or start again after a jump of the clock"
            )


def _reachable(box: Float64, image: Image) -> Float64:
    """The box, moved so that its middle is in the image: a prediction may leave it, or the image have shrunk."""
    height, width = image.shape[:2]
    centre = (box[:2] + box[2:]) / 2
    moved: Float64 = box + np.tile(np.clip(centre, 0, (width, height)) - centre, 2)
    return moved
