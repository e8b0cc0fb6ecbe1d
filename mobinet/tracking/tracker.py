"""The tracker: one frame's detections in, the camera's tracks out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mobinet.boxes import cxcywh_to_xyxy
from mobinet.errors import InputError
from mobinet.tracking import camera_motion, lifecycle, motion
from mobinet.tracking.appearance import check_embeddings, remember
from mobinet.tracking.association import associate, stages
from mobinet.tracking.gating import gate
from mobinet.tracking.newcomers import Newcomers
from mobinet.tracking.settings import TrackerSettings
from mobinet.tracking.state import Remembered, State, pack, unpack
from mobinet.tracking.table import TrackTable
from mobinet.types import Detections, Float32, Float64, Frame, Int64, Track, TrackState

# Beyond this float32 boxes are coarser than a tenth of a pixel, and no image is that large.
MAX_COORDINATE_PX = 1e6
# Beyond this, stamps and the time between two do not fit into 64 bits.
_MAX_STAMP_NS = 2**62

_STATES = tuple(TrackState)


class _Found(NamedTuple):
    """M detections in an order that does not depend on the one they came in.

    ``order``: ``(M,)`` their rows. ``measurements``: ``(M, 4)`` cx, cy, w, h. ``looks``: ``(M, D)``.
    """

    order: Int64
    scores: Float64
    measurements: Float64
    classes: Int64
    looks: Float32

    def take(self, rows: Int64) -> _Found:
        return _Found(
            self.order[rows], self.scores[rows], self.measurements[rows], self.classes[rows], self.looks[rows]
        )


class Tracker:
    """Follows the objects of one camera.

    Detections of a frame are associated with the tracks predicted to the frame's stamp, the sure ones first (Zhang et
    al., ByteTrack, ECCV 2022); what is left starts new tracks. Ids begin at 1 and belong to the instance. The answer
    does not depend on the order of the detections.

    Args:
        settings: may be replaced between two updates.
    """

    def __init__(self, settings: TrackerSettings = TrackerSettings()) -> None:  # noqa: B008 (frozen)
        self.settings = settings
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

    def update(
        self,
        frame: Frame,
        detections: Detections,
        embeddings: Float32 | None = None,
        image_motion: Float64 | None = None,
    ) -> list[Track]:
        """Moves all tracks to ``frame``'s stamp and gives them its detections.

        Call it for every frame, also for those without detections, so that lost tracks are dropped in time.

        Args:
            frame: its stamp must lie after that of the previous call; the image is not needed.
            detections: of that frame, in any order.
            embeddings: ``(M, D)`` how the detections look, in their order; zeros for those that are not known.
            image_motion: ``(3, 3)`` where pixels went since the previous call, see
                :mod:`mobinet.tracking.camera_motion`.

        Returns:
            All living tracks by rising id: tentative, confirmed and coasting.

        Raises:
            InputError: the stamp does not rise or is no whole number, the frame is of another camera than the last one,
                a box lies beyond ``MAX_COORDINATE_PX``, or a class name, an embedding or the motion is not usable. The
                tracker is then as it was before the call.
        """
        self._check(frame, detections)
        if image_motion is not None:
            image_motion = camera_motion.checked_motion("image_motion", image_motion)
        looks = check_embeddings(embeddings, len(detections), self._table.looks)
        classes = self._encode(detections.class_names)
        settings, stamp_ns = self.settings, int(frame.stamp_ns)
        table, dt_s = self._predict(stamp_ns, image_motion)
        if self._stamp_ns is None:
            self._begun_ns = stamp_ns
        self._stamp_ns, self._camera = stamp_ns, frame.camera
        if not len(detections) and not len(table):
            self._table = table
            self._newcomers = self._newcomers.follow(0, 0, 0, dt_s)
            return []
        found = _ordered(detections, classes, looks)
        table.widen_looks(looks.shape[1])

        pairs = gate(table, found.measurements, found.classes, found.looks, settings)
        plan = stages(table.confirmed, found.scores, settings)
        matches = associate(pairs, plan, (len(table), len(found.scores)), settings.max_cost)
        confirmed = self._correct(table, matches, found, dt_s)
        made, possible = int(np.count_nonzero(matches >= 0)), len(matches) * len(found.scores)
        self._newcomers = self._newcomers.follow(confirmed, len(pairs.tracks) - made, possible - made, dt_s)

        kept = lifecycle.worth_keeping(table, stamp_ns, settings)
        starts = found.scores >= settings.new_track_score
        starts[matches[matches >= 0]] = False
        (born,) = starts.nonzero()
        self._table = table.select(kept)
        if len(born):
            self._bear(found.take(born), stamp_ns)
        return self._tracks(np.concatenate((matches[kept], born)), found.order)

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
        self._unrest, self._newcomers = known.unrest, known.newcomers

    @property
    def stamp_ns(self) -> int | None:
        """Of the last update; ``None`` before the first one."""
        return self._stamp_ns

    def check_camera(self, frame: Frame) -> None:
        """Raises InputError where ``frame`` is of another camera than those before."""
        if self._camera is not None and frame.camera != self._camera:
            raise InputError(
                f"this tracker follows camera '{self._camera}', got a frame of '{frame.camera}': make one Tracker for "
                "each camera, or call reset() first"
            )

    def _check(self, frame: Frame, detections: Detections) -> None:
        self.check_camera(frame)
        if not isinstance(frame.stamp_ns, (int, np.integer)) or abs(int(frame.stamp_ns)) > _MAX_STAMP_NS:
            raise InputError(
                f"camera '{frame.camera}': expected a stamp in whole nanoseconds up to 2^62, got {frame.stamp_ns!r}; "
                "of seconds make round(seconds * 1e9)"
            )
        if self._stamp_ns is not None and frame.stamp_ns <= self._stamp_ns:
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

    def _predict(self, stamp_ns: int, image_motion: Float64 | None) -> tuple[TrackTable, float]:
        """The tracks to look for, where they should be by now, and the seconds since the last update."""
        table = self._table.select(lifecycle.recent(self._table, stamp_ns, self._newcomers, self.settings))
        dt_s = 0.0 if self._stamp_ns is None else (stamp_ns - self._stamp_ns) * 1e-9
        if len(table):
            motion.predict(table, dt_s, self.settings, self._unrest)
            if image_motion is not None:
                camera_motion.move(table, image_motion)
        return table, dt_s

    def _correct(self, table: TrackTable, matches: Int64, found: _Found, dt_s: float) -> int:
        """Gives the tracks their detections; ``matches``: ``(N,)`` rows of those found, -1 for none.

        Returns:
            How many were confirmed by that, those of the first image left out.
        """
        (matched,) = (matches >= 0).nonzero()
        if not len(matched):
            return 0
        rows = matched if len(matched) < len(table) else slice(None)
        taken, settings = matches[rows], self.settings
        scores, known = found.scores[taken], table.confirmed[rows]
        surprises = motion.update(table, rows, found.measurements.take(taken, axis=0), settings)
        self._unrest = motion.follow_unrest(self._unrest, surprises[known], dt_s, settings)
        lifecycle.count_hits(table, rows, scores, self._stamp_ns or 0, settings)
        if found.looks.shape[1]:
            remember(table.looks, matched, found.looks[taken], scores, settings)
        new = table.confirmed[rows] & ~known & (table.first_stamps_ns[rows] > self._begun_ns)
        return int(np.count_nonzero(new))

    def _bear(self, found: _Found, stamp_ns: int) -> None:
        """Adds a track for each of these detections."""
        new = lifecycle.give_birth(
            self._next_id, found.measurements, found.scores, found.classes, found.looks, stamp_ns, self.settings
        )
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

    def _tracks(self, matches: Int64, order: Int64) -> list[Track]:
        """The table as records; ``matches`` are rows of the ordered detections."""
        table = self._table
        matched = matches >= 0
        indices = np.full(len(table), -1, np.int64)
        indices[matched] = order[matches[matched]]
        # 0 tentative, 1 confirmed, 2 coasting
        states = table.confirmed * (2 - matched)
        names = list(self._class_codes)
        return [
            Track(track_id, box, score, names[code], _STATES[state], velocity, first_ns, last_ns, index)
            for (track_id, code, _, _, first_ns, last_ns), box, score, velocity, state, index in zip(
                table.marks.tolist(),
                cxcywh_to_xyxy(table.boxes).astype(np.float32),
                table.scores.tolist(),
                table.velocities[:, :2].astype(np.float32),
                states.tolist(),
                indices.tolist(),
                strict=True,
            )
        ]


def _ordered(detections: Detections, classes: Int64, looks: Float32) -> _Found:
    order = _canonical_order(detections, classes)
    return _Found(
        order,
        detections.scores[order].astype(np.float64),
        motion.measure(detections.boxes.take(order, axis=0)),
        classes[order],
        looks[order],
    )


def _canonical_order(detections: Detections, classes: Int64) -> Int64:
    """Rows by falling score, then box, then class: whatever order they came in, they are processed in this one."""
    falling = -detections.scores
    order: Int64 = falling.argsort()
    scores = falling[order]
    if np.count_nonzero(scores[1:] == scores[:-1]):
        x1, y1, x2, y2 = detections.boxes.T
        order = np.lexsort((classes, y2, x2, y1, x1, falling))
    return order
