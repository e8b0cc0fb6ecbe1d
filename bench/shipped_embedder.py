"""How well the shipped embedder finds objects again: in worlds it was not trained in, and on real recordings.

Worlds: every shipped world with several cameras; a crop of one camera is looked for among those of the others.

Recordings, people only, and little of them: no set of many cameras is at hand.
- PETS09-S2L1 and TUD-Campus: one fixed camera each, boxes of the ground truth; a crop of one stretch of time is looked
  for among those of other stretches.
- EPFL's lab: a man alone in one view is looked for in another view, where somebody else walks too, among people of
  TUD-Campus; boxes of FastestDet. Both wear dark jumpers, which false boxes lack, and only the man light trousers.

mAP and rank-1 (Market-1501's rules) of the shipped network, of the histogram that needs no file, and of OSNet x0.25,
which was trained on people of photographs, in the same run.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mobinet.detection import DetectorSettings, make_detector
from mobinet.errors import MissingDependencyError
from mobinet.evaluation.reid import Pictures, ReidScores, evaluate_reid, rank_gallery
from mobinet.recordings.mot import read_mot
from mobinet.reid import Embedder, EmbedderSettings, make_embedder
from mobinet.sim.export import ExportSettings, export_world
from mobinet.sim.export_reid import ReidSettings
from mobinet.sim.world_file import find_world, load_world
from mobinet.types import Float32, Frame, Image

ROOT = Path(__file__).resolve().parent.parent
WORLDS = ("street", "four_robots", "look_alikes")
PETS_SCALE = 0.625
LEAST_HEIGHT = 32.0
LEAST_CLEAR = 0.7
OTHERS = 1000
LIGHT, DARK = 130.0, 110.0


@dataclass(frozen=True)
class Pool:
    """Crops, whom they show, and the camera or stretch of time that they are from; ``queries`` are looked for."""

    crops: list[Image]
    pictures: Pictures
    queries: np.ndarray


def pool(crops: list[Image], ids: list[int], cameras: list[int], query_camera: int | None = None) -> Pool:
    pictures = Pictures(np.array(ids, np.int64), np.array(cameras, np.int64))
    rows = np.arange(len(crops)) if query_camera is None else np.flatnonzero(pictures.cameras == query_camera)
    return Pool(crops, pictures, rows)


def of_world(name: str, kind: str, duration_s: float) -> Pool:
    """Crops of a shipped world's people or vehicles, all for testing."""
    path = find_world(name)
    settings = ExportSettings(duration_s=duration_s, formats=("reid",), reid=ReidSettings(train_share=0.0))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        export_world(load_world(path), path, out, settings)
        place = out / "reid" / kind
        rows = list(csv.DictReader((place / "crops.csv").read_text().splitlines()))
        crops = [cv2.imread(str(place / row["file"])) for row in rows]
    cameras = sorted({row["camera"] for row in rows})
    return pool(crops, [int(row["identity"]) for row in rows], [cameras.index(row["camera"]) for row in rows])


def frames(path: Path) -> Iterator[Image]:
    video = cv2.VideoCapture(str(path))
    while True:
        good, image = video.read()
        if not good:
            return
        yield image


def of_recording(video: Path, truth: Path, scale: float, stretch: int, step: int) -> Pool:
    """Crops from the first half of every stretch of so many images, so that time lies between two stretches."""
    table = read_mot(truth)
    crops, ids, cameras = [], [], []
    for index, image in enumerate(frames(video)):
        if index % stretch >= stretch // 2 or index % step:
            continue
        rows = table.in_frame(index + 1)
        boxes = np.clip(rows.boxes * scale, 0, (image.shape[1], image.shape[0]) * 2).round().astype(int)
        for row in np.flatnonzero(clear(boxes)):
            x1, y1, x2, y2 = boxes[row]
            if y2 - y1 >= LEAST_HEIGHT and x2 - x1 >= LEAST_HEIGHT / 4:
                crops.append(image[y1:y2, x1:x2].copy())
                ids.append(int(rows.ids[row]))
                cameras.append(index // stretch)
    return pool(crops, ids, cameras)


def clear(boxes: np.ndarray) -> np.ndarray:
    """Which boxes no other box that ends lower in the image covers by more than 30 percent."""
    corner = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    shared = np.clip(np.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - corner, 0, None).prod(axis=2)
    in_front = boxes[None, :, 3] > boxes[:, None, 3]
    areas = np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 1)
    return np.asarray((shared * in_front).max(axis=1, initial=0) <= (1 - LEAST_CLEAR) * areas)


