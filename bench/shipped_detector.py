"""The shipped street-detector next to FastestDet (trained on photographs), on images that neither was trained on.

On the shipped worlds, two images a second of every camera: what is less than half visible or below 40 (people,
cyclists) or 24 (cars) pixels high need not be found. FastestDet knows no cyclist but finds riders: cyclists are
forgiven among people, for both. On the first 100 images of PETS09-S2L1 and on TUD-Campus: all people of the truth.

Average precision and, at a score of 0.5, recall and precision, all at an overlap (IoU) of 0.5, by pycocotools; and the
time of an image on one core as nodes run it, preparation and suppression included.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from mobinet.detection import Detector, DetectorSettings, make_detector
from mobinet.errors import MissingDependencyError
from mobinet.evaluation.detection import DetectionSettings, evaluate_detection
from mobinet.evaluation.tables import BoxTable
from mobinet.recordings.mot import read_mot
from mobinet.sim.export_layout import sees_colours
from mobinet.sim.simulation import Simulation
from mobinet.sim.truth import TrueObject
from mobinet.sim.world_file import find_world, load_world, scenario_names
from mobinet.types import Detections, Frame, Image

ROOT = Path(__file__).resolve().parent.parent
LEAST_HEIGHT_PX = {"person": 40.0, "cyclist": 40.0, "car": 24.0}
PEER_CLASSES = ("person", "car")
LEAST_VISIBILITY = 0.5
RECORDINGS = {
    "PETS09-S2L1": ("pets09_s2l1_768x576_first100.avi", 100),
    "TUD-Campus": ("TUD-Campus.mp4", 71),
}


@dataclass
class Boxes:
    """Rows of a BoxTable that grows."""

    images: list[str] = field(default_factory=list)
    boxes: list[list[float]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    forgiven: list[bool] = field(default_factory=list)

    def add(self, image: str, box: list[float], name: str, score: float = 1.0, forgiven: bool = False) -> None:
        self.images.append(image)
        self.boxes.append(box)
        self.names.append(name)
        self.scores.append(score)
        self.forgiven.append(forgiven)

    def add_found(self, image: str, found: Detections) -> None:
        for box, name, score in zip(found.boxes.tolist(), found.class_names, found.scores.tolist(), strict=True):
            if box[2] > box[0] and box[3] > box[1]:
                self.add(image, box, name, score)

    def add_true(self, image: str, thing: TrueObject) -> None:
        name = thing.object_class.label
        if name not in LEAST_HEIGHT_PX:
            return
        box = thing.box.tolist()
        hard = thing.visibility < LEAST_VISIBILITY or box[3] - box[1] < LEAST_HEIGHT_PX[name]
        self.add(image, box, name, forgiven=hard)
        if name == "cyclist":
            self.add(image, box, "person", forgiven=True)

    def table(self) -> BoxTable:
        boxes = np.array(self.boxes, np.float32).reshape(-1, 4)
        names = np.array(self.names, np.str_)
        return BoxTable(np.array(self.images), boxes, names, np.array(self.scores), np.array(self.forgiven, bool))


class Trial:
    """Detectors on the same images.

    Args:
        thorough: report whatever has a score at all, for average precision.
        usual: report what a node would; timed.
    """

    def __init__(self, thorough: dict[str, Detector], usual: dict[str, Detector]) -> None:
        self._thorough, self._usual = thorough, usual
        self.images: list[str] = []
        self.true = Boxes()
        self.found = {name: Boxes() for name in thorough}
        self.milliseconds: dict[str, list[float]] = {name: [] for name in thorough}

    def look(self, key: str, image: Image) -> None:
        self.images.append(key)
        frame = Frame(len(self.images), "bench", image)
        for name, detector in self._thorough.items():
            self.found[name].add_found(key, detector.detect([frame])[0])
        for name, detector in self._usual.items():
            start_s = time.process_time()
            detector.detect([frame])
            self.milliseconds[name].append((time.process_time() - start_s) * 1000)

    def scores(self, name: str) -> dict[str, dict[str, float]]:
        """By class of the truth: what there is, average precision, recall and precision."""
        settings = DetectionSettings(score=0.5, ignored_classes=())
        report = evaluate_detection(self.true.table(), self.found[name].table(), settings, self.images)
        return {
            label: {
                "objects": scores.truth_boxes,
                "ap50": round(scores.ap50, 3),
                "recall": round(scores.recall, 3),
                "precision": round(scores.precision, 3),
            }
            for label, scores in report.classes.items()
            if scores.truth_boxes
        }


def world_images(name: str, step_s: float, trial: Trial) -> None:
    with Simulation(load_world(find_world(name))) as simulation:
        views = [view for view in simulation.views if sees_colours(view)]
        for stamp_ns in range(0, int(simulation.world.duration_s * 1e9), int(step_s * 1e9)):
            for view in views:
                key = f"{name}/{view.name}/{stamp_ns}"
                trial.look(key, simulation.image(view, stamp_ns))
                for thing in simulation.truth(view, stamp_ns):
                    trial.true.add_true(key, thing)


def recorded_images(folder: Path, video: str, count: int, step: int) -> Iterator[tuple[int, Image]]:
    capture = cv2.VideoCapture(str(folder / video))
    for number in range(1, count + 1):
        there, image = capture.read()
        if not there:
            break
        if (number - 1) % step == 0:
            yield number, np.asarray(image, np.uint8)
    capture.release()


def recording(data: Path, name: str, step: int, trial: Trial) -> None:
    folder = data / "mot" / name
    truth = read_mot(folder / "gt.txt")
    for number, image in recorded_images(folder, *RECORDINGS[name], step):
        key = f"{name}/{number}"
        trial.look(key, image)
        rows = truth.frames == number
        for box, counts in zip(truth.boxes[rows].tolist(), truth.scores[rows].tolist(), strict=True):
            trial.true.add(key, box, "person", forgiven=counts <= 0)


def show(place: str, results: dict[str, dict[str, dict[str, float]]]) -> None:
    for label in sorted({label for result in results.values() for label in result}):
        for name, result in results.items():
            if label in result:
                row = result[label]
                rates = f"{row['ap50']:9.3f}{row['recall']:9.3f}{row['precision']:11.3f}"
                print(f"{place:16}{label:9}{name:17}{row['objects']:8}{rates}", flush=True)


def make_detectors(model: str, peer: Path, **changes: float) -> dict[str, Detector]:
    """Ours and the peer, each on one core."""
    settings = {
        "street-detector": DetectorSettings(model=model, threads=1),
        "fastestdet": DetectorSettings(model=str(peer), classes=PEER_CLASSES, threads=1),
    }
    return {name: make_detector(replace(each, **changes)) for name, each in settings.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOBINET_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--quick", action="store_true", help="every fourth image")
    parser.add_argument("--model", default="street-detector", help="another file instead of the shipped network")
    options = parser.parse_args()
    peer = Path(options.data) / "models/fastestdet/FastestDet.onnx"
    if not peer.is_file():
        print(f"skipped: needs the recordings, '{peer}' is absent; set MOBINET_DATA")
        return 0
    usual, thorough = (make_detectors(options.model, peer, **change) for change in ({}, {"score_threshold": 0.02}))
    result: dict[str, dict[str, dict[str, dict[str, float]]]] = {name: {} for name in usual}
    milliseconds: dict[str, list[float]] = {name: [] for name in usual}
    print(f"{'images':16}{'class':9}{'network':17}{'objects':>8}{'AP50':>9}{'recall':>9}{'precision':>11}")

    def finish(place: str, trial: Trial) -> None:
        scores = {name: trial.scores(name) for name in usual}
        scores["fastestdet"].pop("cyclist", None)
        show(place, scores)
        for name in usual:
            result[name][place] = scores[name]
            milliseconds[name] += trial.milliseconds[name]

    try:
        worlds = Trial(thorough, usual)
        for name in scenario_names():
            world_images(name, 2.0 if options.quick else 0.5, worlds)
        finish("shipped worlds", worlds)
        for name in RECORDINGS:
            trial = Trial(thorough, usual)
            recording(Path(options.data), name, 4 if options.quick else 1, trial)
            finish(name, trial)
    except MissingDependencyError as error:
        print(f"skipped: {error}")
        return 0
    times = {name: round(statistics.median(values), 1) for name, values in milliseconds.items()}
    print(f"milliseconds of one core an image: {times}")
    ours, theirs = result["street-detector"], result["fastestdet"]
    figures = {"bench": "shipped_detector", "ours": {**ours, "cpu_ms": times["street-detector"]}}
    print(json.dumps({**figures, "peers": {"fastestdet": {**theirs, "cpu_ms": times["fastestdet"]}}, "limit": {}}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
