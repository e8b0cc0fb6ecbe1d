"""Notices that a target is hidden, waits, and takes it up again only after looking back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np

from mobinet.settings import check_settings, setting
from mobinet.targets.base import Estimate, Matcher, Response
from mobinet.targets.evidence import Evidence, judge
from mobinet.targets.history import FrameHistory, HistorySettings
from mobinet.targets.motion import FadingMotion
from mobinet.targets.proposals import overlap, peaks
from mobinet.targets.sweep import sweep
from mobinet.targets.views import ViewBank, take_view
from mobinet.types import Float64, Frame, Image, TargetState

_NS = 1e9
_LEAST_PEAK = 0.3
_SAME = 0.6
_SIZE_SHARE = 0.3


@dataclass(frozen=True)
class OcclusionSettings:
    """When a target counts as hidden, and what is asked of what may be it.

    Raises:
        SettingsError: a value is out of range.
    """

    views: int = setting(8, "sure views that are remembered beside the first", minimum=1, maximum=64)
    view_every_s: float = setting(0.5, "time after which a sure view is remembered, seconds", minimum=0.0, maximum=60.0)
    novel_likeness: float = setting(
        0.85, "likeness to the known views below which a sure view is remembered at once", minimum=-1.0, maximum=1.0
    )
    doubtful_s: float = setting(
        0.4, "views of this time before it was hidden are forgotten, seconds", minimum=0.0, maximum=60.0
    )
    enough_odds: float = setting(2.0, "log-odds of the quick measures that need no search", minimum=-20.0, maximum=50.0)
    doubt_odds: float = setting(-0.5, "mean log-odds below which the target is UNCERTAIN", minimum=-20.0, maximum=20.0)
    hidden_odds: float = setting(-3.0, "mean log-odds below which it is OCCLUDED", minimum=-20.0, maximum=20.0)
    memory: float = setting(0.5, "weight of the past in the mean log-odds", minimum=0.0, maximum=0.99)
    accept_odds: float = setting(1.0, "log-odds that a found target needs in each image", minimum=-20.0, maximum=20.0)
    candidates: int = setting(4, "places in an image that are judged while it is hidden", minimum=1, maximum=64)
    confirm_frames: int = setting(3, "images in a row in which a found target must hold", minimum=1, maximum=1000)
    probation_s: float = setting(0.4, "time that a found target stays REFOUND, seconds", minimum=0.0, maximum=60.0)
    lost_after_s: float = setting(2.0, "time out of sight after which it is LOST, seconds", minimum=0.0, maximum=3600.0)
    fade_s: float = setting(2.0, "time constant at which a hidden target's velocity fades, seconds", minimum=0.01)

    def __post_init__(self) -> None:
        check_settings(self)


class _Phase(Enum):
    FOLLOWING = 0
    HIDDEN = 1
    CHECKING = 2


@dataclass
class Diagnostics:
    """What the module did with the last image, and what it has cost.

    Args:
        evidence: for the box that was judged last.
        belief: mean log-odds that the box is the target.
        backtracks, rejected: candidates that were followed backwards, and those of them that were another object.
    """

    evidence: Evidence | None = None
    belief: float = 0.0
    backtracks: int = 0
    rejected: int = 0


class OcclusionModule:
    """See Correction.

    Args:
        matcher: the same that searches, to describe and to look back with.
        settings: thresholds.
        history: of the images; one of its own by default.
    """

    def __init__(
        self, matcher: Matcher, settings: OcclusionSettings | None = None, history: FrameHistory | None = None
    ) -> None:
        self._settings = settings or OcclusionSettings()
        self._matcher = matcher
        self._history = history or FrameHistory(HistorySettings())
        self._bank = ViewBank(matcher, self._settings.views)
        self._motion = FadingMotion(fade_s=self._settings.fade_s)
        self._phase = _Phase.FOLLOWING
        self._changed_ns = 0
        self._checked: list[float] = []
        self._turn = 0
        self._refound = False
        self.diagnostics = Diagnostics()

    def start(self, frame: Frame, box: Float64, template: Any) -> None:
        """See Correction."""
        self._history.clear()
        self._history.add(frame)
        self._bank.reset(take_view(frame.stamp_ns, frame.require_image(), box, template))
        self._motion.reset(frame.stamp_ns, box)
        self._phase, self._changed_ns, self._turn = _Phase.FOLLOWING, frame.stamp_ns, 0
        self._refound = False
        self.diagnostics = Diagnostics(belief=self._settings.enough_odds)

    def correct(self, frame: Frame, response: Response, estimate: Estimate) -> Estimate:
        """See Correction."""
        self._history.add(frame)
        if self._phase is _Phase.FOLLOWING:
            return self._follow(frame, estimate)
        if self._phase is _Phase.CHECKING:
            return self._check(frame, estimate)
        return self._look(frame, response, estimate)

    def _follow(self, frame: Frame, estimate: Estimate) -> Estimate:
        image, settings = frame.require_image(), self._settings
        evidence = self._judge(image, estimate.box)
        memory = settings.memory
        belief = memory * self.diagnostics.belief + (1 - memory) * min(evidence.odds, settings.enough_odds)
        self.diagnostics.evidence, self.diagnostics.belief = evidence, belief
        if belief < settings.hidden_odds:
            self._phase, self._changed_ns = _Phase.HIDDEN, frame.stamp_ns
            # what was seen last may have been partly hidden already
            self._bank.forget_after(frame.stamp_ns - round(settings.doubtful_s * _NS))
            return self._hidden_estimate(frame, estimate)
        if belief < settings.doubt_odds:
            return replace(estimate, state=TargetState.UNCERTAIN)
        self._motion.add(frame.stamp_ns, estimate.box)
        if self._refound and (frame.stamp_ns - self._changed_ns) < settings.probation_s * _NS:
            return replace(estimate, state=TargetState.REFOUND)
        self._refound = False
        since = frame.stamp_ns - self._bank.newest.stamp_ns
        if since >= settings.view_every_s * _NS or (evidence.likeness or 0.0) < settings.novel_likeness:
            self._bank.add(take_view(frame.stamp_ns, image, estimate.box, evidence.template))
        return replace(estimate, state=TargetState.TRACKING)

    def _look(self, frame: Frame, response: Response, estimate: Estimate) -> Estimate:
        best = self._best(frame, response)
        if best is None:
            return self._hidden_estimate(frame, estimate)
        self._phase, self._checked = _Phase.CHECKING, []
        return replace(self._hidden_estimate(frame, estimate), box=best, search_around=best)

    def _best(self, frame: Frame, response: Response) -> Float64 | None:
        """The most target-like place near the prediction or in the whole image; ``None`` if none looks like it."""
        image, count = frame.require_image(), self._settings.candidates
        predicted = self._motion.predict(frame.stamp_ns)
        near = [_resized(box, predicted) for _, box in peaks(response, _LEAST_PEAK, count)]
        views = self._bank.views()
        self._turn += 1
        far = [box for _, box in sweep(image, views[self._turn % len(views)], predicted[2:] - predicted[:2], count)]
        boxes: list[Float64] = []
        for box in (_inside(place, image) for place in near + far):
            if all(overlap(box, other) < _SAME for other in boxes):
                boxes.append(box)
        if not boxes:
            return None
        judged = [self._judge(image, box) for box in boxes]
        best = int(np.argmax([evidence.odds for evidence in judged]))
        self.diagnostics.evidence = judged[best]
        return boxes[best] if judged[best].odds >= self._settings.hidden_odds else None

    def _check(self, frame: Frame, estimate: Estimate) -> Estimate:
        image = frame.require_image()
        evidence = self._judge(image, estimate.box)
        self.diagnostics.evidence = evidence
        self._checked.append(evidence.odds)
        if evidence.odds < self._settings.accept_odds:
            self._phase = _Phase.HIDDEN
            return self._hidden_estimate(frame, estimate)
        if len(self._checked) < self._settings.confirm_frames:
            return replace(self._hidden_estimate(frame, estimate), box=estimate.box, search_around=estimate.box)
        self._phase, self._changed_ns, self._refound = _Phase.FOLLOWING, frame.stamp_ns, True
        self.diagnostics.belief = float(np.mean(self._checked))
        self._motion.reset(frame.stamp_ns, estimate.box)
        return replace(estimate, state=TargetState.REFOUND)

    def _judge(self, image: Image, box: Float64) -> Evidence:
        return judge(self._matcher, self._bank, image, _inside(box, image))

    def _hidden_estimate(self, frame: Frame, estimate: Estimate) -> Estimate:
        predicted = self._motion.predict(frame.stamp_ns)
        lost = (frame.stamp_ns - self._changed_ns) > self._settings.lost_after_s * _NS
        state = TargetState.LOST if lost else TargetState.OCCLUDED
        # once it is lost the prediction is worth nothing: the network goes where it will, and is judged there
        return Estimate(predicted, state, 0.0, search_around=estimate.box if lost else predicted)


def _resized(box: Float64, known: Float64) -> Float64:
    """A peak's box with a size nearer to the known one: a single cell's guess of the size is rough."""
    size = (1 - _SIZE_SHARE) * (known[2:] - known[:2]) + _SIZE_SHARE * (box[2:] - box[:2])
    middle = (box[:2] + box[2:]) / 2
    return np.concatenate((middle - size / 2, middle + size / 2))


def _inside(box: Float64, image: Image) -> Float64:
    """The box moved so that a part of it is in the image."""
    height, width = image.shape[:2]
    middle = (box[:2] + box[2:]) / 2
    moved: Float64 = box + np.tile(np.clip(middle, 1, (width - 1, height - 1)) - middle, 2)
    return moved
