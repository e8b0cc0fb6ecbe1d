"""Files of the MOT challenge: ground truth, detections and results as comma-separated lines, and ``seqinfo.ini``.

A line is ``frame, id, left, top, width, height, confidence`` and then, in MOT15 and in results, ``x, y, z`` (world, -1
when unknown), in MOT16 and later ground truth ``class, visibility`` (Milan et al., "MOT16: a benchmark for multi-object
tracking", 2016). Frames are counted from 1. Coordinates are taken as they stand: the paper counts pixels from 1, the
published files mostly from 0.
"""

from __future__ import annotations

import configparser
import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from mobinet.errors import InputError, RecordingError
from mobinet.types import Detections, Float32, Float64, Int64, check_boxes

_COLUMNS = "frame, id, left, top, width, height, confidence[, class, visibility | , x, y, z]"
_NO_ID = -1
_NO_CLASS = -1


@dataclass(frozen=True)
class MotTable:
    """N boxes of one sequence.

    Args:
        frames: ``(N,)`` int64, the image's number, from 1.
        ids: ``(N,)`` int64, the object's number; -1 in detections.
        boxes: ``(N, 4)`` float32 xyxy, pixels.
        scores: ``(N,)`` float32: a detection's confidence as the detector gave it; in ground truth 1 for the boxes that
            count and 0 for those that an evaluation leaves out.
        classes: ``(N,)`` int64, the class number of MOT16 (1 is a pedestrian); -1 when not given.
        visibility: ``(N,)`` float32 in 0..1, how much of the object is not hidden; 1 when not given.

    Raises:
        InputError: lengths disagree, a frame number below 1, a box that is not finite, inverted or empty.
    """

    frames: Int64
    ids: Int64
    boxes: Float32
    scores: Float32
    classes: Int64
    visibility: Float32

    def __post_init__(self) -> None:
        types = {"frames": np.int64, "ids": np.int64, "classes": np.int64}
        for field in fields(self):
            values = np.ascontiguousarray(getattr(self, field.name), types.get(field.name, np.float32))
            object.__setattr__(self, field.name, values)
        if self.boxes.ndim != 2 or self.boxes.shape[1] != 4:
            raise InputError(f"boxes: expected shape (N, 4), got {self.boxes.shape}")
        for field in fields(self):
            shape = getattr(self, field.name).shape
            if field.name != "boxes" and shape != (len(self.boxes),):
                raise InputError(f"{field.name}: expected one for each of {len(self.boxes)} boxes, got shape {shape}")
        if len(self) and self.frames.min() < 1:
            raise InputError(f"frames: expected numbers from 1 on, got {self.frames.min()}")
        check_boxes(self.boxes)

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, index: Any) -> MotTable:
        """The rows that a NumPy index (mask, integers or slice) selects."""
        chosen = np.arange(len(self))[index]
        return MotTable(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def in_frame(self, number: int) -> MotTable:
        """The rows of one frame."""
        return self[self.frames == number]

    def detections(self, number: int, class_name: str) -> Detections:
        """The boxes of one frame, all of one class.

        Raises:
            InputError: a score is not in 0..1 (some published detections have scores of another scale).
        """
        rows = self.in_frame(number)
        return Detections(rows.boxes, rows.scores, (class_name,) * len(rows))


@dataclass(frozen=True)
class SequenceInfo:
    """What ``seqinfo.ini`` says: name, images per second, number of images and their size in pixels."""

    name: str
    rate: float
    length: int
    width: int
    height: int

    def stamp_ns(self, number: int) -> int:
        """Time of a frame, counted from 1, since the first one."""
        return round((number - 1) * 1e9 / self.rate)


def read_mot(path: Path) -> MotTable:
    """A ``gt.txt``, ``det.txt`` or result file, by rising frame number.

    Raises:
        RecordingError: the file cannot be read, or a line (named) does not follow the format.
    """
    lines = _read_text(path).splitlines()
    rows = [_parse_line(line, f"{path}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]
    rows.sort(key=lambda row: row[0])
    values: Float64 = np.array(rows, np.float64).reshape(-1, 9)
    corners = np.concatenate((values[:, 2:4], values[:, 2:4] + values[:, 4:6]), axis=1)
    return MotTable(
        frames=values[:, 0].astype(np.int64),
        ids=values[:, 1].astype(np.int64),
        boxes=corners.astype(np.float32),
        scores=values[:, 6].astype(np.float32),
        classes=values[:, 7].astype(np.int64),
        visibility=values[:, 8].astype(np.float32),
    )


def write_mot(path: Path, table: MotTable) -> None:
    """Writes a table: with class and visibility where any class is known, else with the unknown world position.

    Raises:
        RecordingError: the file cannot be written.
    """
    try:
        path.write_text("".join(f"{line}\n" for line in _format_lines(table)), encoding="ascii")
    except OSError as error:
        raise RecordingError(
            f"'{path}' cannot be written: {error.strerror}; check the folder and its rights"
        ) from error


def read_seqinfo(path: Path) -> SequenceInfo:
    """A ``seqinfo.ini``.

    Raises:
        RecordingError: the file cannot be read, or an entry (named) is missing or not a positive number.
    """
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(_read_text(path), source=str(path))
    except configparser.Error as error:
        raise RecordingError(f"'{path}' is not an ini file: {' '.join(str(error).split())}") from error
    if not parser.has_section("Sequence"):
        raise RecordingError(f"'{path}': expected a section [Sequence], got {parser.sections()}")
    section = dict(parser["Sequence"])
    length, width, height = (_positive(section, key, path) for key in ("seqLength", "imWidth", "imHeight"))
    return SequenceInfo(
        section.get("name", path.parent.name),
        _positive(section, "frameRate", path),
        int(length),
        int(width),
        int(height),
    )


def write_seqinfo(path: Path, info: SequenceInfo) -> None:
    """Writes a ``seqinfo.ini``.

    Raises:
        RecordingError: the file cannot be written.
    """
    text = (
        f"[Sequence]\nname={info.name}\nimDir=img1\nframeRate={info.rate:g}\nseqLength={info.length}\n"
        f"imWidth={info.width}\nimHeight={info.height}\nimExt=.jpg\n"
    )
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RecordingError(
            f"'{path}' cannot be written: {error.strerror}; check the folder and its rights"
        ) from error


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RecordingError(f"'{path}' cannot be read: {error.strerror}; check the path") from error
    except UnicodeDecodeError as error:
        raise RecordingError(
            f"'{path}' is not a text file (byte {error.start}): expected lines of {_COLUMNS}"
        ) from error


def _parse_line(line: str, where: str) -> tuple[float, ...]:
    """frame, id, left, top, width, height, confidence, class and visibility of one line."""
    texts = line.split(",")
    try:
        values = [float(text) for text in texts]
    except ValueError:
        raise RecordingError(f"{where}: expected numbers separated by commas ({_COLUMNS}), got '{line}'") from None
    if len(values) not in (7, 9, 10):
        raise RecordingError(f"{where}: expected 7, 9 or 10 columns ({_COLUMNS}), got {len(values)}")
    if not all(map(math.isfinite, values)):
        raise RecordingError(f"{where}: expected finite numbers, got '{line}'")
    if values[0] < 1 or any(value != int(value) for value in values[:2]):
        raise RecordingError(f"{where}: expected a whole frame number from 1 on and a whole id, got '{line}'")
    if values[4] <= 0 or values[5] <= 0:
        raise RecordingError(f"{where}: expected a width and height above 0, got {values[4]:g} x {values[5]:g}")
    class_and_visibility = values[7:9] if len(values) == 9 else [_NO_CLASS, 1.0]
    return (*values[:7], *class_and_visibility)


def _format_lines(table: MotTable) -> Iterator[str]:
    with_class = bool((table.classes != _NO_CLASS).any())
    for frame, track_id, (x1, y1, x2, y2), score, class_number, visibility in zip(
        table.frames.tolist(),
        table.ids.tolist(),
        table.boxes.tolist(),
        table.scores.tolist(),
        table.classes.tolist(),
        table.visibility.tolist(),
        strict=True,
    ):
        tail = f"{class_number},{visibility:.5g}" if with_class else "-1,-1,-1"
        yield f"{frame},{track_id},{x1:.3f},{y1:.3f},{x2 - x1:.3f},{y2 - y1:.3f},{score:.6g},{tail}"


def _positive(section: dict[str, str], key: str, path: Path) -> float:
    text = section.get(key.lower(), "nothing")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise RecordingError(f"'{path}': {key}: expected a number above 0, got '{text}'")
    return value
