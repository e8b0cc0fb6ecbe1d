"""Tracks and truth in files: those of the MOT challenge, and folders of rendered worlds.

A folder holds one sequence (``gt.txt``, ``gt/gt.txt`` or ``truth.jsonl`` in it) or many, in folders of any depth;
results are one ``NAME.txt`` a sequence, where NAME is the sequence's folder (``r1/front.txt`` or ``r1_front.txt``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mobinet.errors import InputError, RecordingError
from mobinet.evaluation.tables import PositionTable, TrackTable
from mobinet.recordings.mot import read_mot
from mobinet.types import Float32

TRUTH_NAMES = ("truth.jsonl", "gt/gt.txt", "gt.txt")


def read_truth(path: Path, by_stamp: bool = False) -> dict[str, TrackTable]:
    """Truth by the name of its sequence, ``""`` for a single file.

    Args:
        by_stamp: ``frames`` are stamps in nanoseconds, which only rendered worlds tell, not numbers of images.

    Raises:
        RecordingError: there is no truth, or a file does not follow its format.
        InputError: an id is twice in a frame; stamps are asked of a file without.
    """
    return {name: _read_truth_file(file, by_stamp) for name, file in find_truth(path).items()}


def find_truth(path: Path) -> dict[str, Path]:
    """The truth files below a folder by the name of their sequence; a single file is named ``""``.

    Raises:
        RecordingError: there is none.
    """
    if path.is_file():
        return {"": path}
    if not path.is_dir():
        raise RecordingError(f"'{path}' does not exist; expected a file or folder of truth, or a bag")
    found: dict[str, Path] = {}
    for name in TRUTH_NAMES:
        for file in sorted(path.rglob(name)):
            sequence = file.parents[name.count("/")]
            found.setdefault(sequence.relative_to(path).as_posix(), file)
    # gt/gt.txt is found as gt.txt of the folder gt too
    files = {name: file for name, file in found.items() if not (name.split("/")[-1] == "gt" and file.name == "gt.txt")}
    if not files:
        raise RecordingError(f"'{path}' has no truth: expected {', '.join(TRUTH_NAMES)} in it or in folders below")
    return {"" if name == "." else name: file for name, file in sorted(files.items())}


def read_results(path: Path) -> dict[str, TrackTable]:
    """Tracks by the name of their sequence, a single file by its own.

    Raises:
        RecordingError: there are none, or a file does not follow its format.
        InputError: an id is twice in a frame.
    """
    if path.is_file():
        return {path.stem: _read_mot_tracks(path)}
    if not path.is_dir():
        raise RecordingError(f"'{path}' does not exist; expected a file or folder of results, or a bag")
    files = sorted(path.rglob("*.txt"))
    if not files:
        raise RecordingError(f"'{path}' has no results: expected one NAME.txt for each sequence")
    return {file.relative_to(path).with_suffix("").as_posix(): _read_mot_tracks(file) for file in files}


def pair_sequences(
    truth: Mapping[str, TrackTable], results: Mapping[str, TrackTable]
) -> dict[str, tuple[TrackTable, TrackTable]]:
    """Truth and results of each sequence; names match with ``/`` or ``_``, a single pair matches whatever its names.

    Raises:
        InputError: a sequence has no results, or the other way round.
    """
    if len(truth) == len(results) == 1:
        return {next(iter(truth)) or next(iter(results)): (*truth.values(), *results.values())}  # type: ignore[dict-item]
    wanted = {name.replace("/", "_"): name for name in truth}
    given = {name.replace("/", "_"): name for name in results}
    lacking, strange = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
    if lacking or strange:
        problem = f"'{wanted[lacking[0]]}' has no results" if lacking else f"'{given[strange[0]]}' has no truth"
        raise InputError(
            f"{problem}: truth has {', '.join(sorted(truth))}; results have {', '.join(sorted(results))}; give each "
            "sequence a file of its name, an empty one where nothing was tracked"
        )
    return {name: (truth[name], results[given[key]]) for key, name in wanted.items()}


def read_true_positions(path: Path) -> PositionTable:
    """Where the visible objects of a rendered world were, from the ``truth.jsonl`` of all cameras.

    Raises:
        RecordingError: there is no ``truth.jsonl``, or one does not follow its format.
    """
    rows: dict[tuple[int, int], tuple[list[float], str]] = {}
    for file in find_truth(path).values():
        if file.name != "truth.jsonl":
            raise RecordingError(f"'{file}' has no positions; expected the folder of a rendered world, or a bag")
        for record in _records(file):
            for thing in record["objects"]:
                if thing["visibility"] > 0:
                    rows[record["stamp_ns"], thing["identity"]] = (thing["position"], thing["class"])
    return PositionTable(
        np.array([stamp for stamp, _ in rows], np.int64),
        np.array([identity for _, identity in rows], np.int64),
        np.array([position for position, _ in rows.values()], np.float64).reshape(-1, 3),
        np.array([name for _, name in rows.values()], np.str_),
    )


def _read_truth_file(path: Path, by_stamp: bool) -> TrackTable:
    if path.suffix == ".jsonl":
        return _read_rendered(path, by_stamp)
    if by_stamp:
        raise InputError(f"'{path}' has no stamps, and the results no numbers of images; expected truth with stamps")
    return _named(path, lambda: TrackTable.from_mot(read_mot(path)))


def _read_mot_tracks(path: Path) -> TrackTable:
    table = read_mot(path)
    if len(table) and (table.ids == -1).all():
        raise InputError(f"'{path}' has detections, all ids are -1: expected tracks; judge it by 'eval detection'")
    return _named(path, lambda: TrackTable.from_mot(table))


def _named(path: Path, make: Any) -> TrackTable:
    try:
        table: TrackTable = make()
    except InputError as error:
        raise InputError(f"'{path}': {error}") from None
    return table


def _read_rendered(path: Path, by_stamp: bool) -> TrackTable:
    key = "stamp_ns" if by_stamp else "frame"
    rows = [(record[key], thing) for record in _records(path) for thing in record["objects"]]
    things = [thing for _, thing in rows]
    visibility = np.array([thing["visibility"] for thing in things], np.float32)
    boxes: Float32 = np.array([thing["box"] for thing in things], np.float32).reshape(-1, 4)
    return TrackTable(
        np.array([frame for frame, _ in rows], np.int64),
        np.array([thing["identity"] for thing in things], np.int64),
        boxes,
        (visibility > 0).astype(np.float32),
        np.array([thing["class"] for thing in things], np.str_),
        visibility,
    )


def _records(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise RecordingError(f"'{path}' cannot be read: {error.strerror}; check the path") from error
    records = []
    needed = {"frame", "stamp_ns", "objects"}
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise RecordingError(f"{path}, line {number} is not JSON: {error.msg}; render the world anew") from error
        if not isinstance(record, dict) or not needed <= set(record):
            raise RecordingError(f"{path}, line {number}: expected {', '.join(sorted(needed))}; render the world anew")
        records.append(record)
    return records
