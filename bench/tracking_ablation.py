"""What each part of the tracker is worth: HOTA with one part off at a time, and with one part more.

On the public sequences of MOT15 (see mot_public.py) and on simulated worlds, one camera each. The worlds' detections
are made from their ground truth: boxes are off by some percent of their size, objects are missed the more the less of
them is visible, scores fall with visibility, there are false alarms; looks are a fixed vector an object, with noise
and, where it is half hidden, that of who hides it. Figures of worlds are means
over five seeds. Only people and cars count of which at least a quarter is visible.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from mot_public import ROOT, Recording, evaluate, follow, load

from mobinet.errors import MissingDependencyError
from mobinet.evaluation import TrackTable, combine_mot, evaluate_mot
from mobinet.sim.simulation import Simulation
from mobinet.sim.truth import TrueObject
from mobinet.sim.world_file import find_world, load_world
from mobinet.tracking import ImageMotion, Tracker, TrackerSettings, ground_homography
from mobinet.types import Detections, Float32, Float64, Frame, TrackState

WORLDS = ("crossing", "occlusion", "fast_motion", "stop_and_go", "patrol")
RATE_HZ = 10
LEAST_VISIBILITY = 0.25
LOOK_SIZE = 32
SEEDS = 5
MOTION_BUDGET_MS = 5.0
DEFAULT = TrackerSettings()
OFF: Mapping[str, TrackerSettings] = {
    "wider search": replace(DEFAULT, wide_box_margin=0.0, min_iou_wide=1.0),
    "widened boxes": replace(DEFAULT, box_margin=0.0),
    "direction": replace(DEFAULT, direction_weight=0.0),
    "height": replace(DEFAULT, height_weight=0.0),
    "noise that adapts": replace(DEFAULT, noise_adaptation_s=0.0),
    "watching newcomers": replace(DEFAULT, max_strangers=0.0),
    "doubtful detections": replace(DEFAULT, low_score=DEFAULT.high_score),
    "confirmation": replace(DEFAULT, confirm_hits=1),
}


@dataclass(frozen=True)
class Sight:
    """One image of a camera of a world: how the picture moved since the one before, and what some detectors found.

    ``moved``: as the poses of the camera say; ``seen_motion``: as the images do. ``found``: detections and their looks,
    once for each seed.
    """

    frame: Frame
    moved: Float64
    seen_motion: Float64 | None
    found: list[tuple[Detections, Float32]]


@dataclass(frozen=True)
class Scene:
    """``motion_ms``: processor time for seeing the motion in one image, median, 0 without images."""

    sights: list[Sight]
    truth: TrackTable
    motion_ms: float


def detect(
    objects: tuple[TrueObject, ...], size: tuple[int, int], random: np.random.Generator
) -> tuple[Detections, Float32]:
    """What a detector and an embedder might say of these objects."""
    looks_of = {thing.name: np.random.default_rng(thing.identity).normal(size=LOOK_SIZE) for thing in objects}
    boxes, scores, names, looks = [], [], [], []
    for thing in objects:
        if random.random() > 0.97 * np.clip(2 * thing.visibility - 0.2, 0, 1):
            continue
        box = thing.box if thing.visibility > 0.6 else 0.5 * (thing.box + thing.visible_box)
        extent = np.tile(box[2:] - box[:2], 2)
        boxes.append(box + 0.04 * extent * random.normal(size=4))
        scores.append(np.clip(0.45 + 0.5 * thing.visibility + 0.05 * random.normal(), 0.05, 0.99))
        names.append(thing.object_class.name.lower())
        hider = looks_of.get(next(iter(thing.hidden_by), ""), np.zeros(LOOK_SIZE))
        look = thing.visibility * looks_of[thing.name] + (1 - thing.visibility) * hider
        looks.append(look + 0.7 * random.normal(size=LOOK_SIZE))
    for _ in range(random.poisson(0.2)):
        height = random.uniform(0.1, 0.4) * size[1]
        corner = random.uniform(0, 1, 2) * (size[0] - height / 2, size[1] - height)
        boxes.append(np.array([*corner, corner[0] + height / 2, corner[1] + height]))
        scores.append(random.uniform(0.3, 0.8))
        names.append("person")
        looks.append(random.normal(size=LOOK_SIZE))
    corners = np.array(boxes, np.float32).reshape(-1, 4)
    sound = (corners[:, 2:] > corners[:, :2] + 1).all(axis=1)
    kept = [row for row in range(len(corners)) if sound[row]]
    found = Detections(corners[kept], np.array(scores, np.float32)[kept], tuple(names[row] for row in kept))
    return found, np.array(looks, np.float32).reshape(-1, LOOK_SIZE)[kept]


def observe(name: str, seconds: float, images: bool) -> Scene:
    """The first colour camera of a world."""
    randoms, watcher = [np.random.default_rng(seed) for seed in range(SEEDS)], ImageMotion()
    sights: list[Sight] = []
    spent_s: list[float] = []
    rows: list[tuple[int, int, Float32, float]] = []
    with Simulation(load_world(find_world(name))) as simulation:
        view = next(view for view in simulation.views if view.camera.kind == "rgb")
        before = simulation.optical_pose(view, 0)
        for index in range(int(seconds * RATE_HZ)):
            stamp_ns = index * 10**9 // RATE_HZ
            objects = simulation.truth(view, stamp_ns)
            found = [detect(objects, view.size, random) for random in randoms]
            now = simulation.optical_pose(view, stamp_ns)
            moved = ground_homography(view.lens.pinhole.matrix, before, now)
            before, seen = now, None
            if images:
                image, begin = simulation.image(view, stamp_ns), time.process_time()
                seen = watcher.observe(image, found[0][0].boxes)
                spent_s.append(time.process_time() - begin)
            sights.append(Sight(Frame(stamp_ns, name, None), moved, seen, found))
            rows += [(index, thing.identity, thing.box, thing.visibility) for thing in objects]
    truth = TrackTable(
        np.array([row[0] for row in rows]),
        np.array([row[1] for row in rows]),
        np.array([row[2] for row in rows]),
        visibility=np.array([row[3] for row in rows], np.float32),
    )
    motion_ms = 1e3 * float(np.median(spent_s)) if spent_s else 0.0
    return Scene(sights, truth[truth.visibility >= LEAST_VISIBILITY], motion_ms)


def hota(scene: Scene, settings: TrackerSettings, looks: bool = False, motion: str = "none") -> float:
    """Mean over the seeds."""
    return float(np.mean([_hota(scene, seed, settings, looks, motion) for seed in range(SEEDS)]))


def _hota(scene: Scene, seed: int, settings: TrackerSettings, looks: bool, motion: str) -> float:
    tracker = Tracker(settings)
    rows = []
    for index, sight in enumerate(scene.sights):
        detections, embeddings = sight.found[seed]
        moved = {"none": None, "tf": sight.moved, "image": sight.seen_motion}[motion]
        tracks = tracker.update(sight.frame, detections, embeddings if looks else None, moved)
        rows += [(index, track.track_id, *track.box) for track in tracks if track.state is TrackState.CONFIRMED]
    table = np.array(rows, np.float64).reshape(-1, 6)
    results = TrackTable(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2:])
    return 100 * evaluate_mot(scene.truth, results, frames=np.arange(len(scene.sights))).hota


def public_hota(recordings: list[Recording], settings: TrackerSettings) -> tuple[float, float]:
    whole = combine_mot([evaluate(recording, follow(recording, settings)) for recording in recordings])
    return 100 * whole.hota, 100 * whole.idf1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of sequences, each with det.txt, gt.txt and seqinfo.ini")
    parser.add_argument("--quick", action="store_true", help="4 s a world instead of 16, without images")
    options = parser.parse_args()
    recorded = Path(os.environ.get("MOBINET_DATA", ROOT.parent / "shared" / "data"))
    folders = sorted(path.parent for path in (options.data or recorded / "mot").glob("*/seqinfo.ini"))
    recordings = [load(folder) for folder in folders]
    try:
        scenes = {name: observe(name, 4.0 if options.quick else 16.0, not options.quick) for name in WORLDS}
    except MissingDependencyError as error:
        print(f"skipped: {error}")
        return 0
    columns = [*(("public HOTA", "public IDF1") if recordings else ()), *scenes]
    table: dict[str, list[float | None]] = {}
    for name, settings in {"all": DEFAULT, **{f"without {part}": OFF[part] for part in OFF}}.items():
        public = [*public_hota(recordings, settings)] if recordings else []
        table[name] = [*public, *(hota(scene, settings) for scene in scenes.values())]
    blank: list[float | None] = [None, None] if recordings else []
    table["with looks"] = [*blank, *(hota(scene, DEFAULT, looks=True) for scene in scenes.values())]
    for motion in ("tf", "image"):
        table[f"with motion from {motion}"] = [
            *blank,
            *(hota(scene, DEFAULT, motion=motion) for scene in scenes.values()),
        ]
    print(row("", columns), *(row(name, figures) for name, figures in table.items()), sep="\n")
    ours = {
        name: {column: round(figure, 2) for column, figure in zip(columns, figures, strict=True) if figure is not None}
        for name, figures in table.items()
    }
    ours["motion from image, ms"] = {name: round(scene.motion_ms, 2) for name, scene in scenes.items()}
    print("motion from the image, ms of processor time:", ours["motion from image, ms"])
    limit = {"motion from image, ms": MOTION_BUDGET_MS}
    print(json.dumps({"bench": "tracking_ablation", "ours": ours, "peers": {}, "limit": limit}))
    return 0


def row(name: str, cells: Sequence[str | float | None]) -> str:
    texts = [cell if isinstance(cell, str) else "-" if cell is None else f"{cell:.1f}" for cell in cells]
    return f"{name:28}" + "".join(f"{text:>13}" for text in texts)


if __name__ == "__main__":
    sys.exit(main())
