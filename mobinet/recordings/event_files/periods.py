"""A stream of events, cut into batches of one period each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from mobinet.errors import InputError
from mobinet.events.base import Events

# the camera's clock does not go back by so much, and no recording is silent for so long: time began anew
_JUMP_BACK_NS = 10**9
_JUMP_ON_NS = 3600 * 10**9


def cut_by_period(pieces: Iterable[Events], period_ns: int) -> Iterator[Events]:
    """The batches of consecutive periods, as :meth:`EventFile.batches` says.

    Raises:
        InputError: the period is not positive.
    """
    if period_ns <= 0:
        raise InputError(f"period: expected more than 0 ns, got {period_ns}")
    return _cut(pieces, period_ns)


def _cut(pieces: Iterable[Events], period_ns: int) -> Iterator[Events]:
    waiting: list[Events] = []
    end_ns: int | None = None
    for rest, jumped in _runs(pieces):
        run = rest
        if jumped and end_ns is not None:
            yield Events.concatenate(waiting).in_order()
            waiting, end_ns = [], None
        if end_ns is None:
            end_ns = int(run.t_ns[0]) + period_ns
        # an event that is late belongs to the period of the newest before it
        newest = np.maximum.accumulate(run.t_ns)
        while newest[-1] >= end_ns:
            inside = int(np.searchsorted(newest, end_ns))
            yield Events.concatenate([*waiting, run[:inside]]).in_order()
            waiting, run, newest = [], run[inside:], newest[inside:]
            end_ns += period_ns
        waiting.append(run)
    if end_ns is not None:
        yield Events.concatenate(waiting).in_order()


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
