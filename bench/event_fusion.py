"""Whether an event camera beside an RGB camera helps to follow what is there: by day, at night, in fast motion.

Random simulated scenes of 4 s (``event_scenes/worlds.py``) from at least 10 seeds; images have motion blur and noise,
and come ten a second. The shipped networks detect in both cameras, our tracker follows, and knows from odometry how the
cameras move. HOTA is over all objects at the images' stamps, whatever their class:

- ``rgb``: the RGB camera alone;
- ``events``: the event camera alone, judged in its own image;
- ``union``, the peer: what one would do first. The newest boxes of the event camera are mapped to the image at a usual
  distance, those that overlap one of the RGB camera's by half are left out, and one tracker gets the rest as equals;
- ``fusion``: our fused tracker, which gets both as they come, each with its noise.

``hota`` is of all seeds together; mean and standard deviation are over seeds. ``over_rgb`` is the mean of the
differences to ``rgb`` of the same seed with its standard error, ``worst`` the lowest of them. What is less than half
visible or low need not be followed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from event_scenes.draw import draw_instant  # noqa: E402
from event_scenes.finding import Found, find_in_events, find_in_images, image_motion  # noqa: E402
from event_scenes.judging import mot_scores, spread  # noqa: E402
from event_scenes.scene import Scene, load_scene  # noqa: E402
from event_scenes.worlds import CONDITIONS  # noqa: E402

from mobinet.boxes import iou_matrix  # noqa: E402
from mobinet.detection import DetectorSettings, make_detector  # noqa: E402
from mobinet.errors import MissingDependencyError, MobinetError  # noqa: E402
from mobinet.evaluation import MotScores, combine_mot  # noqa: E402
from mobinet.events import EventDetectorSettings, make_event_detector  # noqa: E402
from mobinet.sim.world import SimCamera  # noqa: E402
from mobinet.sister_camera import SisterCamera  # noqa: E402
from mobinet.tracking import FusedTracker, Tracker, TrackerSettings  # noqa: E402
from mobinet.types import Detections, Float64, Frame, Track  # noqa: E402

SEEDS = (5000, 10)
RGB_MODEL, EVENTS_MODEL, QUICK_MODEL = "street-detector", "street-events", "clusters"
# as docs/detection.md has it for the shipped network, for every contender
LEAST_SCORE = 0.4
TRACKER = TrackerSettings(high_score=0.5, new_track_score=0.55)
SAME_IOU = 0.5
DRAWN_NS = 2_000_000_000
LIMIT = {"day": 0.0, "lamps": 10.0, "night": 10.0, "fast": 10.0}

Tracks = dict[int, list[Track]]


class Moving:
    """How a camera's image moved since the last time that was asked."""

    def __init__(self, scene: Scene, camera: SimCamera) -> None:
        self._scene, self._camera = scene, camera
        self._before_ns: int | None = None

    def until(self, stamp_ns: int) -> Float64 | None:
        before_ns, self._before_ns = self._before_ns, stamp_ns
        return None if before_ns is None else image_motion(self._scene, self._camera, before_ns, stamp_ns)


def follow(scene: Scene, camera: SimCamera, found: Sequence[Found]) -> Tracks:
    """One camera alone."""
    tracker, moving = Tracker(TRACKER), Moving(scene, camera)
    return {
        each.stamp_ns: tracker.update(
            Frame(each.stamp_ns, camera.name, None), each.detections, image_motion=moving.until(each.stamp_ns)
        )
        for each in found
    }


def follow_union(scene: Scene, images: Sequence[Found], events: Sequence[Found]) -> Tracks:
    """Both as if the RGB camera had found everything, at its stamps."""
    sister = SisterCamera(scene.rgb.model, scene.dvs.model, scene.sister2camera)
    period_ns = round(1e9 / scene.rgb.rate)
    joined = []
    for each in images:
        late = [other for other in events if each.stamp_ns - period_ns < other.stamp_ns <= each.stamp_ns]
        both = unite(each.detections, late[-1].detections, sister) if late else each.detections
        joined.append(Found(each.stamp_ns, both, each.cpu_ms))
    return follow(scene, scene.rgb, joined)


def unite(detections: Detections, others: Detections, sister: SisterCamera) -> Detections:
    mapped = sister.map(others.boxes)
    overlaps = iou_matrix(mapped.boxes.astype(np.float64), detections.boxes.astype(np.float64))
    new = np.flatnonzero(overlaps.max(axis=1, initial=0.0) < SAME_IOU)
    rows = mapped.rows[new]
    return Detections(
        np.concatenate([detections.boxes, mapped.boxes[new]]),
        np.concatenate([detections.scores, others.scores[rows]]),
        (*detections.class_names, *(others.class_names[row] for row in rows)),
    )


def follow_both(scene: Scene, images: Sequence[Found], events: Sequence[Found]) -> Tracks:
    """Both in order of time; of one time, events first."""
    sister = SisterCamera(scene.rgb.model, scene.dvs.model, scene.sister2camera)
    tracker, moving = FusedTracker(sister, TRACKER), Moving(scene, scene.rgb)
    tracks: Tracks = {}
    steps = [(each.stamp_ns, False, each) for each in events] + [(each.stamp_ns, True, each) for each in images]
    for stamp_ns, own, each in sorted(steps, key=lambda step: step[:2]):
        frame, motion = Frame(stamp_ns, scene.rgb.name, None), moving.until(stamp_ns)
        if own:
            tracks[stamp_ns] = tracker.update(frame, each.detections, image_motion=motion)
        else:
            tracker.update_sister(frame, each.detections, scene.camera2map(stamp_ns), motion)
    return tracks


