"""One rule for stamps that do not rise: what is a little late is dropped, a jump back is a new beginning."""

from __future__ import annotations

from enum import Enum

JUMP_BACK_NS = 1_000_000_000


class Order(Enum):
    """How a stamp follows the newest one of its stream."""

    RISING = "rising"
    REPEATED = "repeated"
    LATE = "late"  # behind by less than JUMP_BACK_NS: its message was overtaken
    JUMPED_BACK = "jumped back"  # a replay that starts again, a clock that was set


class StampOrder:
    """Keeps the newest stamp of each stream."""

    def __init__(self) -> None:
        self._newest_ns: dict[str, int] = {}

    def judge(self, stream: str, stamp_ns: int) -> Order:
        """Compares a stamp (nanoseconds) with the newest of its stream, which it becomes unless it is late."""
        newest = self._newest_ns.get(stream)
        if newest is None or stamp_ns > newest or newest - stamp_ns > JUMP_BACK_NS:
            self._newest_ns[stream] = stamp_ns
        if newest is None or stamp_ns > newest:
            return Order.RISING
        if stamp_ns == newest:
            return Order.REPEATED
        return Order.JUMPED_BACK if newest - stamp_ns > JUMP_BACK_NS else Order.LATE

    def forget(self) -> None:
        self._newest_ns.clear()
