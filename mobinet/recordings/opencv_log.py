"""OpenCV's warnings, silenced where an error of the library says the same: a dead camera is tried again and again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2


class _SharedLevel:
    """The log level is the whole process's: the first to enter lowers it, the last to leave puts it back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._before = 0

    def enter(self, logging: Any) -> None:
        with self._lock:
            if self._count == 0:
                self._before = logging.getLogLevel()
                logging.setLogLevel(min(self._before, logging.LOG_LEVEL_ERROR))
            self._count += 1

    def leave(self, logging: Any) -> None:
        with self._lock:
            self._count -= 1
            if self._count == 0:
                logging.setLogLevel(self._before)


_shared = _SharedLevel()


@contextmanager
def without_warnings() -> Iterator[None]:
    """OpenCV logs errors only meanwhile, in all threads. May be nested, and overlap with that of other threads.

    Does nothing with a build of OpenCV whose Python bindings lack the level.
    """
    logging = getattr(getattr(cv2, "utils", None), "logging", None)
    if logging is None:
        yield
        return
    _shared.enter(logging)
    try:
        yield
    finally:
        _shared.leave(logging)