def of_lab(data: Path, others: Pool) -> Pool:
    """The man of one view as query, both views and other people as gallery."""
    detector = make_detector(DetectorSettings(model=str(data / "models/fastestdet/FastestDet.onnx"), threads=1))
    crops, ids, cameras = list(others.crops), (others.pictures.ids + OTHERS).tolist(), [2] * len(others.crops)
    for camera, name in enumerate(("Single1", "Double1")):
        for index, image in enumerate(frames(data / f"reid/epfl_lab/{name}.mp4")):
            if index % 4:
                continue
            found = detector.detect([Frame(index, name, image)])[0]
            people = found[np.array([label == "person" for label in found.class_names], bool) & (found.scores > 0.6)]
            for x1, y1, x2, y2 in clip(people.boxes, image):
                crop = image[y1:y2, x1:x2].copy()
                light = brightness(crop, 0.55, 0.8) > LIGHT
                if brightness(crop, 0.25, 0.45) < DARK and (light or camera == 1):
                    crops.append(crop)
                    ids.append(1 if light else 2)
                    cameras.append(camera)
    return pool(crops, ids, cameras, query_camera=0)


def clip(boxes: Float32, image: Image) -> Iterator[tuple[int, int, int, int]]:
    """Boxes of standing people, rounded and cut at the border."""
    for box in np.clip(boxes, 0, (image.shape[1], image.shape[0]) * 2).round().astype(int):
        x1, y1, x2, y2 = box.tolist()
        if y2 - y1 >= 1.5 * (x2 - x1) and y2 - y1 >= 2 * LEAST_HEIGHT:
            yield x1, y1, x2, y2


def brightness(crop: Image, top: float, bottom: float) -> float:
    """Of the brighter half of a part of the body, 0..255; between shares of the height."""
    height, width = crop.shape[:2]
    part = crop[int(top * height) : int(bottom * height), int(0.3 * width) : int(0.7 * width)]
    return float(np.percentile(part.max(axis=2), 75))


def measure(embedder: Embedder, chosen: Pool) -> ReidScores:
    whole = [np.array([[0, 0, crop.shape[1], crop.shape[0]]], np.float32) for crop in chosen.crops]
    vectors = np.concatenate(
        [embedder.embed(Frame(0, "crop", crop), box) for crop, box in zip(chosen.crops, whole, strict=True)]
    )
    queries = Pictures(chosen.pictures.ids[chosen.queries], chosen.pictures.cameras[chosen.queries])
    return evaluate_reid(rank_gallery(vectors[chosen.queries], vectors), queries, chosen.pictures)


def pools(data: Path, quick: bool) -> Iterator[tuple[str, Pool]]:
    for name in WORLDS:
        for kind in ("people", "vehicles"):
            crops = of_world(name, kind, 8.0 if quick else 0.0)
            seen = {*zip(crops.pictures.ids.tolist(), crops.pictures.cameras.tolist(), strict=True)}
            if len(seen) > len({identity for identity, _ in seen}):  # somebody is seen by two cameras
                yield f"{name} {kind}", crops
    tud = data / "mot/TUD-Campus"
    pets = data / "mot/PETS09-S2L1"
    if not tud.is_dir():
        print(f"without recordings: '{data}' is absent; set MOBINET_DATA")
        return
    yield "PETS09-S2L1", of_recording(pets / "vtest_480x360_795.avi", pets / "gt.txt", PETS_SCALE, 100, 10)
    campus = of_recording(tud / "TUD-Campus.mp4", tud / "gt.txt", 1.0, 24, 3)
    yield "TUD-Campus", campus
    yield "EPFL lab", of_lab(data, campus)


def embedders(data: Path, model: str) -> dict[str, Embedder]:
    found = {"ours": make_embedder(EmbedderSettings(model=model, threads=1))}
    found["histogram"] = make_embedder(EmbedderSettings(model="histogram"))
    osnet = data / "models/osnet_x0_25/osnet_x0_25_msmt17_a.onnx"
    if osnet.is_file():
        found["osnet_x0_25"] = make_embedder(EmbedderSettings(model=str(osnet), threads=1))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOBINET_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--quick", action="store_true", help="only 8 s of each world")
    parser.add_argument("--model", default="street-embedder", help="a network's name or path")
    options = parser.parse_args()
    data = Path(options.data)
    candidates = embedders(data, options.model)
    figures: dict[str, dict[str, dict[str, float]]] = {name: {} for name in candidates}
    print(f"{'':24}{'queries':>8}" + "".join(f"{name + ' mAP':>18}{'rank-1':>8}" for name in candidates))
    try:
        for place, chosen in pools(data, options.quick):
            scores = {name: measure(embedder, chosen) for name, embedder in candidates.items()}
            line = "".join(f"{one.mean_ap:18.3f}{one.rank(1):8.3f}" for one in scores.values())
            print(f"{place:24}{next(iter(scores.values())).queries:8}{line}", flush=True)
            for name, one in scores.items():
                values = {"mAP": round(one.mean_ap, 3), "rank1": round(one.rank(1), 3)}
                figures[name][place] = {"queries": one.queries, **values}
    except MissingDependencyError as error:
        print(f"skipped: {error}")
        return 0
    ours = figures.pop("ours")
    print(json.dumps({"bench": "shipped_embedder", "ours": ours, "peers": figures, "limit": {}}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
