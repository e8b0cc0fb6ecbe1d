"""``mobinet eval detection`` and ``mobinet eval events``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mobinet.errors import InputError, RecordingError
from mobinet.evaluation.bag_tables import is_bag, read_bag_detections, read_bag_truth
from mobinet.evaluation.box_files import read_coco_results, read_coco_truth, read_event_boxes
from mobinet.evaluation.detection import DetectionReport, DetectionSettings, evaluate_detection
from mobinet.evaluation.events import EventSettings, evaluate_events
from mobinet.evaluation.options import add_common, add_paths, add_settings, renamed, settings_of, show
from mobinet.evaluation.report import table
from mobinet.evaluation.tables import BoxTable
from mobinet.evaluation.track_files import read_truth
from mobinet.recordings.bags import BagReader
from mobinet.recordings.mot import read_mot
from mobinet.types import Int64

COLUMNS = {
    "ap": "AP", "ap50": "AP50", "ap75": "AP75", "ap_small": "small", "ap_medium": "medium", "ap_large": "large",
    "ar": "AR", "precision": "precision", "recall": "recall", "best_f1": "best F1", "best_score": "at score",
    "truth_boxes": "true", "result_boxes": "found",
}  # fmt: skip
MOT_CLASS = "person"


def register(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    detection = actions.add_parser("detection", help="boxes in images: AP, AR, precision, recall")
    add_paths(
        detection,
        "COCO instances (.json), MOT truth, a rendered world or a bag",
        "COCO results (.json), MOT detections, or a bag",
    )
    detection.add_argument(
        "--minimum-visibility", metavar="NUMBER", type=float, default=0.0, help="true boxes below are forgiven, 0..1"
    )
    detection.add_argument(
        "--answered-only", action="store_true", help="of a bag: only images for which the detector answered are judged"
    )
    add_settings(detection, DetectionSettings)
    add_common(detection, _run_detection)
    events = actions.add_parser("events", help="boxes in events, at times of their own: AP, AR by the rules of Gen1")
    add_paths(events, "Prophesee's boxes (.npy) or a bag", "likewise")
    events.add_argument(
        "--start",
        metavar="SECONDS",
        type=float,
        help="time of the first event; default: 0, of a bag its first truth",
    )
    events.add_argument("--camera", metavar="NAME", help="of a bag with several: the one to judge, e.g. r1/events")
    add_settings(events, EventSettings)
    add_settings(events, DetectionSettings)
    add_common(events, _run_events)


def _run_detection(arguments: argparse.Namespace) -> int:
    settings = settings_of(arguments, DetectionSettings)
    images: Sequence[int | str] = ()
    if arguments.truth.suffix == ".json":
        coco = read_coco_truth(arguments.truth)
        truth, results, images = coco.table, read_coco_results(arguments.results, coco.categories), coco.images
    else:
        truth, results, images = _joined(*_read_cameras(arguments))
    report = evaluate_detection(renamed(truth, arguments.rename), renamed(results, arguments.rename), settings, images)
    return _show(arguments, report)


def _read_cameras(
    arguments: argparse.Namespace,
) -> tuple[dict[str, BoxTable], dict[str, BoxTable], dict[str, Int64]]:
    """Truth and results by camera, and the stamps for which a bag has truth, be it nothing."""
    by_stamp = is_bag(arguments.results)
    judged: dict[str, Int64] = {}
    if is_bag(arguments.truth):
        with BagReader(arguments.truth) as reader:
            found = read_bag_truth(reader)
        tracks = {camera: one.table for camera, one in found.items()}
        judged = {camera: one.stamps_ns for camera, one in found.items()}
    else:
        tracks = read_truth(arguments.truth, by_stamp)
    truth = {camera: BoxTable.from_tracks(one, arguments.minimum_visibility) for camera, one in tracks.items()}
    if by_stamp:
        with BagReader(arguments.results) as reader:
            found_boxes = read_bag_detections(reader)
        if arguments.answered_only:
            judged = {
                camera: np.intersect1d(judged.get(camera, one.stamps_ns), one.stamps_ns)
                for camera, one in found_boxes.items()
            }
        return truth, {camera: one.table for camera, one in found_boxes.items()}, judged
    return truth, {name: _mot_detections(path, truth) for name, path in _result_files(arguments.results).items()}, {}


def _result_files(path: Path) -> dict[str, Path]:
    """MOT detections: a file, the ``det.txt`` or ``det/det.txt`` of sequences, or ``NAME.txt``."""
    if path.is_file():
        return {"": path}
    if not path.is_dir():
        raise RecordingError(f"'{path}' does not exist; expected a file or folder of detections, or a bag")
    found = {file.parent.relative_to(path).as_posix(): file for file in sorted(path.rglob("det.txt"))}
    if found:
        return {name.removesuffix("/det"): file for name, file in found.items()}
    return {file.relative_to(path).with_suffix("").as_posix(): file for file in sorted(path.rglob("*.txt"))}


def _mot_detections(path: Path, truth: Mapping[str, BoxTable]) -> BoxTable:
    """Detections of the MOT challenge have no class: they are of the truth's, when it has one, else persons."""
    rows = read_mot(path)
    names = {name for one in truth.values() for name in one.class_names.tolist()}
    name = names.pop() if len(names) == 1 else MOT_CLASS
    return BoxTable(rows.frames, rows.boxes, np.full(len(rows), name), rows.scores.astype(np.float64))


