"""Ends commands in order: signals set a flag that loops look at."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that SIGINT, SIGTERM and SIGHUP set; a second signal ends the program as usual."""
    stop = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def stop_once(_number: int, _frame: Any) -> None:
        stop.set()
        restore()

    for number in numbers:
        signal.signal(number, stop_once)
    try:
        yield stop
    finally:
        restore()
