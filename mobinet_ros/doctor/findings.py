"""What the doctor found: how bad it is, what it is, and the cure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How bad a finding is; the exit status of the command is the worst one's, a note's being 0."""

    NOTE = 0
    WARNING = 1
    ERROR = 2


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Args:
        severity: an error explains why something does not come, a warning why it may not, a note is worth knowing.
        check: stable short name of the rule, for scripts.
        what: one line that names every side involved.
        cure: one line that says what to do.
    """

    severity: Severity
    check: str
    what: str
    cure: str


def names(items: Iterable[str], most: int = 4) -> str:
    """Up to ``most`` distinct names in order, the rest counted: 'a, b and 3 more'."""
    distinct = sorted(set(items))
    shown = ", ".join(distinct[:most])
    return shown if len(distinct) <= most else f"{shown} and {len(distinct) - most} more"
