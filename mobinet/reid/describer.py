"""Which tracks are described when: the best views first, within a time budget, smoothed over a track's life."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from mobinet.reid.embedder import Embedder, crops_of
from mobinet.reid.views import ViewScale, view_quality
from mobinet.settings import check_settings, setting
from mobinet.types import Appearance, Float32, Float64, Frame, Image, Track, TrackState


@dataclass(frozen=True)
class DescriberSettings:
    """Settings of the choice of views."""

    budget_ms: float = setting(
        20.0, "time for the embedder in one image, milliseconds; at least one view is taken; 0 sets no limit, so that "
        "what is described never depends on the machine's load", minimum=0.0, maximum=10_000.0, live=True,
    )  # fmt: skip
    max_per_image: int = setting(8, "most tracks described in one image", minimum=1, maximum=1000, live=True)
    refresh_s: float = setting(
        0.5, "a track is described again after so many seconds, or sooner on a better view", minimum=0.0,
        maximum=3600.0, live=True,
    )  # fmt: skip
    min_quality: float = setting(0.2, "poorer views are never used, 0..1", minimum=0.0, maximum=1.0, live=True)
    good_area_px: float = setting(
        8000.0, "area of a box in square pixels from which more adds nothing", minimum=1.0, maximum=1e7, live=True
    )
    border_px: float = setting(
        2.0, "a box so near to the image's border counts as cut, pixels", minimum=0.0, maximum=1000.0, live=True
    )
    memory: float = setting(
        8.0, "how many perfect views the running mean remembers", minimum=1.0, maximum=1e6, live=True
    )
    max_tracks: int = setting(1000, "most tracks remembered; the longest unseen goes first", minimum=1, maximum=10**6)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass
class _Memory:
    """What is known of one track: the weighted sum of its views."""

    mean: Float64
    weight: float = 0.0
    quality: float = 0.0
    best: float = 0.0
    stamp_ns: int = 0
    # the last crops, for embedders of clips alone
    crops: list[Image] = field(default_factory=list)


@dataclass(order=True)
class View:
    """A candidate, ordered by urgency."""

    urgency: float
    track_id: int = field(compare=False)
    box: Float32 = field(compare=False)
    quality: float = field(compare=False)


@dataclass(frozen=True)
class Plan:
    """The views of one image that shall be described, the most urgent first, and what is in their boxes."""

    describer: TrackDescriber
    frame: Frame
    views: list[View]
    crops: list[Image]


class TrackDescriber:
    """Describes the tracks of one camera; make one for each camera, they may share the embedder.

    Args:
        embedder: what makes the vectors.
        settings: choice of views.
        clock: nanoseconds, for the budget.
    """

    def __init__(
        self,
        embedder: Embedder,
        settings: DescriberSettings | None = None,
        clock: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self.embedder = embedder
        self.settings = settings if settings is not None else DescriberSettings()
        self.clock = clock
        self.ms_per_view = 0.0
        self._memories: dict[int, _Memory] = {}

    def describe(self, frame: Frame, tracks: Sequence[Track]) -> list[Appearance]:
        """The tracks described in this image, with their means over all views so far, best view first.

        Only confirmed tracks that were matched in this image are looked at; the others' boxes count as neighbours that
        hide. Views not taken for lack of time are more urgent in the next image.

        Raises:
            InputError: a frame without image or with a malformed one.
            ModelError: the embedder failed.
        """
        return describe_together([self.plan(frame, tracks)])[0]

    def plan(self, frame: Frame, tracks: Sequence[Track]) -> Plan:
        """Which views of an image shall be described, the most urgent first; raises InputError as ``describe``."""
        image = frame.require_image()
        if not tracks:
            return Plan(self, frame, [], [])
        boxes = np.stack([track.box for track in tracks])
        scale = ViewScale(self.settings.good_area_px, self.settings.border_px)
        qualities = view_quality(boxes, (image.shape[1], image.shape[0]), scale)
        views = self._choose(tracks, qualities, frame.stamp_ns)
        boxes = np.array([view.box for view in views], np.float32).reshape(-1, 4)
        return Plan(self, frame, views, crops_of(frame, boxes))

    def clip(self, track_id: int, crop: Image) -> list[Image]:
        """The last crops of a track and this one, as many as the embedder makes use of."""
        memory = self._memories.get(track_id)
        before = [] if memory is None else memory.crops
        return [*before, crop][-self.embedder.clip_length :]

    def latest(self, track_ids: Iterable[int]) -> list[Appearance]:
        """What is known of tracks, whenever it was learnt; tracks never described are left out."""
        known = ((track_id, self._memories.get(track_id)) for track_id in track_ids)
        return [_appearance(track_id, memory) for track_id, memory in known if memory is not None]

    def forget(self, track_ids: Iterable[int]) -> None:
        """Drops tracks that are no longer alive; unknown ids are ignored."""
        for track_id in track_ids:
            self._memories.pop(track_id, None)

    def reset(self) -> None:
        """Forgets all tracks; for a clock that jumped back or a tracker that restarted."""
        self._memories.clear()

    def _choose(self, tracks: Sequence[Track], qualities: Float64, stamp_ns: int) -> list[View]:
        views: list[View] = []
        for row, track in enumerate(tracks):
            quality = float(qualities[row])
            seen = track.state is TrackState.CONFIRMED and track.detection_index >= 0
            if not seen or quality < max(self.settings.min_quality, 1e-6):
                continue
            memory = self._memories.get(track.track_id)
            if memory is None:
                views.append(View(1 + quality, track.track_id, track.box, quality))
                continue
            waited = (stamp_ns - memory.stamp_ns) / 1e9
            if waited < 0 or waited >= self.settings.refresh_s or quality > 1.25 * memory.best:
                # a long wait makes up for a poorer view, so that no track waits for ever
                share = 1.0 if waited < 0 else waited / max(self.settings.refresh_s, 0.1)
                views.append(View(quality * share / (1 + share), track.track_id, track.box, quality))
        return sorted(views, reverse=True)[: self.settings.max_per_image]

    def remember(self, view: View, vector: Float32, stamp_ns: int, crops: list[Image]) -> Appearance:
        """Weighted running mean; the weight of the past is limited, so that the mean follows a slow change."""
        track_id, quality = view.track_id, view.quality
        memory = self._memories.pop(track_id, None) or _Memory(np.zeros(len(vector)))
        past = min(memory.weight, self.settings.memory - quality)
        memory.mean = (past * memory.mean + quality * vector) / (past + quality)
        memory.quality = (past * memory.quality + quality * quality) / (past + quality)
        memory.weight = past + quality
        memory.best = max(memory.best, quality)
        memory.stamp_ns = stamp_ns
        memory.crops = crops
        self._memories[track_id] = memory  # at the end: the order is that of the last description
        while len(self._memories) > self.settings.max_tracks:
            del self._memories[next(iter(self._memories))]
        return _appearance(track_id, memory)


@dataclass(frozen=True)
class _Waiting:
    view: View
    crop: Image
    plan: int


def describe_together(plans: Sequence[Plan]) -> list[list[Appearance]]:
    """Describes the views of images of several cameras, in common batches, the most urgent of all first.

    Args:
        plans: of describers that share their embedder; each adds its budget to what all may take together.

    Returns:
        For each plan the tracks described, in the order of urgency.

    Raises:
        ModelError: the embedder failed.
    """
    waiting = [
        _Waiting(view, crop, index)
        for index, plan in enumerate(plans)
        for view, crop in zip(plan.views, plan.crops, strict=True)
    ]
    waiting.sort(key=lambda one: -one.view.urgency)
    found: list[list[Appearance]] = [[] for _ in plans]
    if not waiting:
        return found
    lead = plans[0].describer
    budgets = [plan.describer.settings.budget_ms for plan in plans]
    budget_ms = sum(budgets) if all(budgets) else 0.0
    start_ns = lead.clock()
    begun = False
    while waiting:
        count = _affordable(len(waiting), budget_ms, (lead.clock() - start_ns) / 1e6, lead.ms_per_view, begun)
        if count == 0:
            break
        batch, waiting, begun = waiting[:count], waiting[count:], True
        for one, appearance in zip(batch, _embed(plans, batch), strict=True):
            found[one.plan].append(appearance)
    return found


def _affordable(waiting: int, budget_ms: float, spent_ms: float, ms_per_view: float, begun: bool) -> int:
    """As many views as fit into the rest of the budget at the pace measured so far; the first one always.

    Without budget all of them: ``max_per_image`` bounds their number already.
    """
    if budget_ms == 0:
        return waiting
    left_ms = budget_ms - spent_ms
    count = int(left_ms / ms_per_view) if ms_per_view > 0 and left_ms > 0 else 0
    return min(waiting, max(count, 0 if begun and left_ms < ms_per_view else 1))


def _embed(plans: Sequence[Plan], batch: Sequence[_Waiting]) -> list[Appearance]:
    lead = plans[0].describer
    start_ns = lead.clock()
    clips: list[list[Image]] = [[] for _ in batch]
    if lead.embedder.clip_length == 1 and len({one.plan for one in batch}) == 1:
        vectors = lead.embedder.embed(plans[batch[0].plan].frame, np.stack([one.view.box for one in batch]))
    else:
        clips = [plans[one.plan].describer.clip(one.view.track_id, one.crop) for one in batch]
        vectors = lead.embedder.embed_clips(clips)
    pace = (lead.clock() - start_ns) / 1e6 / len(batch)
    pace = pace if lead.ms_per_view == 0 else 0.7 * lead.ms_per_view + 0.3 * pace
    for plan in plans:
        plan.describer.ms_per_view = pace
    # kept crops are copies: images are given back to whoever took them
    kept = [[crop.copy() for crop in clip] if lead.embedder.clip_length > 1 else [] for clip in clips]
    return [
        plans[one.plan].describer.remember(one.view, vector, plans[one.plan].frame.stamp_ns, crops)
        for one, vector, crops in zip(batch, vectors, kept, strict=True)
    ]


def _appearance(track_id: int, memory: _Memory) -> Appearance:
    norm = float(np.linalg.norm(memory.mean))
    return Appearance(track_id, (memory.mean / norm).astype(np.float32), min(memory.quality, 1.0))
