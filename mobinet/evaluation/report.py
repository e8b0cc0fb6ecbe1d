"""Scores as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np


def as_json(scores: Any) -> str:
    """Scores, or mappings and sequences of them, as JSON; what is not known (NaN) is null."""
    return json.dumps(_plain(scores), indent=2)


def table(rows: Mapping[str, Any], columns: Mapping[str, str], title: str = "") -> str:
    """Rows of scores as aligned text.

    Args:
        rows: scores by name.
        columns: heading by attribute; shares are shown in percent, counts as they are.
        title: heading of the names.
    """
    lines = [[title, *columns.values()]]
    lines += [[name, *(_cell(getattr(scores, key)) for key in columns)] for name, scores in rows.items()]
    return aligned(lines)


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Columns of text: the first flush left, the others flush right."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cell(value: float | int) -> str:
    if isinstance(value, int):
        return str(value)
    return "-" if math.isnan(value) else f"{100 * value:.1f}"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value) if field.repr}
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value
