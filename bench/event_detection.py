"""What is detected in the events of an event camera, and in the images of the RGB camera beside it.

Random simulated scenes of 4 s (``event_scenes/worlds.py``) by day, at night and in fast motion, from at least 10 seeds.
Images have motion blur and noise. ``clusters`` and ``movers`` need no learning and know no classes; ``street-events``
is the network that is shipped; ``street-detector`` looks at the images of the RGB camera, and is the peer. Each is
judged in the image of its own camera.

Average precision, recall and precision at a score of 0.5 are at an overlap (IoU) of 0.5, whatever the class, by
pycocotools: ``ap50`` of all seeds together, then mean and standard deviation over seeds. What is less than half visible
or low (24 of 240 rows) need not be found. ``moving`` forgives also what stands before a camera that stands, of which an
event camera tells nothing. ``delay_ms`` is the time from 100 ms before an object has to be found to its first right
detection, the median over those that ``appeared``, some of which are ``never`` found; ``cpu_ms`` is the time of one
window or image on one core, the median.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
from event_scenes.finding import Found, find_in_events, find_in_images  # noqa: E402
from event_scenes.judging import first_seen_ms, found_boxes, join, judged_stamps_ns, spread, true_boxes  # noqa: E402
from event_scenes.scene import Scene, load_scene  # noqa: E402
from event_scenes.worlds import CONDITIONS  # noqa: E402

from mobinet.detection import Detector, DetectorSettings, make_detector  # noqa: E402
from mobinet.errors import MissingDependencyError, MobinetError  # noqa: E402
from mobinet.evaluation import BoxTable, DetectionSettings, evaluate_detection  # noqa: E402
from mobinet.events import EventDetectorSettings, RecurrentSettings, make_event_detector  # noqa: E402

SEEDS = (5000, 10)
SCORE = 0.5
# what average precision is made of, far below what a node reports
LEAST_SCORE = 0.05
EVENT_MODELS = ("clusters", "movers", "street-events")
RGB_MODEL = "street-detector"


class Trial:
    """One detector on all scenes of a condition."""

    def __init__(self) -> None:
        self.true: dict[bool, list[BoxTable]] = {False: [], True: []}
        self.found: list[BoxTable] = []
        self.images: list[list[str]] = []
        self.delays_ms: list[float] = []
        self.cpu_ms: list[float] = []

    def add(self, scene: Scene, found: Sequence[Found], *, events: bool) -> None:
        camera, truth = (scene.dvs, scene.events_truth) if events else (scene.rgb, scene.rgb_truth)
        for moving, tables in self.true.items():
            tables.append(true_boxes(scene, camera, truth, moving))
        self.found.append(found_boxes(scene, found))
        self.images.append([f"{scene.world.name} {stamp_ns}" for stamp_ns in judged_stamps_ns(scene)])
        self.delays_ms += first_seen_ms(scene, camera, truth, found, SCORE)
        self.cpu_ms += [each.cpu_ms for each in found]

    def figures(self) -> dict[str, float | None]:
        settings = DetectionSettings(score=SCORE, any_class=True)
        images = [image for each in self.images for image in each]
        found = join(self.found)
        whole = evaluate_detection(join(self.true[False]), found, settings, images).mean
        moving = evaluate_detection(join(self.true[True]), found, settings, images).mean
        each = [
            evaluate_detection(*tables, settings, own).mean.ap50
            for *tables, own in zip(self.true[False], self.found, self.images, strict=True)
        ]
        mean, deviation = spread(each)
        return {
            "ap50": round(whole.ap50, 3),
            "ap50_mean": round(mean, 3),
            "ap50_sd": round(deviation, 3),
            "ap50_moving": round(moving.ap50, 3),
            "recall": round(whole.recall, 3),
            "precision": round(whole.precision, 3),
            "delay_ms": _median(self.delays_ms),
            "appeared": len(self.delays_ms),
            "never": int(np.isinf(self.delays_ms).sum()),
            "cpu_ms": _median(self.cpu_ms),
        }


def _median(values: Sequence[float]) -> float | None:
    """Of all; ``None`` where there is none, or it is infinite."""
    median = float(np.median(values)) if values else np.inf
    return round(median, 1) if np.isfinite(median) else None


def contenders(scene: Scene, rgb: Detector, models: Sequence[str]) -> dict[str, Callable[[], list[Found]]]:
    """What each finds in a scene; event detectors remember, and are made anew."""
    width, height = scene.dvs.model.width, scene.dvs.model.height
    found: dict[str, Callable[[], list[Found]]] = {RGB_MODEL: lambda: find_in_images(scene, rgb)}
    network = RecurrentSettings(network_score_threshold=LEAST_SCORE)
    for model in models:
        detector = make_event_detector(EventDetectorSettings(model), width, height, network=network)
        found[model] = lambda detector=detector: find_in_events(scene, detector)  # type: ignore[misc]
    return found


def run(seeds: Sequence[int], conditions: Sequence[str], models: Sequence[str], cache: Path | None) -> dict[str, Trial]:
    """All detectors on all scenes; trials by ``condition/detector``."""
    rgb = make_detector(DetectorSettings(model=RGB_MODEL, score_threshold=LEAST_SCORE, threads=1))
    trials: dict[str, Trial] = {}
    for condition in conditions:
        for seed in seeds:
            scene = load_scene(seed, condition, cache)
            for name, find in contenders(scene, rgb, models).items():
                trials.setdefault(f"{condition}/{name}", Trial()).add(scene, find(), events=name != RGB_MODEL)
    return trials


def show(figures: Mapping[str, Mapping[str, float | None]]) -> None:
    print(f"{'':24}" + "".join(f"{name:>12}" for name in next(iter(figures.values()))))
    for case, values in figures.items():
        print(f"{case:24}" + "".join(f"{'-' if value is None else value:>12}" for value in values.values()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="not used: the scenes are rendered")
    parser.add_argument("--quick", action="store_true", help="one scene by day")
    parser.add_argument("--seeds", type=int, nargs=2, default=SEEDS, metavar=("FIRST", "COUNT"))
    parser.add_argument("--conditions", nargs="+", choices=CONDITIONS, default=CONDITIONS)
    parser.add_argument("--models", nargs="+", default=EVENT_MODELS, help="detectors of events")
    parser.add_argument("--cache", type=Path, help="folder that keeps rendered scenes, 20 MB each")
    options = parser.parse_args()
    first, count = options.seeds
    seeds, conditions = range(first, first + (1 if options.quick else count)), options.conditions
    try:
        trials = run(seeds, conditions[:1] if options.quick else conditions, options.models, options.cache)
    except MissingDependencyError as error:
        print(f"skipped: {error}")
        return 0
    except MobinetError as error:
        print(f"cannot run: {error}", file=sys.stderr)
        return 1
    figures = {case: trial.figures() for case, trial in trials.items()}
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {len(seeds)} seeds from {first}")
    show(figures)
    ours = {case: values for case, values in figures.items() if not case.endswith(RGB_MODEL)}
    peers = {case: values for case, values in figures.items() if case.endswith(RGB_MODEL)}
    print(json.dumps({"bench": "event_detection", "ours": ours, "peers": peers, "limit": {}}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
