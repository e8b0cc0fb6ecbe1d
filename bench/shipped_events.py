"""The shipped street-events next to what needs no learning, on event cameras that it was not trained on.

Random worlds of other seeds than those of training and validation (40000 on), before sensors that stand, drive, turn
and are worn, by day, dusk and night, two seconds each, whose noise is filtered as in a node. What is less than half
visible or below 24 (people, cyclists) or 16 (cars) pixels high need not be found, nor what has not moved before a
camera that stands. ``clusters`` knows no classes: to compare, both are judged by boxes alone, too.

Average precision and, at a score of 0.5, recall and precision, all at an overlap (IoU) of 0.5, by pycocotools; and the
time of a window on one core, counting and suppression included.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402

from mobinet.errors import MissingDependencyError  # noqa: E402
from mobinet.evaluation.detection import DetectionSettings, evaluate_detection  # noqa: E402
from mobinet.evaluation.tables import BoxTable  # noqa: E402
from mobinet.events import (  # noqa: E402
    BackgroundActivityFilter,
    ClusterSettings,
    EventDetector,
    EventDetectorSettings,
    NoiseSettings,
    Window,
    make_event_detector,
)
from mobinet.events.recurrent import RecurrentSettings  # noqa: E402
from mobinet.learning.event_sequences import LabelledSequence, read_sequences, render_sequences  # noqa: E402
from mobinet.sim.random_sequences import RandomSequenceSettings  # noqa: E402
from mobinet.types import Detections  # noqa: E402

FIRST_SEED, WORLDS = 40_000, 12
WINDOW_NS = 50_000_000
FIRST_JUDGED_NS = 200_000_000
LEAST_HEIGHT_PX = {"person": 24.0, "cyclist": 24.0, "car": 16.0}
LEAST_VISIBILITY = 0.5
LEAST_SPEED = 0.1  # metres per second
LEAST_SCORE = 0.02


@dataclass
class Boxes:
    """Rows of a BoxTable that grows."""

    images: list[str] = field(default_factory=list)
    boxes: list[list[float]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    forgiven: list[bool] = field(default_factory=list)

    def add(self, image: str, box: Sequence[float], name: str, score: float = 1.0, forgiven: bool = False) -> None:
        if box[2] > box[0] and box[3] > box[1]:
            self.images.append(image)
            self.boxes.append(list(box))
            self.names.append(name)
            self.scores.append(score)
            self.forgiven.append(forgiven)

    def table(self, images: set[str]) -> BoxTable:
        """Of some of the images."""
        rows = [row for row, image in enumerate(self.images) if image in images]
        return BoxTable(
            np.array([self.images[row] for row in rows], np.str_),
            np.array([self.boxes[row] for row in rows], np.float32).reshape(-1, 4),
            np.array([self.names[row] for row in rows], np.str_),
            np.array([self.scores[row] for row in rows], np.float64),
            np.array([self.forgiven[row] for row in rows], bool),
        )


@dataclass
class Trial:
    """What is true, and what each detector found, at the ends of windows; groups of them by what was going on."""

    true: Boxes = field(default_factory=Boxes)
    found: dict[str, Boxes] = field(default_factory=dict)
    groups: dict[str, set[str]] = field(default_factory=dict)
    milliseconds: dict[str, list[float]] = field(default_factory=dict)

    def look(self, sequence: LabelledSequence, detectors: Mapping[str, EventDetector]) -> None:
        noise = BackgroundActivityFilter(*sequence.size, NoiseSettings().support_s)
        for window in windows(sequence):
            events = sequence.events(*window)
            events = events[noise.keep(events)]
            key = f"{sequence.path.stem}/{window.end_ns}"
            for name, detector in detectors.items():
                start_s = time.process_time()
                found = detector.detect(events, window)
                self.milliseconds.setdefault(name, []).append((time.process_time() - start_s) * 1000)
                if window.end_ns > FIRST_JUDGED_NS:
                    self._add_found(name, key, found)
            if window.end_ns > FIRST_JUDGED_NS:
                self._add_true(sequence, window.end_ns, key)

    def scores(self, name: str, group: str, *, any_class: bool) -> dict[str, dict[str, float]]:
        """By class of the truth."""
        images = self.groups[group]
        settings = DetectionSettings(score=0.5, any_class=any_class, ignored_classes=())
        truth, found = self.true.table(images), self.found[name].table(images)
        report = evaluate_detection(truth, found, settings, sorted(images))
        return {
            label: {
                "objects": scores.truth_boxes,
                "ap50": round(scores.ap50, 3),
                "recall": round(scores.recall, 3),
                # of nothing found there is none
                "precision": round(float(np.nan_to_num(scores.precision)), 3),
            }
            for label, scores in report.classes.items()
            if scores.truth_boxes
        }

    def _add_found(self, name: str, key: str, found: Detections) -> None:
        boxes = self.found.setdefault(name, Boxes())
        for box, label, score in zip(found.boxes.tolist(), found.class_names, found.scores.tolist(), strict=True):
            boxes.add(key, box, label, score)

    def _add_true(self, sequence: LabelledSequence, stamp_ns: int, key: str) -> None:
        for group in ("all", "moving camera" if sequence.moving else "still camera", sequence.light):
            self.groups.setdefault(group, set()).add(key)
        moved = sequence.top_speeds(0, stamp_ns) >= LEAST_SPEED
        boxes, visibility, indices = sequence.objects_at(stamp_ns)
        for box, visible, index in zip(boxes.tolist(), visibility.tolist(), indices.tolist(), strict=True):
            name = sequence.labels[index]
            if name in LEAST_HEIGHT_PX:
                hard = visible < LEAST_VISIBILITY or box[3] - box[1] < LEAST_HEIGHT_PX[name]
                self.true.add(key, box, name, forgiven=hard or not (moved[index] or sequence.moving))


def windows(sequence: LabelledSequence) -> Iterator[Window]:
    for start_ns in range(0, int(sequence.stamps_ns[-1]) - WINDOW_NS + 1, WINDOW_NS):
        yield Window(start_ns, start_ns + WINDOW_NS)


def make_detectors(model: str, size: tuple[int, int]) -> dict[str, EventDetector]:
    """Ours, which tells whatever has a score at all, and what needs no learning."""
    network = RecurrentSettings(network_score_threshold=LEAST_SCORE, network_threads=1)
    return {
        "street-events": make_event_detector(EventDetectorSettings(model=model), *size, network=network),
        "clusters": make_event_detector(EventDetectorSettings(model="clusters"), *size, clusters=ClusterSettings()),
    }


def show(group: str, name: str, scores: Mapping[str, Mapping[str, float]]) -> None:
    for label, row in scores.items():
        rates = f"{row['ap50']:9.3f}{row['recall']:9.3f}{row['precision']:11.3f}"
        print(f"{group:16}{label:9}{name:15}{row['objects']:8}{rates}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="where sequences are kept, to be rendered once")
    parser.add_argument("--worlds", type=int, default=WORLDS, help="default %(default)s")
    parser.add_argument("--quick", action="store_true", help="one world")
    parser.add_argument("--model", default="street-events", help="another file instead of the shipped network")
    options = parser.parse_args()
    trial = Trial()
    with tempfile.TemporaryDirectory() as spare:
        data, settings = options.data or Path(spare), RandomSequenceSettings()
        try:
            render_sequences(data, settings.cameras * (1 if options.quick else options.worlds), FIRST_SEED, settings)
            for sequence in read_sequences(data):
                trial.look(sequence, make_detectors(options.model, sequence.size))
        except MissingDependencyError as error:
            print(f"skipped: {error}")
            return 0
    result: dict[str, dict[str, object]] = {name: {} for name in trial.found}
    print(f"{'sequences':16}{'class':9}{'detector':15}{'objects':>8}{'AP50':>9}{'recall':>9}{'precision':>11}")
    for group in trial.groups:
        for name in trial.found:
            scores = trial.scores(name, group, any_class=True)
            if name != "clusters":
                scores |= trial.scores(name, group, any_class=False)
            show(group, name, scores)
            result[name][group] = scores
    times = {name: round(statistics.median(values), 1) for name, values in trial.milliseconds.items()}
    print(f"milliseconds of one core a window of {WINDOW_NS / 1e6:.0f} ms: {times}")
    ours = {**result["street-events"], "cpu_ms": times["street-events"]}
    peers = {"clusters": {**result.get("clusters", {}), "cpu_ms": times["clusters"]}}
    print(json.dumps({"bench": "shipped_events", "ours": ours, "peers": peers, "limit": {}}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
