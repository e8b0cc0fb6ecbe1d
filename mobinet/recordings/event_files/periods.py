"""A stream of events, cut into batches of one period each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from mobinet.errors import InputError
from mobinet.events.base import Events

# the camera's clock does not go back by so much, and no recording is silent for so long: time began anew
_JUMP_BACK_NS = 10**9
_JUMP_ON_NS = 3600 * 10**9


class Period(NamedTuple):
    """The events of one period, which begins at ``start_ns``, in order of time."""

    start_ns: int
    events: Events


def cut_by_period(pieces: Iterable[Events], period_ns: int) -> Iterator[Period]:
    """The consecutive periods of a stream, from its first event on; an empty one has no events.

    An event whose period has passed, by a fault of the camera's clock, comes in the present one. Where time jumps, back
    by more than a second or on by more than an hour, periods begin anew.

    Raises:
        InputError: the period is not positive.
    """
    if period_ns <= 0:
        raise InputError(f"period: expected more than 0 ns, got {period_ns}")
    return _cut(pieces, period_ns)


def _cut(pieces: Iterable[Events], period_ns: int) -> Iterator[Period]:
    waiting: list[Events] = []
    start_ns: int | None = None
    for rest, jumped in _runs(pieces):
        run = rest
        if jumped and start_ns is not None:
            yield Period(start_ns, Events.concatenate(waiting).in_order())
            waiting, start_ns = [], None
        if start_ns is None:
            start_ns = int(run.t_ns[0])
        # an event that is late belongs to the period of the newest before it
        newest = np.maximum.accumulate(run.t_ns)
        while newest[-1] >= start_ns + period_ns:
            inside = int(np.searchsorted(newest, start_ns + period_ns))
            yield Period(start_ns, Events.concatenate([*waiting, run[:inside]]).in_order())
            waiting, run, newest = [], run[inside:], newest[inside:]
            start_ns += period_ns
        waiting.append(run)
    if start_ns is not None:
        yield Period(start_ns, Events.concatenate(waiting).in_order())


def _runs(pieces: Iterable[Events]) -> Iterator[tuple[Events, bool]]:
    """The pieces, parted where time jumps; each with whether it comes after a jump."""
    last_ns: int | None = None
    for piece in pieces:
        if not len(piece):
            continue
        steps = np.diff(piece.t_ns, prepend=piece.t_ns[0] if last_ns is None else last_ns)
        jumps = np.flatnonzero((steps < -_JUMP_BACK_NS) | (steps > _JUMP_ON_NS)).tolist()
        starts = [0, *(index for index in jumps if index)]
        for start, end in zip(starts, [*starts[1:], len(piece)], strict=True):
            yield piece[start:end], start in jumps
        last_ns = int(piece.t_ns[-1])
