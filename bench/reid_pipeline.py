"""What each part of re-identification adds: mAP of vectors drawn as numbers, and of rendered crops.

Numbers: vehicles whose vectors are the sum of identity, orientation, background, camera and noise (``reid_scenes/
numbers.py``). Crops: people, cyclists and cars before six cameras with colours and light of their own, described by the
networks that are shipped (``reid_scenes/rendered.py``). Of every object one view a camera is looked for among all other
views (rules of VeRi). Each part alone is compared with the plain feature, cumulated with the parts before it, and left
out with the whole; mean and standard deviation over the seeds. In the null case, without bias in the data, is told what
the corrections of bias cost. The seeds are not those that the pipeline was made with (7000 to 7009).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from reid_scenes.numbers import draw_numbers
from reid_scenes.rendered import Scene, load_scene

from mobinet.errors import MissingDependencyError
from mobinet.evaluation import Pictures, evaluate_reid
from mobinet.reid import EmbedderSettings, make_embedder
from mobinet.reid.ensemble import joined
from mobinet.reid.ranking import RankingSettings, Views, rank
from mobinet.types import Float32

SEEDS = range(8000, 8005)
NOTHING = RankingSettings(whitening=False, camera_penalty=0.0, pooling=False, enhancement=0, reciprocal=False)
# part -> what it switches on; flip and ensemble are other vectors
PARTS: Mapping[str, Mapping[str, float | bool | int]] = {
    "flip": {},
    "ensemble": {},
    "whitening": {"whitening": True},
    "orientation": {"orientation_weight": 1.0},
    "background": {"background_weight": 1.0},
    "camera penalty": {"camera_penalty": 0.05},
    "pooling": {"pooling": True},
    "enhancement": {"enhancement": 2},
    "expansion": {"expansion": 2},
    "k-reciprocal": {"reciprocal": True, "k1": 8, "k2": 3},
    "by track": {"by_track": True},
}
CORRECTIONS = ("whitening", "orientation", "background", "camera penalty")
KEPT: Mapping[str, Sequence[str]] = {
    "numbers": (
        "flip",
        "ensemble",
        "whitening",
        "orientation",
        "camera penalty",
        "pooling",
        "enhancement",
        "k-reciprocal",
    ),
    "crops": ("whitening", "camera penalty", "pooling", "enhancement", "k-reciprocal"),
}
ENSEMBLE_WEIGHTS = {"numbers": (0.5, 0.5), "crops": (0.75, 0.25)}
MODELS = {
    "first": "street-embedder",
    "second": "histogram",
    "orientation": "",
    "background": "",
}
LEAST_GAIN, LEAST_PART, MOST_COST = 15.0, 0.5, 0.5


@dataclass(frozen=True)
class Described:
    """Views of one scene: the vectors of two embedders, each without and with mirrored crops."""

    views: Views
    vectors: Mapping[tuple[str, bool], Float32]
    ids: np.ndarray
    weights: tuple[float, float]

    def score(self, parts: Sequence[str]) -> float:
        """mAP in percent with these parts on."""
        changes = {name: value for part in parts for name, value in PARTS[part].items()}
        flip = "flip" in parts
        vectors = self.vectors["first", flip]
        if "ensemble" in parts:
            vectors = joined([vectors, self.vectors["second", flip]], np.sqrt(self.weights))
        views = replace(self.views, vectors=vectors)
        asked = query_rows(views)
        rest = np.setdiff1d(np.arange(len(views)), asked)
        order = rank(some(views, asked, tracked=False), some(views, rest), replace(NOTHING, **changes))
        assert views.cameras is not None
        pictures = [Pictures(self.ids[rows], views.cameras[rows]) for rows in (asked, rest)]
        return 100 * evaluate_reid(order, *pictures).mean_ap


def query_rows(views: Views) -> np.ndarray:
    """The middle view of every track."""
    assert views.tracks is not None
    return np.array([rows[len(rows) // 2] for rows in rows_of(views.tracks)])


def rows_of(tracks: np.ndarray) -> Iterator[np.ndarray]:
    for track in np.unique(tracks):
        yield np.flatnonzero(tracks == track)


def some(views: Views, rows: np.ndarray, tracked: bool = True) -> Views:
    parts = {name: None if value is None else value[rows] for name, value in vars(views).items()}
    return Views(**(parts if tracked else parts | {"tracks": None, "qualities": None}))


def of_numbers(seed: int, biased: bool) -> Described:
    drawn = draw_numbers(seed, biased)
    vectors = {
        ("first", False): drawn.plain, ("first", True): drawn.flipped,
        ("second", False): drawn.other, ("second", True): drawn.other_flipped,
    }  # fmt: skip
    plain = {key: views.vectors for key, views in vectors.items()}
    return Described(drawn.plain, plain, drawn.ids, ENSEMBLE_WEIGHTS["numbers"])


def of_crops(scene: Scene, models: Mapping[str, str]) -> Described:
    vectors = {
        (role, flip): describe(scene, models[role], flip) for role in ("first", "second") for flip in (False, True)
    }
    bias = [describe(scene, models[role]) if models[role] else None for role in ("orientation", "background")]
    views = Views(vectors["first", False], *bias, scene.cameras, scene.tracks, scene.qualities)
    return Described(views, vectors, scene.ids, ENSEMBLE_WEIGHTS["crops"])


def describe(scene: Scene, model: str, flip: bool = False) -> Float32:
    embedder = make_embedder(EmbedderSettings(model=model, threads=1, batch=64, flip=flip))
    return embedder.embed_clips([[crop] for crop in scene.crops])


def measure(described: Sequence[Described], kept: Sequence[str]) -> dict[str, np.ndarray]:
    """mAP of every combination that is asked for, ``(seeds,)`` each."""
    combinations: dict[str, tuple[str, ...]] = {"plain": (), "whole": tuple(kept)}
    for part in PARTS:
        combinations[f"alone/{part}"] = (part,)
        if part in kept:
            combinations[f"to here/{part}"] = tuple(kept[: kept.index(part) + 1])
            combinations[f"without/{part}"] = tuple(one for one in kept if one != part)
        else:
            combinations[f"added/{part}"] = (*kept, part)
    return {name: np.array([one.score(parts) for one in described]) for name, parts in combinations.items()}


def show(title: str, scores: Mapping[str, np.ndarray], kept: Sequence[str]) -> dict[str, float]:
    """Prints the table of one kind of data; gains in percent of mAP, mean and standard deviation over the seeds."""
    plain, whole = scores["plain"], scores["whole"]
    print(f"\n{title}: plain feature {spread(plain)}, whole pipeline {spread(whole)}, gain {spread(whole - plain)}")
    print(f"{'':16}{'alone':>16}{'cumulated mAP':>16}{'its step':>16}{'left out':>16}")
    figures = {"plain": plain.mean(), "whole": whole.mean(), "gain": (whole - plain).mean()}
    before = plain
    for part in PARTS:
        alone = scores[f"alone/{part}"] - plain
        figures[f"alone/{part}"] = alone.mean()
        if part in kept:
            here, lost = scores[f"to here/{part}"], whole - scores[f"without/{part}"]
            print(f"{part:16}{spread(alone):>16}{spread(here):>16}{spread(here - before):>16}{spread(lost):>16}")
            figures[f"step/{part}"] = (here - before).mean()
            figures[f"left_out/{part}"] = lost.mean()
            before = here
        else:
            added = scores[f"added/{part}"] - whole
            print(f"{part:16}{spread(alone):>16}{'off; added to the whole':>32}{spread(added):>16}")
            figures[f"added/{part}"] = added.mean()
    return {f"{title}/{name}": round(float(value), 2) for name, value in figures.items()}


def show_null(title: str, described: Sequence[Described], kept: Sequence[str]) -> dict[str, float]:
    """What corrections of bias change where there is none."""
    plain = np.array([one.score(()) for one in described])
    used = [part for part in CORRECTIONS if part in kept]
    print(f"\n{title} without bias: plain feature {spread(plain)}")
    figures = {}
    for name, parts in {**{part: (part,) for part in CORRECTIONS}, "all kept corrections": used}.items():
        change = np.array([one.score(parts) for one in described]) - plain
        print(f"{name:24}{spread(change):>16}{'' if name in kept or parts is used else '  (off)'}")
        figures[f"{title}/null/{name}"] = round(float(change.mean()), 2)
    return figures


def spread(values: np.ndarray) -> str:
    return f"{values.mean():.1f} +-{values.std(ddof=1) if len(values) > 1 else 0:4.1f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="not used: everything is made here")
    parser.add_argument("--quick", action="store_true", help="numbers alone, two seeds")
    parser.add_argument("--seeds", metavar=("FIRST", "COUNT"), type=int, nargs=2, help="default: 8000 5")
    parser.add_argument("--cache", type=Path, help="folder that keeps rendered scenes")
    parser.add_argument("--only", choices=("numbers", "crops"))
    for role, model in MODELS.items():
        parser.add_argument(f"--{role}", default=model, help=f"embedder, default {model or 'none'}")
    options = parser.parse_args()
    seeds = list(range(options.seeds[0], sum(options.seeds)) if options.seeds else SEEDS)[
        : 2 if options.quick else None
    ]
    models = {role: getattr(options, role) for role in MODELS}
    kinds: dict[str, Callable[[int, bool], Described]] = {
        "numbers": of_numbers,
        "crops": lambda seed, biased: of_crops(load_scene(seed, biased, options.cache), models),
    }
    ours: dict[str, float] = {}
    for title in [options.only] if options.only else list(kinds)[: 1 if options.quick else 2]:
        try:
            ours |= run(title, kinds[title], seeds)
        except MissingDependencyError as error:
            print(f"{title}: skipped: {error}")
    print(json.dumps({"bench": "reid_pipeline", "ours": ours, "peers": {}, "limit": limits(ours)}))
    return 0


def run(title: str, make: Callable[[int, bool], Described], seeds: Sequence[int]) -> dict[str, float]:
    figures = show(title, measure([make(seed, True) for seed in seeds], KEPT[title]), KEPT[title])
    return figures | show_null(title, [make(seed, False) for seed in seeds], KEPT[title])


def limits(ours: Mapping[str, float]) -> dict[str, float]:
    found = {name: -MOST_COST for name in ours if name.endswith("null/all kept corrections")}
    if "crops/gain" in ours:
        found |= {"crops/gain": LEAST_GAIN} | {name: LEAST_PART for name in ours if name.startswith("crops/step/")}
    return found


if __name__ == "__main__":
    sys.exit(main())
