"""Known, new or unsure: a gallery calibrated in one world, asked in others, by the shipped embedder and the histogram.

Thresholds come from the crops of `four_robots` alone (1 percent of strangers accepted, 5 percent of known objects taken
for new). In each other world every second person, cyclist or car is enrolled with every third of its crops; asked are
its other crops, and all crops of the rest, who are strangers. Crops follow each other in time: this is how one robot
recognises what it sees again, and easier than another camera on another day.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from mobinet.reid import Embedder, EmbedderSettings, make_embedder
from mobinet.reid.gallery import Enrolment, Verdict, calibrate, open_gallery
from mobinet.sim.export import ExportSettings, export_world
from mobinet.sim.export_reid import ReidSettings
from mobinet.sim.world_file import find_world, load_world
from mobinet.types import Float32, Frame

CALIBRATED_IN, ASKED_IN = "four_robots", ("street", "patrol")
MODELS = ("street-embedder", "histogram")
SECONDS, QUICK_SECONDS = 25.0, 8.0


def render(name: str, folder: Path, seconds: float) -> Path:
    """The world's crops; as they are where they are there already."""
    out = folder / name
    if not out.exists():
        path = find_world(name)
        settings = ExportSettings(duration_s=seconds, formats=("reid",), reid=ReidSettings(train_share=0.0))
        export_world(load_world(path), path, out, settings)
    return out / "reid"


def described(folder: Path, embedder: Embedder) -> tuple[Float32, np.ndarray]:
    """Vectors of all crops, and whose they are."""
    vectors, objects = [], []
    for path in sorted([*folder.rglob("*.jpg"), *folder.rglob("*.png")]):
        image = cv2.imread(str(path))
        whole = np.array([[0, 0, image.shape[1], image.shape[0]]], np.float32)
        vectors.append(embedder.embed(Frame(0, path.name, image), whole)[0])
        objects.append(f"{path.relative_to(folder).parts[0]}/{path.name.split('_')[0]}")
    return np.array(vectors), np.array(objects)


def ask(asked: tuple[Float32, np.ndarray], known: tuple[Float32, np.ndarray], embedder: Embedder) -> Counter[str]:
    """How often what was said of whom."""
    vectors, objects = asked
    said: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        open_gallery(Path(folder) / "a", embedder.model, embedder.dimension) as gallery,
    ):
        names = np.unique(objects)
        enrolled = {}
        rest = np.ones(len(objects), bool)
        for name in names[::2]:
            rows = np.flatnonzero(objects == name)[::3]
            enrolled[gallery.enroll(Enrolment(vectors[rows], 1)).identity_id] = name
            rest[rows] = False
        gallery.set_calibration(calibrate(*known))
        for name, match in zip(objects[rest], gallery.identify_each(vectors[rest]), strict=True):
            who = "known" if name in enrolled.values() else "stranger"
            verdict = match.verdict.name.lower()
            if match.verdict is Verdict.KNOWN:
                verdict = "right" if enrolled[match.best] == name else "wrong"
            said[f"{who}_{verdict}"] += 1
    return said


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="not used: the worlds are rendered here")
    parser.add_argument("--quick", action="store_true", help="less of the worlds")
    parser.add_argument("--folder", type=Path, help="where the rendered worlds are kept; default: nowhere")
    options = parser.parse_args()
    rows: dict[str, dict[str, float]] = {model: {} for model in MODELS}
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        seconds = QUICK_SECONDS if options.quick else SECONDS
        crops = {name: render(name, folder, seconds) for name in (CALIBRATED_IN, *ASKED_IN)}
        for model in MODELS:
            embedder = make_embedder(EmbedderSettings(model=model, threads=1))
            known = described(crops[CALIBRATED_IN], embedder)
            for world in ASKED_IN:
                said = ask(described(crops[world], embedder), known, embedder)
                for who in ("known", "stranger"):
                    total = sum(count for name, count in said.items() if name.startswith(who))
                    shares = {
                        name: round(said[f"{who}_{name}"] / total, 3) for name in ("right", "wrong", "unsure", "new")
                    }
                    rows[model] |= {f"{world}/{who}_{name}": share for name, share in shares.items()}
                    print(
                        f"{model:16} {world:8} {who:9} {total:4} "
                        + "  ".join(f"{k} {v:.3f}" for k, v in shares.items())
                    )
    limit = {f"{world}/stranger_wrong": 0.01 for world in ASKED_IN}
    ours, peer = (rows[model] for model in MODELS)
    print(json.dumps({"bench": "gallery_open_set", "ours": ours, "peers": {"histogram": peer}, "limit": limit}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
