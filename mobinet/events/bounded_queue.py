"""What waits for its turn, never too much of it: the newest matter."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Waiting(Generic[T]):
    """What a worker takes from the queue, in the order of arrival.

    Args:
        behind: what is too old to be worked on; it may still matter for the state of who takes it.
        items: what to work on.
    """

    behind: list[T]
    items: list[T]


class BoundedQueue(Generic[T]):
    """Between a thread that must not wait and one that may be too slow.

    When the oldest has waited for more than ``longest_wait_s``, those that waited for more than half of it are behind:
    dropping in one piece leaves whole windows of events, where dropping every other packet would leave none. What
    waited for twice as long is thrown away unseen, since to catch up with it would make all else late.

    Args:
        longest_wait_s: s.
        most_bytes: memory that may wait; beyond it the oldest is thrown away unseen too.
    """

    def __init__(self, longest_wait_s: float, most_bytes: int = 1 << 26) -> None:
        self._longest_wait_ns = round(longest_wait_s * 1e9)
        self._most_bytes = most_bytes
        # with the time of arrival and the size
        self._waiting: deque[tuple[int, int, T]] = deque()
        self._bytes = 0
        self._condition = threading.Condition()
        self._closed = False
        self.overflowed, self.overflowed_bytes = 0, 0

    def put(self, item: T, arrived_ns: int, size: int) -> None:
        """Adds what arrives now, by any clock that does not jump, and takes ``size`` bytes; never waits."""
        with self._condition:
            self._waiting.append((arrived_ns, size, item))
            self._bytes += size
            while len(self._waiting) > 1 and self._is_too_much(arrived_ns):
                _, size, _ = self._waiting.popleft()
                self._bytes -= size
                self.overflowed += 1
                self.overflowed_bytes += size
            self._condition.notify()

    def take(self, timeout_s: float) -> Waiting[T] | None:
        """All that waits, once there is something or the time is over; ``None`` when the queue is closed."""
        with self._condition:
            if not self._waiting and not self._closed:
                self._condition.wait(timeout_s)
            if self._closed:
                return None
            waiting, self._waiting = self._waiting, deque()
            self._bytes = 0
        items = [item for _, _, item in waiting]
        first = self._first_in_time([arrived_ns for arrived_ns, _, _ in waiting])
        return Waiting(items[:first], items[first:])

    def close(self) -> None:
        """Ends the worker: whoever waits in ``take`` gets ``None``."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def _is_too_much(self, now_ns: int) -> bool:
        return self._bytes > self._most_bytes or now_ns - self._waiting[0][0] > 2 * self._longest_wait_ns

    def _first_in_time(self, arrived_ns: list[int]) -> int:
        if not arrived_ns or arrived_ns[-1] - arrived_ns[0] <= self._longest_wait_ns:
            return 0
        keep_ns = arrived_ns[-1] - self._longest_wait_ns // 2
        return next(index for index, at_ns in enumerate(arrived_ns) if at_ns >= keep_ns)
