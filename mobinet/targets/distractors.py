"""Keeps a target apart from what looks like it and is near it.

Every other peak of the score map becomes a short track of its own. When the network's choice lands on such a rival, or
leaps away from where the target was going while another peak is there, both are followed backwards, and the one whose
path ends on the target is kept.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mobinet.settings import check_settings, setting
from mobinet.targets.backtracking import look_back
from mobinet.targets.base import Estimate, Matcher, Response
from mobinet.targets.candidates import inside
from mobinet.targets.history import FrameHistory
from mobinet.targets.motion import FadingMotion
from mobinet.targets.proposals import overlap, peaks
from mobinet.types import Float64, Frame

_NS = 1e9
_SAME = 0.3


@dataclass(frozen=True)
class DistractorSettings:
    """When two objects compete, and how they are told apart.

    Raises:
        SettingsError: a value is out of range.
    """

    least_peak: float = setting(0.3, "share of the best score from which a peak is a rival", minimum=0.0, maximum=1.0)
    most_rivals: int = setting(6, "rivals that are followed at once", minimum=1, maximum=100)
    known_images: int = setting(3, "images after which a rival is remembered", minimum=1, maximum=1000)
    remember_s: float = setting(1.0, "time that an unseen rival is remembered, seconds", minimum=0.0, maximum=60.0)
    rival_steps: int = setting(8, "most searches back along each of two paths", minimum=1, maximum=1000)
    rival_advantage: float = setting(
        0.2, "mean overlap (IoU) by which another path must end nearer to the target", minimum=0.0, maximum=1.0
    )
    every_images: int = setting(3, "images from one look back to the next at least", minimum=1, maximum=1000)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass
class Rival:
    """Another object that the network takes for the target.

    Args:
        motion: where it was and will be.
        images: in how many it was seen.
    """

    motion: FadingMotion
    images: int = 1


@dataclass
class DistractorDiagnostics:
    """What the module did since the start.

    Args:
        rivals: that are followed now.
        looks_back: pairs of paths that were compared.
        corrected: choices that were changed.
    """

    rivals: list[Rival] = field(default_factory=list)
    looks_back: int = 0
    corrected: int = 0


class DistractorModule:
    """See Correction.

    Args:
        matcher: the same that searches, to look back with.
        settings: thresholds.
        history: of the images; one of its own by default.
    """

    def __init__(
        self, matcher: Matcher, settings: DistractorSettings | None = None, history: FrameHistory | None = None
    ) -> None:
        self._settings = settings or DistractorSettings()
        self._matcher = matcher
        self._history = history if history is not None else FrameHistory()
        self._motion = FadingMotion(window_s=0.4)
        self._path: deque[tuple[int, Float64]] = deque(maxlen=4 * self._settings.rival_steps)
        self._rest = 0
        self.diagnostics = DistractorDiagnostics()

    def start(self, frame: Frame, box: Float64, template: Any) -> None:  # noqa: ARG002  (of the interface)
        """See Correction."""
        self._history.clear()
        self._history.add(frame)
        self._begin(frame.stamp_ns, box)
        self.diagnostics = DistractorDiagnostics()

    def correct(self, frame: Frame, response: Response, estimate: Estimate) -> Estimate:
        """See Correction."""
        self._history.add(frame)
        self._rest = max(0, self._rest - 1)
        if self._was_led_elsewhere(response):
            self._begin(frame.stamp_ns, estimate.box)
            return estimate
        found = peaks(response, self._settings.least_peak * float(response.score_map.max()), 8, _SAME)
        chosen = self._choose(frame, estimate.box, [box for _, box in found])
        self._follow_rivals(frame.stamp_ns, chosen, [box for _, box in found])
        self._motion.add(frame.stamp_ns, chosen)
        self._path.append((frame.stamp_ns, chosen))
        if chosen is estimate.box:
            return estimate
        return replace(estimate, box=chosen, search_around=chosen)

    def _begin(self, stamp_ns: int, box: Float64) -> None:
        self._motion.reset(stamp_ns, box)
        self._path.clear()
        self._path.append((stamp_ns, box))
        self.diagnostics.rivals = []

    def _was_led_elsewhere(self, response: Response) -> bool:
        """Whether another module had the network search elsewhere than where this one left the target."""
        last = self._motion.last_box
        off = (response.region[:2] + response.region[2:]) / 2 - (last[:2] + last[2:]) / 2
        return bool((np.abs(off) > 0.25 * (last[2:] - last[:2]) + 1).any())

    def _choose(self, frame: Frame, box: Float64, found: list[Float64]) -> Float64:
        """The network's box, or the peak whose past is that of the target."""
        expected = self._motion.predict(frame.stamp_ns)
        others = [other for other in found if overlap(other, box) < _SAME and overlap(other, expected) >= _SAME]
        on_rival = any(
            rival.images >= self._settings.known_images and overlap(rival.motion.predict(frame.stamp_ns), box) > _SAME
            for rival in self.diagnostics.rivals
        )
        leapt = overlap(box, expected) < _SAME
        if not others or not (on_rival or leapt) or self._rest:
            return box
        self._rest = self._settings.every_images
        self.diagnostics.looks_back += 1
        size = expected[2:] - expected[:2]
        middle = (others[0][:2] + others[0][2:]) / 2
        other = inside(np.concatenate((middle - size / 2, middle + size / 2)), frame.require_image())
        if self._past(frame, other) < self._past(frame, box) + self._settings.rival_advantage:
            return box
        self.diagnostics.corrected += 1
        return other

    def _past(self, frame: Frame, box: Float64) -> float:
        """Mean overlap of the path back from a box with the first half of the way that the target has come."""
        sure = list(self._path)[: max(1, len(self._path) // 2)]
        steps = self._settings.rival_steps
        image = frame.require_image()
        return look_back(
            self._matcher, self._history, image, frame.stamp_ns, inside(box, image), sure, max_steps=steps
        ).overlap

    def _follow_rivals(self, stamp_ns: int, target: Float64, found: list[Float64]) -> None:
        """Each rival takes the peak that is nearest to where it should be; what is left over are new ones."""
        free = [box for box in found if overlap(box, target) < _SAME]
        rivals = self.diagnostics.rivals
        for rival in rivals:
            expected = rival.motion.predict(stamp_ns)
            best = max(range(len(free)), key=lambda index: overlap(free[index], expected), default=None)
            if best is not None and overlap(free[best], expected) >= _SAME:
                rival.motion.add(stamp_ns, free.pop(best))
                rival.images += 1
        oldest_ns = stamp_ns - self._settings.remember_s * _NS
        kept = [rival for rival in rivals if rival.motion.last_ns >= oldest_ns]
        for box in free[: max(0, self._settings.most_rivals - len(kept))]:
            motion = FadingMotion(window_s=0.4)
            motion.reset(stamp_ns, box)
            kept.append(Rival(motion))
        self.diagnostics.rivals = kept
