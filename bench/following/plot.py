"""Draws errors over time with OpenCV alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from following.loop import Outcome

WIDTH, ROW, MARGIN = 1200, 240, 60
COLOURS = {"fixed": (190, 190, 190), "p_only": (40, 110, 230), "p_best": (90, 190, 250), "ours": (160, 90, 20)}


def draw_errors(path: Path, found: Mapping[str, Mapping[str, Outcome]], most_deg: float = 6.0) -> None:
    """Writes a PNG: the error in pan of each contender, a row for each run; what is beyond ``most_deg`` is cut."""
    keys = list(next(iter(found.values())))
    image = np.full((len(keys) * ROW + 30, WIDTH, 3), 255, np.uint8)
    for row, key in enumerate(keys):
        middle = row * ROW + ROW // 2 + 20
        scale = (ROW / 2 - 20) / most_deg
        for degrees in (-most_deg / 2, 0.0, most_deg / 2):
            y = round(middle - degrees * scale)
            cv2.line(image, (MARGIN, y), (WIDTH - 10, y), (225, 225, 225) if degrees else (150, 150, 150), 1)
            _write(image, f"{degrees:+.0f} deg", (2, y + 4))
        _write(image, f"{key}: error in pan over time", (MARGIN + 5, row * ROW + 30))
        for name, outcomes in found.items():
            errors = outcomes[key].errors_deg
            x = MARGIN + errors[:, 0] / errors[-1, 0] * (WIDTH - MARGIN - 10)
            y = middle - np.clip(errors[:, 1], -most_deg, most_deg) * scale
            points = np.column_stack([x, y]).round().astype(np.int32)
            cv2.polylines(image, [points[:, None]], False, COLOURS[name], 1, cv2.LINE_AA)
    for place, name in enumerate(found):
        _write(image, name, (WIDTH - 80 * (len(found) - place), 16), COLOURS[name])
    cv2.imwrite(str(path), image)


def _write(image: np.ndarray, text: str, at: tuple[int, int], colour: tuple[int, int, int] = (60, 60, 60)) -> None:
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)
