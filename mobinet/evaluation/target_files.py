"""One object's boxes in files, a line an image, in the layouts of the benchmarks.

- ``otb``: left, top, width, height, counted from 1 (Wu et al. 2013), ``groundtruth_rect.txt``; where a sequence has
  several objects, ``groundtruth_rect.1.txt`` and so on
- ``tld``: x1, y1, x2, y2, NaN where it is not to be seen (Kalal et al. 2012)
- ``xywh``: left, top, width, height, counted from 0, as LaSOT and GOT-10k write theirs and rendered worlds are exported

Numbers are separated by commas, semicolons, blanks or tabs. NaN, four zeros, or no width or height stand for no box.
A fifth number is the confidence. The sequence's name may stand before the file's: ``Coke.groundtruth_rect.txt``.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from mobinet.errors import RecordingError
from mobinet.types import Float64

FORMATS = ("otb", "tld", "xywh")
_NAMES = {"groundtruth_rect.txt": "otb", "groundtruth.txt": "xywh", "gt.txt": "tld"}
_PATTERN = re.compile(r"(?:.+[._-])?(groundtruth_rect|groundtruth|gt)(\.\d+)?\.txt")
_LIST = "list.txt"
"""Names the sequences of a folder, in GOT-10k and in rendered worlds."""


def read_target(path: Path, layout: str | None = None) -> tuple[Float64, Float64]:
    """Boxes ``(N, 4)`` xyxy counted from 0, NaN for none, and confidences ``(N,)``, ones where the file has none.

    Args:
        layout: one of ``FORMATS``; by default as the file's name says, else ``xywh``.

    Raises:
        RecordingError: the file cannot be read, is empty, or a line (named) is no box.
    """
    known = _PATTERN.fullmatch(path.name)
    layout = layout or (_NAMES[f"{known[1]}.txt"] if known else "xywh")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"'{path}' cannot be read: {error}; expected a line of numbers for each image") from error
    rows = [_numbers(line, f"{path}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise RecordingError(f"'{path}' is empty: expected a line for each image")
    values = np.array(rows, np.float64)
    boxes, confidences = values[:, :4], values[:, 4]
    absent = np.isnan(boxes).any(axis=1) | (boxes == 0).all(axis=1)
    if layout != "tld":
        absent |= (boxes[:, 2:] == 0).any(axis=1)
        boxes[:, :2] -= layout == "otb"
        boxes[:, 2:] += boxes[:, :2]
    boxes[absent] = np.nan
    flat = ~absent & ((boxes[:, 2] <= boxes[:, 0]) | (boxes[:, 3] <= boxes[:, 1]))
    if flat.any():
        row = int(np.flatnonzero(flat)[0])
        raise RecordingError(
            f"{path}, line {row + 1}: read as {layout}, the box has no area; the layouts are {', '.join(FORMATS)}"
        )
    return boxes, confidences


def find_targets(path: Path) -> dict[str, Path]:
    """The files of boxes below a folder by the name of their sequence, ``""`` for a single file.

    The name is that of the folder they are in, with the number of the object where there are several.

    Raises:
        RecordingError: there is none.
    """
    if path.is_file():
        return {"": path}
    found: dict[str, Path] = {}
    for file in _texts(path) if path.is_dir() else ():
        known = _PATTERN.fullmatch(file.name)
        if known:
            found.setdefault(file.parent.relative_to(path).as_posix() + (known[2] or ""), file)
    if not found:
        found = {file.stem: file for file in sorted(path.glob("*.txt")) if file.name != _LIST}
    if not found:
        raise RecordingError(f"'{path}' has no boxes: expected {', '.join(_NAMES)} in folders, or NAME.txt")
    return found


def _texts(folder: Path) -> list[Path]:
    """Also in folders that are linked to from here, which ``rglob`` passes over."""
    links = (path for path in folder.iterdir() if path.is_symlink() and path.is_dir())
    return sorted({*folder.rglob("*.txt"), *(file for link in links for file in link.rglob("*.txt"))})


def _numbers(line: str, where: str) -> list[float]:
    try:
        values = [float(text) for text in re.split(r"[,;\s]+", line.strip().rstrip(",;"))]
    except ValueError:
        raise RecordingError(f"{where}: expected 4 or 5 numbers, got '{line.strip()}'") from None
    if len(values) not in (4, 5):
        raise RecordingError(f"{where}: expected 4 numbers, or 5 with a confidence, got {len(values)}")
    return [*values, 1.0][:5]
