"""Time per update at 10 to 5000 objects, of ours and of the trackers that PyPI offers.

Objects of 40 x 80 pixels stand 1.5 times their size apart and walk about at a fifth of it a second, at 10 images a
second; each is found in 95 of 100 images, a pixel or so off. Time is processor time of an update, inputs made
beforehand, over the last images of a run, when all tracks are confirmed; peers run in a Python of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
from peers import object_trackers  # noqa: E402

from mobinet.tracking import Tracker  # noqa: E402
from mobinet.types import Detections, Float32, Frame  # noqa: E402

COUNTS = (10, 100, 1000, 5000)
RATE_HZ = 10
WARM_UP = 5
FASTEST = "trackers SORT"


def walk(count: int, images: int) -> list[tuple[Float32, Float32]]:
    """Boxes and scores that a detector finds in each image."""
    random = np.random.default_rng(count)
    columns = int(np.ceil(np.sqrt(2 * count)))
    size = np.array([40.0, 80.0])
    places = 1.5 * size * np.stack((np.arange(count) % columns, np.arange(count) // columns), axis=1)
    speeds = random.normal(0, 0.2, (count, 2)) * size
    found = []
    for index in range(images):
        seen = random.random(count) < 0.95
        corners = (places + speeds * index / RATE_HZ + random.normal(0, 1, (count, 2)))[seen]
        boxes = np.concatenate((corners, corners + size), axis=1).astype(np.float32)
        found.append((boxes, random.uniform(0.8, 1.0, len(boxes)).astype(np.float32)))
    return found


def time_ours(images: list[tuple[Float32, Float32]]) -> float:
    """Milliseconds an update."""
    given = [
        (Frame(index * 10**9 // RATE_HZ, "camera", None), Detections(boxes, scores, ("person",) * len(boxes)))
        for index, (boxes, scores) in enumerate(images)
    ]
    tracker = Tracker()
    for each in given[:WARM_UP]:
        tracker.update(*each)
    begin = time.process_time()
    for each in given[WARM_UP:]:
        tracker.update(*each)
    return 1e3 * (time.process_time() - begin) / (len(images) - WARM_UP)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="not used: the objects are made here")
    parser.add_argument("--peers", default="", metavar="PYTHON", help=object_trackers.HOW)
    parser.add_argument("--quick", action="store_true", help="fewer images")
    options = parser.parse_args()
    scenes = {count: walk(count, max(20, (2_000 if options.quick else 10_000) // count)) for count in COUNTS}
    ours = {f"{count}/ms": round(min(time_ours(images) for _ in range(3)), 3) for count, images in scenes.items()}
    peers: dict[str, dict[str, float]] = {}
    if options.peers:
        with object_trackers.interpreter(options.peers) as python:
            sequences = {str(count): images for count, images in scenes.items()}
            answers = object_trackers.follow(python, sequences, (FASTEST,), warm_up=WARM_UP)
        for tracker, answer in answers.items():
            peers[tracker] = {
                f"{count}/ms": round(1e3 * min(answer[str(count)].cpu_s) / (len(images) - WARM_UP), 3)
                for count, images in scenes.items()
            }
    else:
        print(f"peers absent: {object_trackers.INSTALL}")
    print(f"{'objects':20}" + "".join(f"{count:>12}" for count in COUNTS))
    for name, figures in {"ours": ours, **peers}.items():
        print(f"{name:20}" + "".join(f"{milliseconds:9.3f} ms" for milliseconds in figures.values()))
    limit = {key: min(figures[key] for figures in peers.values()) for key in ours} if peers else {}
    print(json.dumps({"bench": "tracking_scale", "ours": ours, "peers": peers, "limit": limit}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
