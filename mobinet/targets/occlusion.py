"""Notices that a target is hidden, waits, and takes it up again only after looking back.

While the evidence for the network's box is good, nothing is changed and views are learnt. In doubt, the network goes
on undisturbed, but nothing is learnt, and it is looked whether the target is somewhere else. Without hope, the target
is OCCLUDED: its size and views are frozen and its place is predicted. What looks like it, anywhere in the image, is
followed for some images, then backwards (see backtracking), and only then believed. Meanwhile the network's own path is
given instead of the prediction as long as it may be the target's (see plain); after long it is believed without looks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mobinet.errors import InputError
from mobinet.targets.background import Background
from mobinet.targets.backtracking import Past, Verdict, look_back
from mobinet.targets.base import Estimate, Matcher, Response
from mobinet.targets.candidates import Candidate, inside, propose
from mobinet.targets.evidence import Evidence, judge
from mobinet.targets.history import FrameHistory
from mobinet.targets.motion import FadingMotion
from mobinet.targets.occlusion_settings import OcclusionSettings
from mobinet.targets.plain import PlainPath
from mobinet.targets.proposals import overlap
from mobinet.targets.redetection import Proposer
from mobinet.targets.views import ViewBank, take_view
from mobinet.types import Float64, Frame, Image, TargetState

_NS = 1e9
_BELIEF_LIMIT = 2.0
_SAME = 0.3
_NEAR_ODDS = 3.0
_REFUSED_S, _MOST_REFUSED, _MOST_OUTSIDE = 1.0, 4, 8
_USUAL_ODDS, _FIRST_ODDS = 2.5, -0.5
_FIRST_IMAGES, _MEMORY_IMAGES = 8, 50
_BACKGROUND_ODDS = -10.0
_LONG_S = 2.0


@dataclass
class Diagnostics:
    """What the module did with the last image.

    Args:
        evidence: for the network's box.
        is_background: whether that box shows what was there before the target.
        belief: mean log-odds that it is the target.
        candidate: the place that is followed up.
        verdict: of the last look back.
        looks_back, others: how many there were since the start, and how many of them found another object.
    """

    evidence: Evidence | None = None
    is_background: bool = False
    belief: float = _BELIEF_LIMIT
    candidate: Candidate | None = None
    verdict: Verdict | None = None
    looks_back: int = 0
    others: int = 0


class OcclusionModule:
    """See Correction.

    Args:
        matcher: the same that searches, to describe and to look back with.
        settings: thresholds.
        history: of the images; one of its own by default.
        proposer: where else to look for a target that is LOST.
    """

    def __init__(
        self,
        matcher: Matcher,
        settings: OcclusionSettings | None = None,
        history: FrameHistory | None = None,
        proposer: Proposer | None = None,
    ) -> None:
        self._settings = settings or OcclusionSettings()
        self._matcher = matcher
        self._history = history if history is not None else FrameHistory()
        self._bank = ViewBank(matcher, self._settings.views)
        self._motion = FadingMotion(fade_s=self._settings.fade_s)
        self._background = Background(self._history)
        self._proposer = proposer
        self._template: Any = None
        self._forget()

    def _forget(self) -> None:
        """No target has been followed yet."""
        self._plain: PlainPath | None = None
        self._rest = 0
        self._outside: deque[Float64] = deque(maxlen=_MOST_OUTSIDE)
        self._hidden_ns: int | None = None
        self._refound_ns: int | None = None
        self._unproven = False
        self._turn = 0
        self._refused: deque[tuple[Float64, int]] = deque(maxlen=_MOST_REFUSED)
        # a small target at a low rate looks less like itself, and at first no target is known from all sides: what
        # counts is how far the evidence falls below what is usual
        self._usual, self._n_sure = _FIRST_ODDS, 0
        self.diagnostics = Diagnostics()

    @property
    def n_bytes(self) -> int:
        """Memory of the images and views that are kept."""
        return self._history.n_bytes + self._bank.n_bytes + self._background.n_bytes

    def start(self, frame: Frame, box: Float64, template: Any) -> None:
        """See Correction."""
        self._history.clear()
        self._history.add(frame)
        self._template = template
        self._bank.reset(take_view(frame.stamp_ns, frame.require_image(), box, template))
        self._motion.reset(frame.stamp_ns, box)
        self._background.reset(frame.stamp_ns, box)
        self._forget()
        if self._proposer is not None:
            self._proposer.start(frame, box)

    def propose(self, box: Float64) -> None:
        """A place in the next image, from outside: another camera, a person. It is examined as any other, if in doubt.

        Args:
            box: ``(4,)`` xyxy pixels.

        Raises:
            InputError: not four finite numbers with x1 < x2 and y1 < y2.
        """
        place = np.asarray(box, np.float64)
        if place.shape != (4,) or not np.isfinite(place).all() or (place[2:] <= place[:2]).any():
            raise InputError(f"proposal: expected a box of four finite numbers x1 < x2 and y1 < y2, got {box!r}")
        self._outside.append(place)

    def correct(self, frame: Frame, response: Response, estimate: Estimate) -> Estimate:
        """See Correction."""
        self._history.add(frame)
        self._turn += 1
        self._rest = max(0, self._rest - 1)
        state = self._judge_box(frame, estimate)
        if state is TargetState.TRACKING and self._is_proven(frame, estimate.box):
            return self._sure(frame, estimate)
        found = self._found_elsewhere(frame, response)
        if found is not None:
            return self._take_up(frame, found, estimate)
        if state is TargetState.OCCLUDED:
            return self._wait(frame, response, estimate)
        return replace(estimate, state=TargetState.UNCERTAIN, confidence=self._confidence())

    def _is_proven(self, frame: Frame, box: Float64) -> bool:
        """Whether the network's box, once the target was hidden, has been followed back as any other place."""
        now = self.diagnostics
        if not self._unproven:
            return True
        if now.belief < self._settings.accept_odds or self._rest:
            return False
        now.verdict = self._look_back(frame, box)
        if now.verdict.past is Past.ANOTHER:
            now.belief = self._settings.doubt_odds
            return False
        self._unproven, self._refound_ns = False, frame.stamp_ns
        self._motion.reset(frame.stamp_ns, box)
        return True

    def _judge_box(self, frame: Frame, estimate: Estimate) -> TargetState:
        """TRACKING, UNCERTAIN or OCCLUDED, by the evidence for the network's box."""
        image, settings, now = frame.require_image(), self._settings, self.diagnostics
        now.evidence = judge(self._matcher, self._bank, image, inside(estimate.box, image))
        odds = min(now.evidence.odds - min(self._usual - _USUAL_ODDS, 0.0), _BELIEF_LIMIT)
        now.is_background = self._background.shows(image, estimate.box)
        if now.is_background:
            odds = _BACKGROUND_ODDS
        now.belief = settings.memory * now.belief + (1 - settings.memory) * odds
        if self._hidden_ns is not None:
            if now.belief < settings.resume_odds:
                return TargetState.OCCLUDED
            self._hidden_ns, self._unproven = None, True
        elif now.belief >= settings.doubt_odds:
            return TargetState.TRACKING
        return TargetState.UNCERTAIN if now.belief >= settings.hidden_odds else TargetState.OCCLUDED

    def _sure(self, frame: Frame, estimate: Estimate) -> Estimate:
        """Learns from an image that shows the target."""
        settings, evidence = self._settings, self.diagnostics.evidence
        assert evidence is not None
        self.diagnostics.candidate = None
        self._outside.clear()
        self._plain = None
        self._motion.add(frame.stamp_ns, estimate.box)
        self._background.add(frame.stamp_ns, estimate.box)
        self._n_sure += 1
        self._usual += (evidence.odds - self._usual) / min(self._n_sure + _FIRST_IMAGES, _MEMORY_IMAGES)
        since_s = (frame.stamp_ns - self._bank.newest.stamp_ns) / _NS
        novel = since_s >= settings.view_every_s or (evidence.likeness or 0.0) < settings.novel_likeness
        if novel and evidence.odds >= min(self._usual - _USUAL_ODDS, 0.0):
            self._bank.add(take_view(frame.stamp_ns, frame.require_image(), estimate.box, evidence.template))
        state = TargetState.TRACKING
        if self._refound_ns is not None and frame.stamp_ns - self._refound_ns < settings.probation_s * _NS:
            state = TargetState.REFOUND
        return replace(estimate, state=state, confidence=self._confidence())

    def _found_elsewhere(self, frame: Frame, response: Response) -> Candidate | None:
        """A candidate that has passed everything, or ``None`` as long as there is none."""
        image, settings, now = frame.require_image(), self._settings, self.diagnostics
        if now.candidate is None:
            expected, outside = self._motion.predict(frame.stamp_ns), self._from_outside(frame)
            refused = [box for box, until_ns in self._refused if frame.stamp_ns < until_ns]
            near = self._seen_near(image, response, expected)
            best = propose(
                self._matcher, self._bank, image, near, expected, settings.candidates, self._turn, refused, outside
            )
            if best is not None and self._background.shows(image, best[0]):
                self._refuse(frame, best[0])
            elif best is not None and best[1].odds >= max(settings.promising_odds, self._rival_odds()):
                now.candidate = Candidate(best[0])
            return None
        now.candidate.follow(self._matcher, self._bank, image, self._template)
        odds = now.candidate.odds
        if odds[-1] < max(settings.promising_odds, self._rival_odds()):
            now.candidate = None
            return None
        if self._background.shows(image, now.candidate.box):
            self._refuse(frame, now.candidate.box)
            now.candidate = None
            return None
        if len(odds) < settings.confirm_frames or (now.candidate.verdict is None and self._rest):
            return None
        verdict = now.candidate.verdict or self._look_back(frame, now.candidate.box)
        now.candidate.verdict = now.verdict = verdict
        if verdict.past is Past.ANOTHER or len(odds) > settings.patience:
            self._refuse(frame, now.candidate.box)
            now.candidate = None
            return None
        mean = float(np.mean(odds[-settings.confirm_frames :])) + self._nearness(frame, now.candidate.box)
        # what has looked like it for long need not look so much like it
        waited = (len(odds) - settings.confirm_frames) / max(settings.patience - settings.confirm_frames, 1)
        if verdict.past is not Past.MEETS and mean < settings.accept_odds * (1 - min(waited, 1.0)):
            return None
        candidate, now.candidate = now.candidate, None
        return candidate

    def _refuse(self, frame: Frame, box: Float64) -> None:
        self._refused.append((box, frame.stamp_ns + round(_REFUSED_S * _NS)))

    def _seen_near(self, image: Image, response: Response, expected: Float64) -> Response:
        """What the network sees where the target is expected, if it is led elsewhere; every second image."""
        if self._hidden_ns is None or self._turn % 2 == 0:
            return response
        middle, sides = (response.region[:2] + response.region[2:]) / 2, expected[2:] - expected[:2]
        if (np.abs(middle - (expected[:2] + expected[2:]) / 2) < sides / 2).all():
            return response
        return self._matcher.search(image, self._template, inside(expected, image))

    def _from_outside(self, frame: Frame) -> list[Float64]:
        places = list(self._outside)
        self._outside.clear()
        is_lost = self._hidden_ns is not None and self._is_lost(frame, self._hidden_ns)
        if self._proposer is not None and is_lost:
            places += list(self._proposer.propose(frame))
        return places

    def _is_lost(self, frame: Frame, hidden_ns: int) -> bool:
        return frame.stamp_ns - hidden_ns > self._settings.lost_after_s * _NS

    def _nearness(self, frame: Frame, box: Float64) -> float:
        """What it adds to the log-odds of a place that it is where the target is expected; less as time goes by."""
        if self._hidden_ns is None:
            return 0.0
        expected = self._motion.predict(frame.stamp_ns)
        size = float(np.sqrt((expected[2:] - expected[:2]).prod()))
        sizes_off = float(np.linalg.norm(box[:2] + box[2:] - expected[:2] - expected[2:])) / 2 / size
        hidden_s = (frame.stamp_ns - self._motion.last_ns) / _NS
        return _NEAR_ODDS * float(np.exp(-0.5 * sizes_off**2 - hidden_s / self._settings.lost_after_s))

    def _rival_odds(self) -> float:
        """What a place has to beat while the network's own box is still followed."""
        if self._hidden_ns is not None and not (self._plain and self._plain.alive):
            return -np.inf
        return self.diagnostics.belief + self._settings.advantage

    def _look_back(self, frame: Frame, box: Float64, sure: Sequence[tuple[int, Float64]] | None = None) -> Verdict:
        self._rest = self._settings.look_back_every
        verdict = look_back(
            self._matcher,
            self._history,
            frame.require_image(),
            frame.stamp_ns,
            box,
            self._motion.places if sure is None else sure,
            max_steps=self._settings.backtrack_steps,
        )
        self.diagnostics.looks_back += 1
        self.diagnostics.others += verdict.past is Past.ANOTHER
        return verdict

    def _take_up(self, frame: Frame, found: Candidate, estimate: Estimate) -> Estimate:
        """The target is where the candidate is."""
        was_there = self._hidden_ns is None and not self._unproven and overlap(found.box, estimate.box) > _SAME
        self._hidden_ns, self._refound_ns, self._unproven = None, frame.stamp_ns, False
        self.diagnostics.belief = min(float(np.mean(found.odds)), _BELIEF_LIMIT)
        self._motion.reset(frame.stamp_ns, found.box)
        state = TargetState.TRACKING if was_there else TargetState.REFOUND
        return Estimate(found.box, state, self._confidence(), search_around=found.box)

    def _wait(self, frame: Frame, response: Response, estimate: Estimate) -> Estimate:
        """The network's own path while it may be the target's, else the prediction of a hidden target."""
        if self._hidden_ns is None:
            self._hidden_ns = frame.stamp_ns
            # what was seen last may have been partly hidden already
            self._bank.forget_after(frame.stamp_ns - round(self._settings.trusted_s * _NS))
        if self._plain is None:
            self._plain = PlainPath(
                self._settings.plain_score, estimate.box, self._motion.last_box, self.diagnostics.belief
            )
        self._plain.follow(response, self.diagnostics.belief, self.diagnostics.is_background)
        if self._is_held(frame, self._plain):
            return self._trust_plain(frame, estimate)
        if self._plain.alive:
            return replace(estimate, state=TargetState.OCCLUDED, confidence=self._confidence())
        predicted = self._motion.predict(frame.stamp_ns)
        lost = self._is_lost(frame, self._hidden_ns)
        state = TargetState.LOST if lost else TargetState.OCCLUDED
        # once it is lost the prediction is worth nothing: the network goes where it will
        return Estimate(predicted, state, 0.0, search_around=estimate.box if lost else predicted)

    def _is_held(self, frame: Frame, plain: PlainPath) -> bool:
        """Whether the network's own path has gone on for so long, and from the target, that it is the target's."""
        settings = self._settings
        revived = not plain.alive and plain.held >= settings.plain_images
        checked = plain.alive and plain.held == settings.plain_images
        # the less it looks like the target, the longer
        unlike = max(0.0, settings.promising_odds - plain.odds)
        held = plain.alive and plain.held >= settings.resume_images * (1 + unlike) and not self._rest
        if not (revived or checked or held):
            return False
        since_ns = self._background.sure[-1][0] - round(_LONG_S * _NS)
        sure = [place for place in self._background.sure if place[0] >= since_ns]
        self.diagnostics.verdict = self._look_back(frame, plain.last, sure)
        if self.diagnostics.verdict.past is Past.ANOTHER:
            plain.refute()
            return False
        plain.alive = True
        return held

    def _trust_plain(self, frame: Frame, estimate: Estimate) -> Estimate:
        """The target looks otherwise than it did: this is how."""
        evidence, stamp_ns = self.diagnostics.evidence, frame.stamp_ns
        assert evidence is not None
        known_ns = stamp_ns - round(self._settings.trusted_s * _NS)
        self._bank.add(take_view(known_ns, frame.require_image(), estimate.box, evidence.template))
        self._motion.reset(stamp_ns, estimate.box)
        self._background.add(stamp_ns, estimate.box)
        self._hidden_ns = self._plain = self.diagnostics.candidate = None
        self._unproven = False
        self.diagnostics.belief = 0.0
        return replace(estimate, state=TargetState.UNCERTAIN, confidence=self._confidence())

    def _confidence(self) -> float:
        return float(1 / (1 + np.exp(-self.diagnostics.belief)))
