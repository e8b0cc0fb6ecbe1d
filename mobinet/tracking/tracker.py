"""The tracker: one frame's detections in, the camera's tracks out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.boxes import cxcywh_to_xyxy
from mobinet.errors import InputError
from mobinet.tracking import camera_motion, fusion, lifecycle, motion, sisters
from mobinet.tracking.appearance import check_embeddings, remember
from mobinet.tracking.association import associate, stages
from mobinet.tracking.found import Found, check_noise, ordered
from mobinet.tracking.fusion import FusionSettings, Senses
from mobinet.tracking.gating import gate
from mobinet.tracking.newcomers import Newcomers
from mobinet.tracking.settings import TrackerSettings
from mobinet.tracking.state import Remembered, State, pack, unpack
from mobinet.tracking.table import TrackTable
from mobinet.tracking.trust import follow_trust, no_trust, split
from mobinet.types import Detections, Float32, Float64, Frame, Int64, Track, TrackState

# Beyond this float32 boxes are coarser than a tenth of a pixel, and no image is that large.
MAX_COORDINATE_PX = 1e6
# Beyond this, stamps and the time between two do not fit into 64 bits.
_MAX_STAMP_NS = 2**62

_STATES = tuple(TrackState)


class Tracker:
    """Follows the objects of one camera.

    Detections of a frame are associated with the tracks predicted to the frame's stamp, the sure ones first (Zhang et
    al., ByteTrack, ECCV 2022); what is left starts new tracks. Ids begin at 1 and belong to the instance. The answer
    does not depend on the order of the detections.

    A sister camera that is mounted beside it, e.g. an event camera, may help (:meth:`update_sister`); see
    :class:`mobinet.tracking.fused.FusedTracker`, which maps its boxes.

    Args:
        settings, fusion: may be replaced between two updates; the latter are for a sister camera.
    """

    def __init__(
        self,
        settings: TrackerSettings = TrackerSettings(),  # noqa: B008 (frozen)
        fusion: FusionSettings = FusionSettings(),  # noqa: B008 (frozen)
    ) -> None:
        self.settings, self.fusion = settings, fusion
        self._next_id = 1
        self._class_codes: dict[str, int] = {}
        self.reset()

    def reset(self) -> None:
        """Forgets all tracks, the last stamp and the camera; ids go on, none is used again."""
        self._table = TrackTable.of_size(0)
        self._stamp_ns: int | None = None
        self._camera: str | None = None
        self._begun_ns = 0
        self._unrest = motion.CALM
        self._newcomers = Newcomers()
        self._senses = Senses()
        self._trust = no_trust()

    def update(
        self,
        frame: Frame,
        detections: Detections,
        embeddings: Float32 | None = None,
        image_motion: Float64 | None = None,
        noise: Float32 | Float64 | None = None,
    ) -> list[Track]:
        """Moves all tracks to ``frame``'s stamp and gives them its detections.

        Call it for every frame, also for those without detections, so that lost tracks are dropped in time.

        Args:
            frame: its stamp must lie after that of the previous call; the image is not needed.
            detections: of that frame, in any order.
            embeddings: ``(M, D)`` how the detections look, in their order; zeros for those that are not known.
            image_motion: ``(3, 3)`` where pixels went since the previous call, see
                :mod:`mobinet.tracking.camera_motion`.
            noise: ``(M, 4)`` standard deviations of each detection's cx, cy, w and h in pixels, or ``(M,)`` of all
                four; ``None`` for ``measurement_noise``.

        Returns:
            All living tracks by rising id: tentative, confirmed and coasting.

        Raises:
            InputError: the stamp does not rise or is no whole number, the frame is of another camera than the last one,
                a box lies beyond ``MAX_COORDINATE_PX``, or a class name, an embedding, the motion or the noise is not
                usable. The tracker is then as it was before the call.
        """
        self._check(frame, detections)
        sigmas = check_noise(noise, len(detections))
        if image_motion is not None:
            image_motion = camera_motion.checked_motion("image_motion", image_motion)
        looks = check_embeddings(embeddings, len(detections), self._table.looks)
        classes = self._encode(detections.class_names)
        settings, stamp_ns, before = self.settings, int(frame.stamp_ns), self._senses
        table, dt_s = self._predict(stamp_ns, image_motion)
        self._begin(stamp_ns, before._replace(own_ns=stamp_ns))
        self._camera = frame.camera
        if not len(detections) and not len(table):
            self._table = table
            self._newcomers = self._newcomers.follow(0, 0, 0, dt_s)
            return []
        found = ordered(detections, classes, looks, sigmas)
        table.widen_looks(looks.shape[1])

        leeway = None if before.alone and sigmas is None else sisters.give_leeway(table, found, settings)
        pairs = gate(table, found.measurements, found.classes, found.looks, settings, leeway)
        plan = stages(table.confirmed, found.scores, settings)
        matches = associate(pairs, plan, (len(table), len(found.scores)), settings.max_cost)
        if not before.alone:
            matches = sisters.take_hints(table, matches, found, settings)
        confirmed = self._correct(table, matches, found, before.own_dt_s(stamp_ns))
        made, possible = int(np.count_nonzero(matches >= 0)), len(matches) * len(found.scores)
        self._newcomers = self._newcomers.follow(confirmed, len(pairs.tracks) - made, possible - made, dt_s)

        kept = lifecycle.worth_keeping(table, stamp_ns, settings)
        starts = found.scores >= settings.new_track_score
        starts[matches[matches >= 0]] = False
        (born,) = starts.nonzero()
        if not before.alone:
            sight = fusion.judge_misses(table, matches >= 0, before, stamp_ns, self.fusion)
            self._senses = self._senses._replace(sight=sight)
            kept &= ~sisters.doubled(table, matches >= 0, found.measurements[born])
        self._table = table.select(kept)
        if len(born):
            new = lifecycle.give_birth(self._next_id, found.take(born), stamp_ns, settings)
            sisters.begin_own(new)
            self._add(new)
        return self._tracks(np.concatenate((matches[kept], born)), found.order)

    def update_sister(
        self,
        frame: Frame,
        detections: Detections,
        noise: Float32 | Float64,
        image_motion: Float64 | None = None,
    ) -> list[Track]:
        """Moves all tracks to ``frame``'s stamp and gives them what a sister camera found at that time.

        What the sister misses is not held against a track, and what the camera itself misses only as far as it misses
        little else (:mod:`mobinet.tracking.fusion`). The sister's classes only count for tracks that she starts, and
        those take the class that the camera itself gives them later.

        Args:
            frame: its stamp must lie after that of the sister's last detections, and not before that of the camera's
                own. What its camera is called does not matter.
            detections: in the image of the camera itself, see :mod:`mobinet.sister_camera`.
            noise: ``(M, 4)`` standard deviations of their cx, cy, w and h in pixels, or ``(M,)`` of all four.
            image_motion: as in :meth:`update`, since the last call of either.

        Returns:
            As :meth:`update`; a track that neither camera misses at present is confirmed, and not coasting.

        Raises:
            InputError: as :meth:`update`.
        """
        self._check(frame, detections, sister=True)
        sigmas = check_noise(noise, len(detections))
        if image_motion is not None:
            image_motion = camera_motion.checked_motion("image_motion", image_motion)
        classes = self._encode(detections.class_names)
        stamp_ns, before, look_size = int(frame.stamp_ns), self._senses, self._table.looks.shape[1]
        table, _ = self._predict(stamp_ns, image_motion)
        self._begin(stamp_ns, before._replace(sister_ns=stamp_ns))
        found = ordered(detections, classes, np.zeros((len(detections), look_size), np.float32), sigmas)
        found = found.take(np.flatnonzero(found.scores >= self.fusion.sister_score))
        self._trust = follow_trust(self._trust, table, found, before, stamp_ns)
        taken, starting = split(self._trust, found.scores, before.sight)
        found, starting = found.take(np.flatnonzero(taken)), starting[taken]

        matches = sisters.match_sister(table, found, self.settings, self.fusion)
        after = sisters.correct_by_sister(table, matches, found, before, stamp_ns, self.settings, self.fusion)
        self._senses = after._replace(sister_ns=stamp_ns)
        kept = lifecycle.worth_keeping(table, stamp_ns, self.settings) | (table.hits > 0)
        born = sisters.newcomers(table, matches, found, starting, self.fusion)
        self._table = table.select(kept)
        if len(born):
            new = lifecycle.give_birth(self._next_id, found.take(born), stamp_ns, self.settings)
            sisters.begin_by_sister(new, stamp_ns, self.fusion)
            self._add(new)
        return self._tracks(np.concatenate((matches[kept], born)), found.order, sister=True)

    def state(self) -> State:
        """Everything that it knows as plain arrays, e.g. for ``numpy.savez``; the settings are not in it."""
        return pack(
            Remembered(
                self._table,
                self._class_codes,
                self._next_id,
                self._stamp_ns,
                self._camera,
                self._begun_ns,
                self._unrest,
                self._newcomers,
                self._senses,
                self._trust.copy(),
            )
        )

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Goes on from what :meth:`state` saved, of this tracker or of another one.

        Raises:
            InputError: an array is missing or is not as it was saved; the tracker is then as before.
        """
        known = unpack(state)
        self._table, self._class_codes, self._next_id = known.table, known.class_codes, known.next_id
        self._stamp_ns, self._camera, self._begun_ns = known.stamp_ns, known.camera, known.begun_ns
        self._unrest, self._newcomers, self._senses = known.unrest, known.newcomers, known.senses
        self._trust = known.trust

    @property
    def stamp_ns(self) -> int | None:
        """Of the last update; ``None`` before the first one."""
        return self._stamp_ns

    @property
    def senses(self) -> Senses:
        """When the camera and its sister looked last."""
        return self._senses

    def check_camera(self, frame: Frame) -> None:
        """Raises InputError where ``frame`` is of another camera than those before."""
        if self._camera is not None and frame.camera != self._camera:
            raise InputError(
                f"this tracker follows camera '{self._camera}', got a frame of '{frame.camera}': make one Tracker for "
                "each camera, or call reset() first"
            )

    def _check(self, frame: Frame, detections: Detections, *, sister: bool = False) -> None:
        if not sister:
            self.check_camera(frame)
        if not isinstance(frame.stamp_ns, (int, np.integer)) or abs(int(frame.stamp_ns)) > _MAX_STAMP_NS:
            raise InputError(
                f"camera '{frame.camera}': expected a stamp in whole nanoseconds up to 2^62, got {frame.stamp_ns!r}; "
                "of seconds make round(seconds * 1e9)"
            )
        if self._stamp_ns is not None and not self._senses.follows(frame.stamp_ns, sister):
            raise InputError(
                f"camera '{frame.camera}': expected a stamp after {self._stamp_ns} ns, got {frame.stamp_ns} ns "
                f"({(frame.stamp_ns - self._stamp_ns) * 1e-9:+.3f} s): drop such frames, or call reset() where time "
                "really starts anew (a bag that loops, a restarted clock)"
            )
        boxes = detections.boxes
        # quick, and never below the square of the farthest one
        if np.vdot(boxes, boxes) > MAX_COORDINATE_PX**2 and (np.abs(boxes) > MAX_COORDINATE_PX).any():
            far = np.abs(boxes) > MAX_COORDINATE_PX
            index = int(np.flatnonzero(far.any(axis=1))[0])
            raise InputError(
                f"camera '{frame.camera}': box {index} is {detections.boxes[index].tolist()}: expected coordinates "
                f"within {MAX_COORDINATE_PX:.0f} pixels; drop or fix such boxes"
            )

    def _begin(self, stamp_ns: int, senses: Senses) -> None:
        """Notes when it is, and who looked."""
        if self._stamp_ns is None:
            self._begun_ns = stamp_ns
        self._stamp_ns, self._senses = stamp_ns, senses

    def _predict(self, stamp_ns: int, image_motion: Float64 | None) -> tuple[TrackTable, float]:
        """The tracks to look for, where they should be by now, and the seconds since the last update."""
        table = self._table.select(lifecycle.recent(self._table, stamp_ns, self._newcomers, self.settings))
        dt_s = 0.0 if self._stamp_ns is None else (stamp_ns - self._stamp_ns) * 1e-9
        if len(table):
            motion.predict(table, dt_s, self.settings, self._unrest)
            if image_motion is not None:
                camera_motion.move(table, image_motion)
        return table, dt_s

    def _correct(self, table: TrackTable, matches: Int64, found: Found, dt_s: float) -> int:
        """Gives the tracks their detections; ``matches``: ``(N,)`` rows of those found, -1 for none.

        Args:
            dt_s: since the camera's last image, seconds.

        Returns:
            How many were confirmed by that, those of the first image left out.
        """
        (matched,) = (matches >= 0).nonzero()
        if not len(matched):
            return 0
        rows = matched if len(matched) < len(table) else slice(None)
        taken, settings = matches[rows], self.settings
        scores, known = found.scores[taken], table.confirmed[rows]
        noise = None if found.variances is None else found.variances[taken]
        surprises = motion.update(table, rows, found.measurements.take(taken, axis=0), settings, noise)
        self._unrest = motion.follow_unrest(self._unrest, surprises[known], dt_s, settings)
        if not self._senses.alone:
            sisters.claim(table, rows, found.classes[taken])
        lifecycle.count_hits(table, rows, scores, self._stamp_ns or 0, settings)
        if found.looks.shape[1]:
            remember(table.looks, matched, found.looks[taken], scores, settings)
        new = table.confirmed[rows] & ~known & (table.first_stamps_ns[rows] > self._begun_ns)
        return int(np.count_nonzero(new))

    def _add(self, new: TrackTable) -> None:
        self._next_id += len(new)
        self._table = self._table.append(new)

    def _encode(self, names: tuple[str, ...]) -> Int64:
        """Numbers for class names; a name keeps its number for the life of the tracker."""
        codes = self._class_codes
        try:
            new = sorted(set(names).difference(codes))
        except TypeError:  # cannot be hashed, or of several types
            new = [*names]
        for name in new:
            if not isinstance(name, str):
                raise InputError(f"expected class names as text, got {name!r}: give str(...) of numbers")
        codes.update((name, code) for code, name in enumerate(new, len(codes)))
        return np.array([codes[name] for name in names], np.int64)

    def _tracks(self, matches: Int64, order: Int64, *, sister: bool = False) -> list[Track]:
        """The table as records; ``matches`` are rows of the ordered detections."""
        table = self._table
        matched = matches >= 0
        indices = np.full(len(table), -1, np.int64)
        indices[matched] = order[matches[matched]]
        seen = matched if self._senses.alone else matched | self._seen_otherwise(sister)
        # 0 tentative, 1 confirmed, 2 coasting
        states = table.confirmed * (2 - seen)
        names = list(self._class_codes)
        return [
            Track(track_id, box, score, names[code], _STATES[state], velocity, first_ns, last_ns, index)
            for (track_id, code, _, _, first_ns, last_ns), box, score, velocity, state, index in zip(
                table.marks[:, :6].tolist(),
                cxcywh_to_xyxy(table.boxes).astype(np.float32),
                table.scores.tolist(),
                table.velocities[:, :2].astype(np.float32),
                states.tolist(),
                indices.tolist(),
                strict=True,
            )
        ]

    def _seen_otherwise(self, sister: bool) -> NDArray[np.bool_]:
        """``(N,)`` which tracks are seen now although these detections do not show them."""
        seen = fusion.believed(self._table, self._stamp_ns or 0, self.fusion)
        return seen | fusion.seen_last(self._table, self._senses) if sister else seen
