"""Many objects followed through the public sequences of MOT15, with the detections that SORT published for them.

Ours and the trackers that PyPI offers get the same boxes in the same run; HOTA, CLEAR and identity measures are
TrackEval's, over all boxes that the ground truth counts, as MOT15 does it. Ours shows its confirmed tracks. Speed is
updates a second of processor time, inputs made beforehand, the best of the repeats; take it on one core.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
from peers import object_trackers  # noqa: E402
from peers.object_trackers import Answer  # noqa: E402

from mobinet.errors import MissingDependencyError, RecordingError  # noqa: E402
from mobinet.evaluation import MotScores, TrackTable, combine_mot, evaluate_mot  # noqa: E402
from mobinet.recordings.mot import MotTable, SequenceInfo, read_mot, read_seqinfo  # noqa: E402
from mobinet.tracking import Tracker, TrackerSettings  # noqa: E402
from mobinet.types import Detections, Frame, TrackState  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
LIMIT = {"hota": 40.0, "idf1": 53.0}
BELOW_BEST_PEER = 1.0
# images per second, where no seqinfo.ini tells
ASSUMED_RATE = 25.0


@dataclass(frozen=True)
class Recording:
    """A sequence: what its camera's detector found in every image, and the truth."""

    name: str
    frames: list[Frame]
    detections: list[Detections]
    truth: TrackTable


def sequences(data: Path) -> list[Path]:
    """Folders with detections and ground truth, in the layout of SORT or of the challenge itself."""
    folders = sorted(path for path in data.glob("*") if _file(path, "det"))
    for folder in folders:
        if not _file(folder, "gt"):
            print(f"{folder.name} is left out: it has no gt.txt", file=sys.stderr)
    return [folder for folder in folders if _file(folder, "gt")]


def load(folder: Path) -> Recording:
    """Raises RecordingError where a file does not follow its format."""
    found, truth, info = _read(folder, "det"), _read(folder, "gt"), folder / "seqinfo.ini"
    if info.is_file():
        sequence = read_seqinfo(info)
    else:
        length = int(np.concatenate((found.frames, truth.frames, [1])).max())
        sequence = SequenceInfo(folder.name, ASSUMED_RATE, length, 1, 1)
        print(f"{folder.name} has no seqinfo.ini: {length} images at {ASSUMED_RATE:g} a second", file=sys.stderr)
    numbers = range(1, sequence.length + 1)
    return Recording(
        folder.name,
        [Frame(sequence.stamp_ns(number), folder.name, None) for number in numbers],
        [found.detections(number, "person") for number in numbers],
        TrackTable.from_mot(truth),
    )


def _read(folder: Path, name: str) -> MotTable:
    path = _file(folder, name)
    assert path is not None  # of sequences()
    return read_mot(path)


def _file(folder: Path, name: str) -> Path | None:
    places = (folder / f"{name}.txt", folder / name / f"{name}.txt")
    return next((path for path in places if path.is_file()), None)


def follow(recording: Recording, settings: TrackerSettings, repeats: int = 1) -> Answer:
    """Our confirmed tracks, in the form of the peers' answers."""
    cpu_s = []
    for _ in range(repeats):
        tracker = Tracker(settings)
        begin = time.process_time()
        answers = [tracker.update(*given) for given in zip(recording.frames, recording.detections, strict=True)]
        cpu_s.append(time.process_time() - begin)
    rows = [
        (index, track.track_id, *track.box)
        for index, tracks in enumerate(answers)
        for track in tracks
        if track.state is TrackState.CONFIRMED
    ]
    return Answer(np.array(rows, np.float64).reshape(-1, 6), tuple(cpu_s))


def evaluate(recording: Recording, answer: Answer) -> MotScores:
    rows = answer.rows[(answer.rows[:, 4:] > answer.rows[:, 2:4]).all(axis=1)]  # norfair turns some inside out
    results = TrackTable(rows[:, 0].astype(np.int64) + 1, rows[:, 1].astype(np.int64), rows[:, 2:])
    return evaluate_mot(recording.truth, results, frames=np.arange(1, len(recording.frames) + 1))


def metrics(recordings: list[Recording], answers: Mapping[str, Answer]) -> dict[str, float]:
    """All sequences together, and HOTA of each."""
    scores = {recording.name: evaluate(recording, answers[recording.name]) for recording in recordings}
    whole = combine_mot(list(scores.values()))
    figures = {name: round(100 * getattr(whole, name), 2) for name in ("hota", "assa", "deta", "mota", "idf1")}
    figures["idsw"] = whole.idsw
    updates = sum(len(recording.frames) for recording in recordings)
    figures["updates_per_s"] = round(updates / sum(min(answer.cpu_s) for answer in answers.values()))
    return {**figures, **{f"{name}/hota": round(100 * each.hota, 2) for name, each in scores.items()}}


def limits(recordings: list[Recording], peers: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The least that ours must reach."""
    limit: dict[str, float] = dict(LIMIT)
    if peers:
        limit["updates_per_s"] = max(figures["updates_per_s"] for figures in peers.values())
        for key in (f"{recording.name}/hota" for recording in recordings):
            limit[key] = round(max(figures[key] for figures in peers.values()) - BELOW_BEST_PEER, 2)
    return limit


def show(results: Mapping[str, Mapping[str, float]]) -> None:
    names = list(next(iter(results.values())))
    width = max(map(len, results)) + 2
    print(" " * width + "".join(f"{name.removesuffix('/hota')[:13]:>14}" for name in names))
    for tracker, figures in results.items():
        print(f"{tracker:{width}}" + "".join(f"{figures[name]:14}" for name in names))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of sequences, each with det.txt, gt.txt and seqinfo.ini")
    parser.add_argument("--peers", default="", metavar="PYTHON", help=object_trackers.HOW)
    parser.add_argument("--quick", action="store_true", help="each tracker once over each sequence instead of 5 times")
    options = parser.parse_args()
    recorded = Path(os.environ.get("MOBINET_DATA", ROOT.parent / "shared" / "data"))
    data = options.data or recorded / "mot"
    folders = sequences(data)
    if not folders:
        print(f"skipped: needs recordings, no sequence in '{data}'; set --data or MOBINET_DATA")
        return 0
    repeats = 1 if options.quick else 5
    try:
        recordings = [load(folder) for folder in folders]
        ours = metrics(recordings, {each.name: follow(each, TrackerSettings(), repeats) for each in recordings})
    except MissingDependencyError as error:
        print(f"skipped: {error}")
        return 0
    except RecordingError as error:
        print(f"cannot run: {error}", file=sys.stderr)
        return 1
    peers: dict[str, dict[str, float]] = {}
    if options.peers:
        boxes = {each.name: [(found.boxes, found.scores) for found in each.detections] for each in recordings}
        with object_trackers.interpreter(options.peers) as python:
            answers = object_trackers.follow(python, boxes, repeats=repeats)
        peers = {name: metrics(recordings, answer) for name, answer in answers.items()}
    else:
        print(f"peers absent: {object_trackers.INSTALL}")
    show({"ours": ours, **peers})
    limit = limits(recordings, peers)
    print(json.dumps({"bench": "mot_public", "ours": ours, "peers": peers, "limit": limit}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
