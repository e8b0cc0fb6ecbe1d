"""The tracker: one frame's detections in, the camera's tracks out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mobinet.boxes import cxcywh_to_xyxy
from mobinet.errors import InputError
from mobinet.tracking import lifecycle, motion
from mobinet.tracking.association import associate, stages
from mobinet.tracking.gating import gate
from mobinet.tracking.settings import TrackerSettings
from mobinet.tracking.table import TrackTable
from mobinet.types import Detections, Float64, Frame, Int64, Track

# Beyond this float32 boxes are coarser than a tenth of a pixel, and no image is that large.
MAX_COORDINATE_PX = 1e6


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
        self._class_names: list[str] = []
        self.reset()

    def reset(self) -> None:
        """Forgets all tracks, the last stamp and the camera; ids go on, none is used again."""
        self._table = TrackTable.empty()
        self._stamp_ns: int | None = None
        self._camera: str | None = None

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
        if not len(detections) and not len(self._table):
            self._stamp_ns, self._camera = stamp_ns, frame.camera
            return []
        order = _canonical_order(detections)
        scores = detections.scores[order].astype(np.float64)
        measurements = motion.measure(detections.boxes[order].astype(np.float64))
        classes = self._encode([detections.class_names[i] for i in order])

        table = self._predict(stamp_ns)
        pairs = gate(table, measurements, classes, settings)
        matches = associate(pairs, stages(table.confirmed, scores, settings))
        matched = matches >= 0
        table = _correct(table, matches, measurements, settings)
        table = lifecycle.count_hits(table, matched, scores[matches[matched]], stamp_ns, settings)

        kept = lifecycle.worth_keeping(table, stamp_ns, settings)
        table, matches = table.select(kept), matches[kept]
        starts = _unclaimed(matches, scores >= settings.new_track_score)
        born = lifecycle.give_birth(
            self._next_id, measurements[starts], scores[starts], classes[starts], stamp_ns, settings
        )
        self._next_id += len(born)
        self._table, self._stamp_ns, self._camera = table.append(born), stamp_ns, frame.camera
        return self._tracks(np.concatenate((matches, starts)), order)

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
        far = np.abs(detections.boxes) > MAX_COORDINATE_PX
        if far.any():
            index = int(np.flatnonzero(far.any(axis=1))[0])
            raise InputError(
                f"camera '{frame.camera}': box {index} is {detections.boxes[index].tolist()}: expected coordinates "
                f"within {MAX_COORDINATE_PX:.0f} pixels; drop or fix such boxes"
            )

    def _predict(self, stamp_ns: int) -> TrackTable:
        table = lifecycle.drop_expired(self._table, stamp_ns, self.settings)
        if self._stamp_ns is None or not len(table):
            return table
        dt_s = (stamp_ns - self._stamp_ns) * 1e-9
        means, covariances = motion.predict(table.means, table.covariances, dt_s, self.settings)
        return replace(table, means=means, covariances=covariances)

    def _encode(self, names: list[str]) -> Int64:
        """Numbers for class names; a name keeps its number for the life of the tracker."""
        for name in names:
            if name not in self._class_codes:
                self._class_codes[name] = len(self._class_names)
                self._class_names.append(name)
        return np.array([self._class_codes[name] for name in names], np.int64)

    def _tracks(self, matches: Int64, order: Int64) -> list[Track]:
        """The table as records; ``matches`` are rows of the ordered detections."""
        table = self._table
        boxes = cxcywh_to_xyxy(table.means[:, :4]).astype(np.float32)
        velocities = table.means[:, 4:6].astype(np.float32)
        return [
            Track(
                track_id=track_id,
                box=boxes[row],
                score=score,
                class_name=self._class_names[class_code],
                state=lifecycle.state_of(confirmed, match >= 0),
                velocity=velocities[row],
                first_stamp_ns=first_ns,
                last_stamp_ns=last_ns,
                detection_index=int(order[match]) if match >= 0 else -1,
            )
            for row, (track_id, score, class_code, confirmed, first_ns, last_ns, match) in enumerate(
                zip(
                    table.ids.tolist(),
                    table.scores.tolist(),
                    table.classes.tolist(),
                    table.confirmed.tolist(),
                    table.first_stamps_ns.tolist(),
                    table.last_stamps_ns.tolist(),
                    matches.tolist(),
                    strict=True,
                )
            )
        ]


def _canonical_order(detections: Detections) -> Int64:
    """Rows by falling score, then box, then class: whatever order they came in, they are processed in this one."""
    names = np.array(detections.class_names, dtype=np.str_)
    x1, y1, x2, y2 = detections.boxes.T
    order: Int64 = np.lexsort((names, y2, x2, y1, x1, -detections.scores))
    return order


def _correct(table: TrackTable, matches: Int64, measurements: Float64, settings: TrackerSettings) -> TrackTable:
    """The table with the Kalman update of its matched tracks."""
    matched = matches >= 0
    if not matched.any():
        return table
    means, covariances = table.means.copy(), table.covariances.copy()
    means[matched], covariances[matched] = motion.update(
        means[matched], covariances[matched], measurements[matches[matched]], settings
    )
    return replace(table, means=means, covariances=covariances)


def _unclaimed(matches: Int64, candidates: NDArray[np.bool_]) -> Int64:
    """Rows of ``candidates``, ``(M,)`` bool, that no track took, rising."""
    free = candidates.copy()
    free[matches[matches >= 0]] = False
    return np.flatnonzero(free)
