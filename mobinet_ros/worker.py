"""A thread that works on the newest item of each source, so that a slow network never holds up the executor."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class NewestWorker(Generic[T]):
    """Calls ``process`` with what waits, at most one item a key: the newest.

    An item that is replaced before its turn is counted in ``dropped``.

    Args:
        name: of the thread.
        process: gets the waiting items by key, oldest key first; must handle its own errors.
    """

    def __init__(self, name: str, process: Callable[[dict[str, T]], None]) -> None:
        self._process = process
        self._waiting: dict[str, T] = {}
        self._condition = threading.Condition()
        self._stopping = False
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, key: str, item: T) -> None:
        with self._condition:
            if key in self._waiting:
                self.dropped += 1
            self._waiting[key] = item
            self._condition.notify()

    def stop(self) -> None:
        """Ends the thread after the item in hand; what waits is dropped."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._waiting and not self._stopping:
                    self._condition.wait()
                if self._stopping:
                    return
                items, self._waiting = self._waiting, {}
            self._process(items)
