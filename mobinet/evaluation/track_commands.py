"""``mobinet eval mot`` and ``mobinet eval identities``."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mobinet.errors import InputError
from mobinet.evaluation.bag_tables import (
    BagIdentities,
    is_bag,
    name_tracks,
    read_bag_identities,
    read_bag_positions,
    read_bag_tracks,
    read_bag_truth,
)
from mobinet.evaluation.identities import IdentityScores, IdentitySettings, evaluate_identities
from mobinet.evaluation.localisation import LocalisationScores, evaluate_localisation
from mobinet.evaluation.matching import check_overlap
from mobinet.evaluation.mot import MotScores, MotSettings, combine_mot, evaluate_mot, evaluate_mot_classes
from mobinet.evaluation.options import add_common, add_paths, add_settings, renamed, settings_of, show
from mobinet.evaluation.positions import PositionSettings, evaluate_agreement, evaluate_positions
from mobinet.evaluation.report import aligned, table
from mobinet.evaluation.tables import PositionTable, TrackTable
from mobinet.evaluation.track_files import pair_sequences, read_results, read_true_positions, read_truth
from mobinet.recordings.bags import BagReader
from mobinet.types import Int64

MOT_COLUMNS = {
    "hota": "HOTA", "deta": "DetA", "assa": "AssA", "loca": "LocA", "mota": "MOTA", "idf1": "IDF1", "idp": "IDP",
    "idr": "IDR", "idsw": "IDSW", "fp": "FP", "fn": "FN", "mt": "MT", "ml": "ML", "frag": "Frag", "truth_ids": "ids",
}  # fmt: skip
IDENTITY_COLUMNS = {
    "idf1": "IDF1", "idp": "IDP", "idr": "IDR", "idtp": "IDTP", "idfp": "IDFP", "idfn": "IDFN",
    "truth_ids": "true ids", "result_ids": "ids",
}  # fmt: skip
AGREEMENT_COLUMNS = {"agreement": "same id", "same": "same", "different": "different", "missing": "one alone"}


def register(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    mot = actions.add_parser("mot", help="tracks of single cameras: HOTA, MOTA, IDF1, ...")
    add_paths(mot, "gt.txt, a folder of sequences, a rendered world or a bag", "a result file, a folder of them, a bag")
    mot.add_argument(
        "--per-class", action="store_true", help="each class apart; otherwise boxes match whatever they are"
    )
    mot.add_argument("--classes", metavar="A,B", help="only these, each apart")
    _add_bag_options(mot)
    add_settings(mot, MotSettings)
    add_common(mot, _run_mot)
    identities = actions.add_parser("identities", help="identities over all cameras, in images and on the map")
    add_paths(identities, "a folder of cameras or a bag", "a folder of result files with common ids, or a bag")
    _add_bag_options(identities)
    add_settings(identities, IdentitySettings)
    add_settings(identities, PositionSettings)
    add_common(identities, _run_identities)


def _add_bag_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--coasting", action="store_true", help="of a bag: predicted boxes of lost tracks count too")
    parser.add_argument(
        "--answered-only", action="store_true", help="of a bag: only images for which the tracker answered are judged"
    )


def _run_mot(arguments: argparse.Namespace) -> int:
    settings = settings_of(arguments, MotSettings)
    truth, results, judged = read_tracks(arguments)
    pairs = pair_sequences(truth, results)
    if not (arguments.per_class or arguments.classes):
        scores = {name: evaluate_mot(*pair, settings, judged.get(name)) for name, pair in pairs.items()}
        return _show_mot(arguments, _with_sum(scores, settings))
    wanted = tuple(arguments.classes.split(",")) if arguments.classes else ()
    found = {name: evaluate_mot_classes(*pair, settings, judged.get(name), wanted) for name, pair in pairs.items()}
    by_class = {kind: {} for scores in found.values() for kind in scores}  # type: dict[str, dict[str, MotScores]]
    for name, scores in found.items():
        for kind, one in scores.items():
            by_class[kind][name] = one
    rows = {
        f"{kind} {name}".rstrip(): one
        for kind in sorted(by_class)
        for name, one in _with_sum(by_class[kind], settings).items()
    }
    return _show_mot(arguments, rows)


def _with_sum(scores: Mapping[str, MotScores], settings: MotSettings) -> dict[str, MotScores]:
    if len(scores) < 2:
        return dict(scores)
    return {**scores, "all": combine_mot(list(scores.values()), settings)}


def _show_mot(arguments: argparse.Namespace, rows: Mapping[str, MotScores]) -> int:
    return show(arguments, rows, table(rows, MOT_COLUMNS))


def read_tracks(
    arguments: argparse.Namespace,
) -> tuple[dict[str, TrackTable], dict[str, TrackTable], dict[str, Int64]]:
    """Truth, tracks and, where the truth is a bag, the stamps that are judged; by sequence."""
    from_bag = is_bag(arguments.results)
    truth, judged = _read_truth(arguments.truth, from_bag)
    if from_bag:
        with BagReader(arguments.results) as reader:
            tracks = read_bag_tracks(reader, arguments.coasting)
        results = {camera: one.table for camera, one in tracks.items()}
        for camera in set(judged) & set(tracks):
            check_overlap(judged[camera], tracks[camera].stamps_ns, f"stamp of camera '{camera}'")
        if arguments.answered_only:
            judged = {
                camera: np.intersect1d(judged.get(camera, one.stamps_ns), one.stamps_ns)
                for camera, one in tracks.items()
            }
    else:
        results = read_results(arguments.results)
    return (
        {name: renamed(one, arguments.rename) for name, one in truth.items()},
        {name: renamed(one, arguments.rename) for name, one in results.items()},
        judged,
    )


def _read_truth(path: Path, by_stamp: bool) -> tuple[dict[str, TrackTable], dict[str, Int64]]:
    if not is_bag(path):
        return read_truth(path, by_stamp), {}
    if not by_stamp:
        raise InputError(
            f"'{path}' is a bag, whose truth has stamps, and the results are numbered; give a bag of results"
        )
    with BagReader(path) as reader:
        truth = read_bag_truth(reader)
    return {camera: one.table for camera, one in truth.items()}, {name: one.stamps_ns for name, one in truth.items()}


def _run_identities(arguments: argparse.Namespace) -> int:
    settings = settings_of(arguments, IdentitySettings)
    truth, results, judged = read_tracks(arguments)
    frames = judged or None
    if not is_bag(arguments.results):
        pairs = pair_sequences(truth, results)
        named = {name: pair[1] for name, pair in pairs.items()}
        scores = {"all cameras": evaluate_identities({name: pair[0] for name, pair in pairs.items()}, named, settings)}
        return show(arguments, scores, table(scores, IDENTITY_COLUMNS))
    with BagReader(arguments.results) as reader:
        robots = read_bag_identities(reader)
    images = {}
    for robot, identities in robots.items():
        named = {camera: name_tracks(camera, tracks, identities) for camera, tracks in results.items()}
        images[robot] = evaluate_identities(truth, named, settings, frames)
    return _show_identities(arguments, images, robots, _true_positions(arguments.truth))


def _true_positions(path: Path) -> PositionTable:
    if not is_bag(path):
        return read_true_positions(path)
    with BagReader(path) as reader:
        return read_bag_positions(reader)


def _show_identities(
    arguments: argparse.Namespace,
    images: Mapping[str, IdentityScores],
    robots: Mapping[str, BagIdentities],
    truth: PositionTable,
) -> int:
    settings = settings_of(arguments, PositionSettings)
    on_map = {robot: evaluate_positions(truth, one.positions, settings) for robot, one in robots.items()}
    names = sorted(robots)
    pairs = [(a, b) for index, a in enumerate(names) for b in names[index + 1 :]]
    errors = {robot: evaluate_localisation(truth, one.positions, settings) for robot, one in robots.items()}
    agreement = {
        f"{a} and {b}": evaluate_agreement(robots[a].positions, robots[b].positions, settings) for a, b in pairs
    }
    parts = [table(images, IDENTITY_COLUMNS, "in images"), table(on_map, IDENTITY_COLUMNS, "on the map")]
    parts.append(_localisation_text(errors))
    if agreement:
        parts.append(table(agreement, AGREEMENT_COLUMNS, "robots agree"))
    scores: dict[str, Any] = {"images": images, "map": on_map, "localisation": errors, "agreement": agreement}
    return show(arguments, scores, "\n\n".join(parts))


def _localisation_text(scores: Mapping[str, LocalisationScores]) -> str:
    lines = [["map errors", "RMS m", "median m", "GOSPA m", "missed", "false", "instants"]]
    for robot, one in scores.items():
        metres = (one.rms_error_m, one.median_error_m, one.gospa_m, one.missed, one.false)
        lines.append([robot, *("-" if math.isnan(value) else f"{value:.2f}" for value in metres), str(one.instants)])
    return aligned(lines)
