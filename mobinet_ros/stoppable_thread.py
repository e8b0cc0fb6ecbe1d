"""A thread that a node starts when it is activated, and ends when it is deactivated."""

from __future__ import annotations

import threading
from collections.abc import Callable


class StoppableThread:
    """Runs one function at a time, which looks at ``stopping`` and returns soon after it is set."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, name: str, work: Callable[[], None]) -> None:
        self.stopping.clear()
        self._thread = threading.Thread(target=work, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when the function has."""
        self.stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
