from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mobinet.assignment import assign
from mobinet.boxes import iou_matrix
from mobinet.recordings.mot import MotTable, read_mot, read_seqinfo
from mobinet.tracking import Tracker
from mobinet.types import Frame, TrackState


def score_tracker(folder: Path) -> tuple[float, int]:
    """MOTA and identity switches (Bernardin and Stiefelhagen 2008), each frame matched on its own."""
    info = read_seqinfo(folder / "seqinfo.ini")
    truth, detections = read_mot(folder / "gt.txt"), read_mot(folder / "det.txt")
    truth, tracker, last = truth[truth.scores > 0], Tracker(), {}
    errors = switches = 0
    for number in range(1, info.length + 1):
        tracks = tracker.update(Frame(info.stamp_ns(number), "front", None), detections.detections(number, "person"))
        shown = [track for track in tracks if track.state is TrackState.CONFIRMED]
        pairs = match(truth.in_frame(number), np.array([track.box for track in shown]).reshape(-1, 4))
        errors += len(truth.in_frame(number)) + len(shown) - 2 * len(pairs)
        for object_id, row in pairs:
            switches += last.get(object_id, shown[row].track_id) != shown[row].track_id
            last[object_id] = shown[row].track_id
    return 1 - (errors + switches) / len(truth), switches


def match(truth: MotTable, boxes: np.ndarray) -> list[tuple[int, int]]:
    found = assign(1 - iou_matrix(truth.boxes, boxes), limit=0.5)
    return list(zip(truth.ids[found.rows].tolist(), found.columns.tolist(), strict=True))


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("sequence", "least_mota", "most_switches"),
    [
        # SORT (Bewley et al. 2016) publishes MOTA 62.7 with 6 switches on the same detections, matches kept over time
        ("TUD-Campus", 0.59, 8),
        # seven images per second
        ("PETS09-S2L1", 0.62, 80),
    ],
)
def test_real_detections_become_stable_tracks(data_dir, sequence, least_mota, most_switches):
    mota, switches = score_tracker(data_dir / "mot" / sequence)
    assert mota >= least_mota
    assert switches <= most_switches
