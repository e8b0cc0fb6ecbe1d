"""Whom pictures show, and how they look, in files: ``.npz``, ``.npy`` and ``.csv``.

- ``.npz``: ``ids`` and ``cameras`` (N,), ``vectors`` (N, D) where there is no ranking
- ``.npy``: (N, 2) camera and id, as CityFlow's annotations are kept
- a folder in the layout of Market-1501, VeRi or CityFlow, see ``picture_folders``
- ``.csv``: columns ``id`` (or ``identity``) and ``camera``, as in the ``crops.csv`` of rendered worlds, whose
  column ``split`` tells queries from the gallery
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from mobinet.errors import RecordingError
from mobinet.evaluation.picture_folders import read_picture_folder
from mobinet.evaluation.reid import NO_ENTRY, Pictures
from mobinet.types import Float32, Int64


def read_pictures(path: Path, split: str = "") -> tuple[Pictures, Float32 | None]:
    """Pictures and their vectors, if the file has any.

    Args:
        split: of a folder, and of a ``.csv`` with such a column, what to take (``query`` or ``test``); all of a
            ``.csv`` by default.

    Raises:
        RecordingError: the file cannot be read, lacks a column, or has no picture of the split.
    """
    try:
        if path.is_dir():
            return read_picture_folder(path, split).pictures, None
        if path.suffix == ".csv":
            return _read_csv(path, split), None
        if path.suffix == ".npy":
            rows = np.load(path)
            if rows.ndim != 2 or rows.shape[1] != 2:
                raise RecordingError(f"'{path}': expected (N, 2) camera and id, got shape {rows.shape}")
            return Pictures(rows[:, 1], rows[:, 0]), None
        with np.load(path) as content:
            lacking = [name for name in ("ids", "cameras") if name not in content]
            if lacking:
                raise RecordingError(f"'{path}' has no '{lacking[0]}'; it has {', '.join(content)}")
            vectors = content["vectors"].astype(np.float32) if "vectors" in content else None
            return Pictures(content["ids"], content["cameras"]), vectors
    except RecordingError:
        raise
    except (OSError, ValueError) as error:
        raise RecordingError(f"'{path}' cannot be read: {error}; expected an .npz, .npy or .csv of pictures") from error


def read_ranking(path: Path, first: int = 0) -> Int64:
    """Rows of the gallery, a line a query, separated by blanks or commas; or an ``.npy`` (Q, K).

    Args:
        first: the number of the gallery's first picture, 1 in CityFlow's files.

    Raises:
        RecordingError: the file cannot be read, or lines differ in length.
    """
    try:
        if path.suffix == ".npy":
            ranking: Int64 = np.load(path).astype(np.int64) - first
            return ranking
        lines = path.read_text(encoding="utf-8").replace(",", " ").splitlines()
        rows = [[int(text) for text in line.split()] for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise RecordingError(f"'{path}' cannot be read: {error}; expected lines of whole numbers") from error
    lengths = {len(row) for row in rows}
    if len(lengths) != 1:
        raise RecordingError(f"'{path}': expected lines of one length, got lengths {sorted(lengths) or 'none'}")
    return np.array(rows, np.int64) - first


def write_ranking(path: Path, ranking: Int64, first: int = 1, most: int = 100) -> None:
    """Writes a submission as the AI City Challenge takes it: a line a query, the best first, counted from ``first``.

    Raises:
        RecordingError: the file cannot be written.
    """
    lines = (" ".join(str(row + first) for row in rows[:most] if row != NO_ENTRY) for rows in ranking.tolist())
    try:
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise RecordingError(f"'{path}' cannot be written: {error.strerror}; check folder and free space") from error


def _read_csv(path: Path, split: str) -> Pictures:
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        rows, columns = list(table), list(table.fieldnames or [])
    identity = next((name for name in ("id", "identity") if name in columns), None)
    if identity is None or "camera" not in columns:
        raise RecordingError(
            f"'{path}': expected columns id (or identity) and camera, got {', '.join(columns) or 'none'}"
        )
    if split and "split" in columns:
        rows = [row for row in rows if row["split"] == split]
    if not rows:
        raise RecordingError(f"'{path}' lists no picture of split '{split}'; choose another split, or render longer")
    return Pictures(np.array([int(row[identity]) for row in rows]), np.array([row["camera"] for row in rows]))
