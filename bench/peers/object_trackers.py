"""Object trackers that a user could install from PyPI instead, run in a Python of their own.

They bring ``opencv-python``, which fights with the ``opencv-python-headless`` of this package in one environment:
``pip install`` them into another one and name its Python. This file is both sides: imported by a benchmark it hands the
detections over and takes the tracks; run by the other Python it follows them. All with their documented defaults.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = ("trackers", "norfair", "supervision")
# norfair asks for NumPy 1 and runs with NumPy 2, which trackers needs: together pip would take years-old ones
PIP = (("install", "trackers>=2.6", "supervision"), ("install", "--no-deps", "norfair>=2.3", "filterpy"))
INSTALL = " && ".join(("python -m venv PEERS", *(f"PEERS/bin/pip {' '.join(line)}" for line in PIP)))
INSTALL += ", then --peers PEERS/bin/python; or --peers auto"
HOW = f"the Python of an environment with {', '.join(PACKAGES)}; 'auto' makes one for this run"
ROBOFLOW = {
    "trackers SORT": ("SORTTracker", {}),
    "trackers ByteTrack": ("ByteTrackTracker", {}),
    "trackers OC-SORT": ("OCSORTTracker", {}),
    "trackers C-BIoU": ("CBIoUTracker", {}),
    # without images there is no camera motion to be seen
    "trackers BoT-SORT": ("BoTSORTTracker", {"enable_cmc": False}),
}
NORFAIR = "norfair"
NAMES = (*ROBOFLOW, NORFAIR)

# of each image: (N, 4) xyxy boxes and (N,) scores
Sequence_ = Sequence[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Answer:
    """What one tracker said to one sequence.

    ``rows``: ``(K, 6)`` index of the image, id, x1, y1, x2, y2; ``cpu_s``: processor time of each run over it, warm-up
    left out.
    """

    rows: np.ndarray
    cpu_s: tuple[float, ...]


@contextmanager
def interpreter(python: str) -> Iterator[Path]:
    """The Python of the peers; ``auto`` makes an environment that lives as long as the context."""
    if python != "auto":
        yield Path(python)
        return
    with tempfile.TemporaryDirectory() as folder:
        print(f"installing {', '.join(PACKAGES)} into an environment of their own", flush=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        for line in PIP:
            subprocess.run([f"{folder}/bin/pip", "--quiet", *line], check=True, stderr=subprocess.DEVNULL)
        yield Path(folder) / "bin/python"


def follow(
    python: Path, sequences: Mapping[str, Sequence_], names: Sequence[str] = NAMES, repeats: int = 1, warm_up: int = 0
) -> dict[str, dict[str, Answer]]:
    """Answers by tracker and sequence of the trackers that are installed there."""
    with tempfile.TemporaryDirectory() as folder:
        given, taken = Path(folder) / "given.npz", Path(folder) / "taken.npz"
        np.savez(given, **{f"{name}/{part}": values for name in sequences for part, values in _pack(sequences[name])})
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        command = [str(python), __file__, str(given), str(taken), str(repeats), str(warm_up), *names]
        subprocess.run(command, check=True, env=environment)
        with np.load(taken) as answers:
            found: dict[str, dict[str, Answer]] = {}
            for key in answers.files:
                tracker, sequence, part = key.split("/")
                if part == "rows":
                    cpu_s = tuple(answers[f"{tracker}/{sequence}/cpu_s"].tolist())
                    found.setdefault(tracker, {})[sequence] = Answer(answers[key], cpu_s)
    return found


def _pack(images: Sequence_) -> Iterator[tuple[str, np.ndarray]]:
    yield "counts", np.array([len(boxes) for boxes, _ in images])
    yield "boxes", np.concatenate([np.zeros((0, 4), np.float32), *(boxes for boxes, _ in images)])
    yield "scores", np.concatenate([np.zeros(0, np.float32), *(scores for _, scores in images)])


def _unpack(given: Mapping[str, np.ndarray], sequence: str) -> Sequence_:
    ends = np.cumsum(given[f"{sequence}/counts"])[:-1]
    return list(
        zip(np.split(given[f"{sequence}/boxes"], ends), np.split(given[f"{sequence}/scores"], ends), strict=True)
    )


def _roboflow(
    class_name: str, options: dict[str, Any]
) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    """How to make the tracker, its input, and rows of its output."""
    trackers, supervision = importlib.import_module("trackers"), importlib.import_module("supervision")

    def detections(boxes: np.ndarray, scores: np.ndarray) -> Any:
        return supervision.Detections(xyxy=boxes, confidence=scores, class_id=np.zeros(len(boxes), int))

    def rows(found: Any) -> list[tuple[float, ...]]:
        if found.tracker_id is None:
            return []
        return [(int(i), *box) for i, box in zip(found.tracker_id, found.xyxy, strict=True) if i >= 0]

    return lambda: getattr(trackers, class_name)(**options), detections, rows


def _norfair() -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    norfair = importlib.import_module("norfair")

    def detections(boxes: np.ndarray, scores: np.ndarray) -> Any:
        return [
            norfair.Detection(points=box.reshape(2, 2), scores=np.array([score, score]))
            for box, score in zip(boxes, scores, strict=True)
        ]

    def rows(found: Any) -> list[tuple[float, ...]]:
        return [(thing.id, *thing.estimate.ravel()) for thing in found if thing.live_points.any()]

    return lambda: norfair.Tracker(distance_function="iou", distance_threshold=0.7), detections, rows


def _answer(name: str, images: Sequence_, repeats: int, warm_up: int) -> tuple[np.ndarray, list[float]]:
    make, detections, rows = _norfair() if name == NORFAIR else _roboflow(*ROBOFLOW[name])
    cpu_s = []
    for _ in range(repeats):
        given = [detections(boxes, scores) for boxes, scores in images]
        tracker = make()
        answers = [tracker.update(found) for found in given[:warm_up]]
        begin = time.process_time()
        answers += [tracker.update(found) for found in given[warm_up:]]
        cpu_s.append(time.process_time() - begin)
    # norfair changes the objects that it gave before: what it says is read image by image
    if name == NORFAIR:
        tracker = make()
        lines = [
            (index, *row) for index, image in enumerate(images) for row in rows(tracker.update(detections(*image)))
        ]
    else:
        lines = [(index, *row) for index, found in enumerate(answers) for row in rows(found)]
    return np.array(lines, np.float64).reshape(-1, 6), cpu_s


def main() -> int:
    given_path, taken_path, repeats, warm_up, *names = sys.argv[1:]
    installed = {}
    for package in PACKAGES:
        try:
            installed[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            print(f"peer absent: {package}; {INSTALL}", flush=True)
    print(f"peers: {json.dumps(installed)}", flush=True)
    taken: dict[str, np.ndarray] = {}
    with np.load(given_path) as given:
        sequences = {key.split("/")[0]: _unpack(given, key.split("/")[0]) for key in given.files}
    for name in names:
        if name.split()[0] not in installed:
            continue
        for sequence, images in sequences.items():
            rows, cpu_s = _answer(name, images, int(repeats), int(warm_up))
            taken[f"{name}/{sequence}/rows"], taken[f"{name}/{sequence}/cpu_s"] = rows, np.array(cpu_s)
    np.savez(taken_path, **taken)
    return 0


if __name__ == "__main__":
    sys.exit(main())
