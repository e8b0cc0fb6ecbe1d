"""The line that tells how far a bag is: a bar at a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

PLAIN_PERIOD_S = 10.0


class BagProgress:
    """Shows the state of playing or recording until its ``with`` block ends.

    Args:
        title: what is being done.
        total_s: length, 0 where it is not known.
    """

    def __init__(self, title: str, total_s: float = 0.0) -> None:
        self._title = title
        self._total_s = total_s
        self._bar: Any = None
        self._task: Any = None
        self._shown_s = time.monotonic()

    def __enter__(self) -> BagProgress:
        if sys.stdout.isatty():
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            bar = [BarColumn(), TextColumn("{task.percentage:3.0f}%")] if self._total_s else [TimeElapsedColumn()]
            self._bar = Progress(TextColumn("{task.description}"), *bar, TextColumn("{task.fields[text]}"))
            self._task = self._bar.add_task(self._title, total=self._total_s or None, text="")
            self._bar.start()
        return self

    def show(self, done_s: float, text: str) -> None:
        """Updates it; cheap enough for every message."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done_s, text=text)
        elif time.monotonic() - self._shown_s >= PLAIN_PERIOD_S:
            self._shown_s = time.monotonic()
            length = f" of {self._total_s:.1f}" if self._total_s else ""
            self.say(f"{self._title}: {done_s:.1f}{length} s, {text}")

    def say(self, line: str) -> None:
        """One line that stays."""
        if self._bar is not None:
            self._bar.console.print(line, highlight=False, markup=False)
        else:
            print(line, flush=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
