"""The tracker: one frame's detections in, the camera's tracks out."""

from __future__ import annotations

import numpy as np

from mobinet.boxes import cxcywh_to_xyxy
from mobinet.errors import InputError
from mobinet.tracking import lifecycle, motion
from mobinet.tracking.association import associate, stages
from mobinet.tracking.gating import gate
from mobinet.tracking.settings import TrackerSettings
from mobinet.tracking.table import TrackTable
from mobinet.types import Detections, Float64, Frame, Int64, Track, TrackState

# Beyond this float32 boxes are coarser than a tenth of a pixel, and no image is that large.
MAX_COORDINATE_PX = 1e6

_STATES = tuple(TrackState)


class Tracker:
    """Follows the objects of one camera.

    Detections of a frame are associated with the tracks predicted to the frame's stamp, by overlap within a gate, the
    sure detections first (Zhang et al., ByteTrack, ECCV 2022); what is left starts new tracks. Ids begin at 1 and
    belong to the instance. The answer does not depend on the order of the detections.

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
        self._unrest = 1.0

    def update(self, frame: Frame, detections: Detections) -> list[Track]:
        """Moves all tracks to ``frame``'s stamp and gives them its detections.

        Call it for every frame, also for those without detections, so that lost tracks are dropped in time.

        Args:
            frame: its stamp must lie after that of the previous call; the image is not needed.
            detections: of that frame, in any order.

        Returns:
            All living tracks by rising id: tentative, confirmed and coasting.

        Raises:
            InputError: the stamp does not rise, the frame is of another camera than the last one, or a box lies
                beyond ``MAX_COORDINATE_PX``. The tracker is then as it was before the call.
        """
        self._check(frame, detections)
        settings, stamp_ns = self.settings, int(frame.stamp_ns)
        table, dt_s = self._predict(stamp_ns)
        self._stamp_ns, self._camera = stamp_ns, frame.camera
        if not len(detections) and not len(table):
            self._table = table
            return []
        order = _canonical_order(detections)
        scores = detections.scores[order].astype(np.float64)
        measurements = motion.measure(detections.boxes[order].astype(np.float64))
        classes = self._encode(detections.class_names)[order]

        pairs = gate(table, measurements, classes, settings)
        plan = stages(table.confirmed, scores, settings)
        matches = associate(pairs, plan, (len(table), len(scores)), settings.max_cost)
        rows = (matches >= 0).nonzero()[0]
        taken = matches[rows]
        if len(rows):
            surprises = motion.update(table, rows, measurements[taken], settings)
            known = table.confirmed[rows]
            self._unrest = motion.follow_unrest(self._unrest, surprises[known], dt_s, settings)
            lifecycle.count_hits(table, rows, scores[taken], stamp_ns, settings)

        kept = lifecycle.worth_keeping(table, stamp_ns, settings)
        starts = scores >= settings.new_track_score
        starts[taken] = False
        (born,) = starts.nonzero()
        self._table = table.select(kept)
        if len(born):
            self._bear(measurements[born], scores[born], classes[born])
        return self._tracks(np.concatenate((matches[kept], born)), order)

    def _check(self, frame: Frame, detections: Detections) -> None:
        if self._camera is not None and frame.camera != self._camera:
            raise InputError(
                f"this tracker follows camera '{self._camera}', got a frame of '{frame.camera}': make one Tracker for "
                "each camera, or call reset() first"
            )
        if self._stamp_ns is not None and frame.stamp_ns <= self._stamp_ns:
            raise InputError(
                f"camera '{frame.camera}': expected a stamp after {self._stamp_ns} ns, got {frame.stamp_ns} ns "
                f"({(frame.stamp_ns - self._stamp_ns) * 1e-9:+.3f} s): drop such frames, or call reset() where time "
                "really starts anew (a bag that loops, a restarted clock)"
            )
        boxes = detections.boxes
        if boxes.size and max(boxes.max(), -boxes.min()) > MAX_COORDINATE_PX:
            far = np.abs(boxes) > MAX_COORDINATE_PX
            index = int(np.flatnonzero(far.any(axis=1))[0])
            raise InputError(
                f"camera '{frame.camera}': box {index} is {detections.boxes[index].tolist()}: expected coordinates "
                f"within {MAX_COORDINATE_PX:.0f} pixels; drop or fix such boxes"
            )

    def _predict(self, stamp_ns: int) -> tuple[TrackTable, float]:
        """The tracks to look for, where they should be by now, and the seconds since the last update."""
        table = self._table.select(lifecycle.recent(self._table, stamp_ns, self.settings))
        dt_s = 0.0 if self._stamp_ns is None else (stamp_ns - self._stamp_ns) * 1e-9
        if len(table):
            motion.predict(table, dt_s, self.settings, self._unrest)
        return table, dt_s

    def _bear(self, measurements: Float64, scores: Float64, classes: Int64) -> None:
        """Adds a track for each of these detections of the present frame."""
        new = lifecycle.give_birth(self._next_id, measurements, scores, classes, self._stamp_ns or 0, self.settings)
        self._next_id += len(new)
        self._table = self._table.append(new)

    def _encode(self, names: tuple[str, ...]) -> Int64:
        """Numbers for class names; a name keeps its number for the life of the tracker."""
        codes = self._class_codes
        for name in set(names).difference(codes):
            codes[name] = len(codes)
        return np.array([codes[name] for name in names], np.int64)

    def _tracks(self, matches: Int64, order: Int64) -> list[Track]:
        """The table as records; ``matches`` are rows of the ordered detections."""
        table = self._table
        matched = matches >= 0
        indices = np.full(len(table), -1, np.int64)
        indices[matched] = order[matches[matched]]
        states = np.where(
            table.confirmed, np.where(matched, TrackState.CONFIRMED, TrackState.COASTING), TrackState.TENTATIVE
        )
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


def _canonical_order(detections: Detections) -> Int64:
    """Rows by falling score, then box, then class: whatever order they came in, they are processed in this one."""
    order: Int64 = np.argsort(-detections.scores)
    scores = detections.scores[order]
    if (scores[1:] == scores[:-1]).any():
        names = np.array(detections.class_names, dtype=np.str_)
        x1, y1, x2, y2 = detections.boxes.T
        order = np.lexsort((names, y2, x2, y1, x1, -detections.scores))
    return order
