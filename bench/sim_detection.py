"""Whether a detector that was trained on photographs (COCO) finds the people and cars of the simulated worlds.

FastestDet of the recordings' folder, on every shipped world. An object counts that shows at least half of itself and
is at least 40 (person) or 24 (car) pixels high; smaller, more hidden ones and cyclists, whose box holds the bicycle
too, count neither as missed nor, when found, as false. A detection is right with an overlap (IoU) of at least 0.5, one
an object, best score first.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from mobinet.detection import DetectorSettings, make_detector
from mobinet.errors import MissingDependencyError
from mobinet.sim.export_layout import sees_colours
from mobinet.sim.simulation import Simulation
from mobinet.sim.truth import TrueObject
from mobinet.sim.world import ObjectClass
from mobinet.sim.world_file import find_world, load_world, scenario_names
from mobinet.types import Detections, Float32, Frame

ROOT = Path(__file__).resolve().parent.parent
CLASSES = {"person": (ObjectClass.PERSON, 40.0), "car": (ObjectClass.CAR, 24.0)}
LEAST_VISIBILITY = 0.5
OVERLAP = 0.5


def iou(box: Float32, others: Float32) -> Float32:
    corner = np.maximum(box[:2], others[:, :2])
    size = np.clip(np.minimum(box[2:], others[:, 2:]) - corner, 0, None)
    shared = size.prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod()
    return shared / (areas - shared)


def count(found: Detections, objects: tuple[TrueObject, ...], name: str) -> Counter[str]:
    """Right, false and missed detections of one class in one image."""
    wanted_class, least_height = CLASSES[name]
    wanted, others = [], []
    for thing in objects:
        counts = thing.object_class is wanted_class and thing.visibility >= LEAST_VISIBILITY
        counts &= bool(thing.box[3] - thing.box[1] >= least_height)
        (wanted if counts else others).append(thing.box)
    free = np.array(wanted, np.float32).reshape(-1, 4)
    ignored = np.array(others, np.float32).reshape(-1, 4)
    result = Counter(right=0, false=0)
    of_class = found[np.array([label == name for label in found.class_names], bool)]
    for index in np.argsort(-of_class.scores):
        box = of_class.boxes[index]
        overlaps = iou(box, free)
        if len(free) and overlaps.max() >= OVERLAP:
            result["right"] += 1
            free = np.delete(free, int(overlaps.argmax()), axis=0)
        elif not covered(box, ignored):
            result["false"] += 1
    result["missed"] = len(free)
    return result


def covered(box: Float32, ignored: Float32) -> bool:
    """Whether half of the box lies in one of the boxes that do not count."""
    corner = np.maximum(box[:2], ignored[:, :2])
    size = np.clip(np.minimum(box[2:], ignored[:, 2:]) - corner, 0, None)
    return bool((size.prod(axis=1) >= 0.5 * (box[2:] - box[:2]).prod()).any())


def measure(name: str, model: Path, step_s: float, threshold: float) -> dict[str, Counter[str]]:
    settings = DetectorSettings(model=str(model), classes=tuple(CLASSES), score_threshold=threshold, threads=1)
    detector = make_detector(settings)
    totals = {label: Counter[str]() for label in CLASSES}
    with Simulation(load_world(find_world(name))) as simulation:
        for stamp_ns in range(0, int(simulation.world.duration_s * 1e9), int(step_s * 1e9)):
            for view in filter(sees_colours, simulation.views):
                found = detector.detect([Frame(stamp_ns, view.name, simulation.image(view, stamp_ns))])[0]
                objects = simulation.truth(view, stamp_ns)
                for label in CLASSES:
                    totals[label].update(count(found, objects, label))
    return totals


def rates(total: Counter[str]) -> dict[str, float | None]:
    right, false, missed = total["right"], total["false"], total["missed"]
    recall = round(right / (right + missed), 3) if right + missed else None
    precision = round(right / (right + false), 3) if right + false else None
    return {"objects": right + missed, "recall": recall, "precision": precision}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOBINET_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--quick", action="store_true", help="an image every 2 s instead of two a second")
    parser.add_argument("--threshold", type=float, default=0.5, help="lowest score of a detection")
    options = parser.parse_args()
    model = Path(options.data) / "models/fastestdet/FastestDet.onnx"
    if not model.is_file():
        print(f"skipped: needs the recordings, '{model}' is absent; set MOBINET_DATA")
        return 0
    result: dict[str, dict[str, dict[str, float | None]]] = {}
    print(f"{'world':14}{'class':8}{'objects':>9}{'recall':>9}{'precision':>11}")
    for name in scenario_names():
        try:
            totals = measure(name, model, 2.0 if options.quick else 0.5, options.threshold)
        except MissingDependencyError as error:
            print(f"skipped: {error}")
            return 0
        result[name] = {label: rates(total) for label, total in totals.items()}
        for label, figures in result[name].items():
            if figures["objects"]:
                recall, precision = ("-" if figures[key] is None else figures[key] for key in ("recall", "precision"))
                print(f"{name:14}{label:8}{figures['objects']:9}{recall:>9}{precision:>11}")
    print(json.dumps({"bench": "sim_detection", "ours": result, "peers": {}, "limit": {}}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
