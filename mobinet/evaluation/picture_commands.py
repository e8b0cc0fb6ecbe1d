"""``mobinet eval reid`` and ``mobinet eval target``."""

from __future__ import annotations

import argparse
import math
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from mobinet.errors import InputError
from mobinet.evaluation.bag_tables import is_bag
from mobinet.evaluation.bag_target import read_bag_target, read_bag_target_truth
from mobinet.evaluation.matching import check_overlap
from mobinet.evaluation.options import add_common, add_paths, add_settings, settings_of, show
from mobinet.evaluation.picture_files import read_pictures, read_ranking, write_ranking
from mobinet.evaluation.picture_folders import describe_pictures, read_picture_folder
from mobinet.evaluation.reid import ReidScores, ReidSettings, evaluate_reid, rank_gallery, same_camera_last
from mobinet.evaluation.report import aligned
from mobinet.evaluation.target import TargetScores, TargetSettings, evaluate_target
from mobinet.evaluation.target_files import FORMATS, find_targets, read_target
from mobinet.recordings.bags import BagReader
from mobinet.reid import EmbedderSettings, make_embedder
from mobinet.reid.ranking import RankingSettings, Views, rank
from mobinet.types import Int64

RANKS = (1, 5, 10)
TARGET_COLUMNS = {
    "success": "success", "op50": "OP50", "op75": "OP75", "precision": "precision", "norm_precision": "norm. prec.",
    "f_score": "F", "lt_precision": "Pr", "lt_recall": "Re", "false_alarms": "false alarms",
}  # fmt: skip