def judge(scene: Scene, images: Sequence[Found], events: Sequence[Found]) -> dict[str, MotScores]:
    """Scores of one scene by contender."""
    rgb, dvs = (scene.rgb, scene.rgb_truth), (scene.dvs, scene.events_truth)
    return {
        "rgb": mot_scores(scene, *rgb, follow(scene, scene.rgb, images)),
        "events": mot_scores(scene, *dvs, follow(scene, scene.dvs, events)),
        "union": mot_scores(scene, *rgb, follow_union(scene, images, events)),
        "fusion": mot_scores(scene, *rgb, follow_both(scene, images, events)),
    }


def run(
    seeds: Sequence[int], conditions: Sequence[str], model: str, cache: Path | None, pictures: Path | None
) -> dict[str, list[dict[str, MotScores]]]:
    """Scores of every scene by condition."""
    detector = make_detector(DetectorSettings(model=RGB_MODEL, score_threshold=LEAST_SCORE, threads=1))
    found: dict[str, list[dict[str, MotScores]]] = {}
    for condition in conditions:
        for seed in seeds:
            scene = load_scene(seed, condition, cache)
            size = scene.dvs.model.width, scene.dvs.model.height
            events = find_in_events(scene, make_event_detector(EventDetectorSettings(model), *size))
            images = find_in_images(scene, detector)
            found.setdefault(condition, []).append(judge(scene, images, events))
            if pictures is not None:
                write_picture(pictures / f"{scene.world.name}.jpg", scene, images, events)
    return found


def write_picture(path: Path, scene: Scene, images: Sequence[Found], events: Sequence[Found]) -> None:
    alone, both = follow(scene, scene.rgb, images), follow_both(scene, images, events)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), draw_instant(scene, DRAWN_NS, alone[DRAWN_NS], both[DRAWN_NS], events))


def figures(scores: Sequence[Mapping[str, MotScores]]) -> dict[str, dict[str, Any]]:
    """By contender, over the scenes of one condition."""
    result = {}
    alone = np.array([100 * each["rgb"].hota for each in scores])
    for name in scores[0]:
        each = np.array([100 * scene[name].hota for scene in scores])
        whole, (mean, deviation) = combine_mot([scene[name] for scene in scores]), spread(each.tolist())
        more, more_deviation = spread((each - alone).tolist())
        result[name] = {
            "hota": round(100 * whole.hota, 1),
            "deta": round(100 * whole.deta, 1),
            "assa": round(100 * whole.assa, 1),
            "idf1": round(100 * whole.idf1, 1),
            "idsw": whole.idsw,
            "hota_mean": round(mean, 1),
            "hota_sd": round(deviation, 1),
            "over_rgb": round(more, 1),
            "over_rgb_se": round(more_deviation / len(scores) ** 0.5, 1),
            "worst": round(float((each - alone).min()), 1),
            "hota_each": each.round(1).tolist(),
        }
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="not used: the scenes are rendered")
    parser.add_argument("--quick", action="store_true", help=f"one scene by day, with {QUICK_MODEL}")
    parser.add_argument("--seeds", type=int, nargs=2, default=SEEDS, metavar=("FIRST", "COUNT"))
    parser.add_argument("--conditions", nargs="+", choices=CONDITIONS, default=CONDITIONS)
    parser.add_argument("--events", default=EVENTS_MODEL, help="detector of events")
    parser.add_argument("--cache", type=Path, help="folder that keeps rendered scenes, 20 MB each")
    parser.add_argument("--draw", type=Path, help="folder for a picture of every scene, two seconds after it begins")
    options = parser.parse_args()
    first, count = options.seeds
    seeds = range(first, first + (1 if options.quick else count))
    model = QUICK_MODEL if options.quick else options.events
    try:
        conditions = options.conditions[:1] if options.quick else options.conditions
        scores = run(seeds, conditions, model, options.cache, options.draw)
    except MissingDependencyError as error:
        print(f"skipped: {error}")
        return 0
    except MobinetError as error:
        print(f"cannot run: {error}", file=sys.stderr)
        return 1
    found = {condition: figures(each) for condition, each in scores.items()}
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {len(seeds)} seeds from {first}; events by {model}")
    for condition, contenders in found.items():
        names = [name for name in contenders["rgb"] if name != "hota_each"]
        print(f"{condition:16}" + "".join(f"{name:>12}" for name in names))
        for contender, values in contenders.items():
            print(f"  {contender:14}" + "".join(f"{values[name]:>12g}" for name in names))
    peers = {f"{condition}/union": contenders.pop("union") for condition, contenders in found.items()}
    ours = {f"{case}/{name}": values for case, contenders in found.items() for name, values in contenders.items()}
    limit = {f"{condition}/fusion/over_rgb": LIMIT[condition] for condition in found}
    print(json.dumps({"bench": "event_fusion", "ours": ours, "peers": peers, "limit": limit}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