def _joined(
    truth: Mapping[str, BoxTable], results: Mapping[str, BoxTable], judged: Mapping[str, Int64]
) -> tuple[BoxTable, BoxTable, Sequence[int | str]]:
    """All cameras as one set of images, named by camera and frame."""
    if len(truth) == len(results) == 1:
        images = next(iter(judged.values())).tolist() if judged else ()
        return next(iter(truth.values())), next(iter(results.values())), images
    strangers = sorted(set(results) - set(truth))
    if strangers:
        raise InputError(f"'{strangers[0]}' has no truth: truth has {', '.join(sorted(truth))}")
    lacking = sorted(set(truth) - set(results))
    if lacking:
        raise InputError(f"'{lacking[0]}' has no results: results have {', '.join(sorted(results))}")
    names = [f"{camera} {stamp}" for camera, stamps in judged.items() for stamp in stamps.tolist()]
    return _join(truth), _join(results), names


def _join(tables: Mapping[str, BoxTable]) -> BoxTable:
    parts = [
        replace(one, images=np.char.add(f"{camera} ", one.images.astype(np.str_))) for camera, one in tables.items()
    ]
    return BoxTable(
        np.concatenate([one.images for one in parts]),
        np.concatenate([one.boxes for one in parts]),
        np.concatenate([one.class_names for one in parts]),
        np.concatenate([one.scores for one in parts]),
        np.concatenate([one.forgiven for one in parts]),
    )


def _run_events(arguments: argparse.Namespace) -> int:
    settings, rules = settings_of(arguments, EventSettings), settings_of(arguments, DetectionSettings)
    start_ns = 0 if arguments.start is None else round(arguments.start * 1e9)
    if is_bag(arguments.truth) and is_bag(arguments.results):
        with BagReader(arguments.truth) as reader:
            tracks = read_bag_truth(reader)
        with BagReader(arguments.results) as reader:
            found = read_bag_detections(reader)
        camera = _one_camera(arguments, tracks, found)
        truth, results = BoxTable.from_tracks(tracks[camera].table), found[camera].table
        if arguments.start is None:
            start_ns = int(tracks[camera].stamps_ns[0])
    else:
        truth, results = read_event_boxes(arguments.truth), read_event_boxes(arguments.results)
    truth, results = renamed(truth, arguments.rename), renamed(results, arguments.rename)
    return _show(arguments, evaluate_events(truth, results, start_ns, settings, rules))


def _one_camera(arguments: argparse.Namespace, truth: Mapping[str, object], results: Mapping[str, object]) -> str:
    common = sorted(set(truth) & set(results))
    if arguments.camera:
        common = [name for name in common if name == arguments.camera]
    if len(common) != 1:
        raise InputError(
            f"expected one camera with truth and detections, got {', '.join(common) or 'none'}; truth has "
            f"{', '.join(sorted(truth))}, detections {', '.join(sorted(results))}: choose with --camera"
        )
    return common[0]


def _show(arguments: argparse.Namespace, report: DetectionReport) -> int:
    rows = dict(report.classes)
    if len(rows) > 1:
        rows["mean"] = report.mean
    return show(arguments, {"classes": report.classes, "mean": report.mean}, table(rows, COLUMNS))