def register(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    reid = actions.add_parser("reid", help="who looks like whom: mAP, CMC, mINP")
    reid.add_argument(
        "queries", metavar="QUERIES", type=Path, help="ids, cameras and vectors: .npz, .npy, .csv, a folder"
    )
    reid.add_argument(
        "gallery",
        metavar="GALLERY",
        type=Path,
        nargs="?",
        help="likewise; of a folder (Market, VeRi, CityFlow) its test",
    )
    reid.add_argument("--model", metavar="A,B", type=_names, default=(), help="describe a folder's pictures with these")
    reid.add_argument("--flip", action="store_true", help="the mirrored pictures too")
    reid.add_argument("--orientation", metavar="MODEL", default="", help="that describes from which side they are seen")
    reid.add_argument("--background", metavar="MODEL", default="", help="that describes where they were taken")
    reid.add_argument("--camera-verification", action="store_true", help="pictures of the query's camera come last")
    reid.add_argument("--write-ranking", metavar="FILE", type=Path, help="as AI City takes it: 100 a line, from 1")
    reid.add_argument("--ranking", metavar="FILE", type=Path, help="rows of the gallery for each query, best first")
    reid.add_argument("--ranking-from-one", action="store_true", help="the ranking counts the gallery from 1")
    reid.add_argument("--query-split", metavar="NAME", default="query", help="of a .csv (default: query)")
    reid.add_argument("--gallery-split", metavar="NAME", default="test", help="of a .csv (default: test)")
    add_settings(reid, ReidSettings)
    add_settings(reid, RankingSettings)
    add_common(reid, _run_reid, classes=False)
    target = actions.add_parser("target", help="one object followed: success, precision, F-score, found again")
    add_paths(
        target,
        "boxes, a line an image, a folder of sequences, or a bag",
        "likewise, a fifth number is the confidence; or a bag with 'target'",
    )
    target.add_argument("--format", choices=FORMATS, help="of the truth; default: by the file's name, else xywh")
    target.add_argument("--camera", metavar="NAME", default="", help="of bags: the camera to judge, e.g. r1/front")
    target.add_argument("--object", metavar="NAME", default="", help="of bags: the name of the true object")
    target.add_argument("--results-format", choices=FORMATS, help="of the results; default: likewise")
    add_settings(target, TargetSettings)
    add_common(target, _run_target, classes=False)


def _run_reid(arguments: argparse.Namespace) -> int:
    if arguments.gallery is None and not arguments.queries.is_dir():
        raise InputError(f"'{arguments.queries}' is no folder with queries and gallery; give the GALLERY too")
    where = arguments.queries, arguments.gallery or arguments.queries
    splits = arguments.query_split, arguments.gallery_split
    (queries, asked), (gallery, known) = (read_pictures(*both) for both in zip(where, splits, strict=True))
    if arguments.ranking is not None:
        ranking: Int64 = read_ranking(arguments.ranking, int(arguments.ranking_from_one))
    elif arguments.model:
        views = [describe_folder(*both, arguments) for both in zip(where, splits, strict=True)]
        ranking = rank(views[0], views[1], settings_of(arguments, RankingSettings))
    elif asked is not None and known is not None:
        ranking = rank_gallery(asked, known)
    else:
        raise InputError(
            "neither a ranking nor vectors: give --ranking FILE, --model NAME, or .npz files with 'vectors'"
        )
    if arguments.camera_verification:
        ranking = same_camera_last(ranking, queries, gallery)
    if arguments.write_ranking is not None:
        write_ranking(arguments.write_ranking, ranking)
    scores = evaluate_reid(ranking, queries, gallery, settings_of(arguments, ReidSettings))
    return show(arguments, asdict(scores), _reid_text(scores))


def describe_folder(folder: Path, split: str, arguments: argparse.Namespace) -> Views:
    """The views of one split, by the networks that the options name."""
    if not folder.is_dir():
        raise InputError(f"'{folder}' is no folder: --model describes the pictures of one (Market, VeRi, CityFlow)")
    found = read_picture_folder(folder, split)
    first, *others = arguments.model
    wanted = EmbedderSettings(model=first, ensemble=tuple(others), flip=arguments.flip)
    sides, places = (
        describe_pictures(make_embedder(EmbedderSettings(model=model)), found.files) if model else None
        for model in (arguments.orientation, arguments.background)
    )
    vectors = describe_pictures(make_embedder(wanted), found.files)
    tracks = found.tracks if (found.tracks >= 0).any() else None
    return Views(vectors, sides, places, found.pictures.cameras, tracks)


def _reid_text(scores: ReidScores) -> str:
    shares = [scores.mean_ap, *map(scores.rank, RANKS), scores.minp]
    heads = ["mAP", *(f"rank-{rank}" for rank in RANKS), "mINP", "queries", "without match"]
    counts = [str(scores.queries), str(scores.queries_without_match)]
    return aligned([heads, [*map(_percent, shares), *counts]])


def _run_target(arguments: argparse.Namespace) -> int:
    settings = settings_of(arguments, TargetSettings)
    if is_bag(arguments.truth) and is_bag(arguments.results):
        scores = _judge_bag(arguments, settings)
    else:
        scores = {name: _judge_files(arguments, *paths, settings) for name, paths in _pair_files(arguments).items()}
    return show(arguments, scores, _target_text(scores))


def _judge_bag(arguments: argparse.Namespace, settings: TargetSettings) -> dict[str, TargetScores]:
    with BagReader(arguments.truth) as reader:
        truth = read_bag_target_truth(reader, arguments.camera, arguments.object)
    with BagReader(arguments.results) as reader:
        results = read_bag_target(reader, arguments.camera)
    check_overlap(truth.stamps_ns, results.stamps_ns, "stamp")
    found = results.at(truth.stamps_ns)
    if len(truth.stamps_ns) > 1:
        settings = replace(settings, rate_hz=1e9 / float(np.median(np.diff(truth.stamps_ns))))
    name = f"{arguments.camera} {arguments.object}"
    return {name: evaluate_target(truth.boxes, found.boxes, found.confidences, settings)}


def _pair_files(arguments: argparse.Namespace) -> dict[str, tuple[Path, Path]]:
    truth, results = find_targets(arguments.truth), find_targets(arguments.results)
    if len(truth) == len(results) == 1:
        return {next(iter(truth)) or arguments.truth.stem: (*truth.values(), *results.values())}  # type: ignore[dict-item]
    lacking = sorted(set(truth) ^ set(results))
    if lacking:
        where = "results" if lacking[0] in truth else "truth"
        raise InputError(f"sequence '{lacking[0]}' has no {where}; expected a file or folder of that name")
    return {name: (path, results[name]) for name, path in truth.items()}


def _judge_files(arguments: argparse.Namespace, truth: Path, results: Path, settings: TargetSettings) -> TargetScores:
    boxes, _ = read_target(truth, arguments.format)
    found, confidences = read_target(results, arguments.results_format)
    try:
        return evaluate_target(boxes, found, confidences, settings)
    except InputError as error:
        raise InputError(f"'{results}': {error}") from None


def _target_text(scores: dict[str, TargetScores]) -> str:
    lines = [["", *TARGET_COLUMNS.values(), "found again", "after s", "images"]]
    for name, one in scores.items():
        waits = "-" if math.isnan(one.refind_s) else f"{one.refind_s:.2f}"
        shares = [_percent(getattr(one, key)) for key in TARGET_COLUMNS]
        lines.append([name, *shares, f"{one.refound}/{one.absences}", waits, str(one.frames)])
    if len(scores) > 1:
        means = [_percent(_mean([getattr(one, key) for one in scores.values()])) for key in TARGET_COLUMNS]
        found, times = (sum(getattr(one, key) for one in scores.values()) for key in ("refound", "absences"))
        images = sum(one.frames for one in scores.values())
        lines.append(["mean", *means, f"{found}/{times}", "", str(images)])
    return aligned(lines)


def _mean(values: list[float]) -> float:
    known = np.array([value for value in values if not math.isnan(value)])
    return float(known.mean()) if len(known) else float("nan")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.1f}"
