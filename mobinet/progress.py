"""The line that tells how far a command is: a bar on one line of a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType

PLAIN_PERIOD_S = 10.0
_REDRAW_S = 0.1
_BAR_WIDTH = 30


class Progress:
    """Shows the state of a long work until its ``with`` block ends, on stderr.

    Args:
        title: what is being done.
        total: amount of it, in seconds or pieces; 0 where it is not known.
        unit: of that amount.

    Attributes:
        done: amount that was shown last.
    """

    def __init__(self, title: str, total: float = 0.0, unit: str = "") -> None:
        self.done = 0.0
        self._title, self._total, self._unit = title, total, unit
        self._terminal = sys.stderr.isatty()
        self._line = ""
        self._shown_s = float("-inf") if self._terminal else time.monotonic()

    def show(self, done: float, text: str = "") -> None:
        """Updates it; cheap enough for every message."""
        self.done = done
        now_s = time.monotonic()
        finished = bool(self._total) and done >= self._total
        period_s = _REDRAW_S if self._terminal else PLAIN_PERIOD_S
        if now_s - self._shown_s < period_s and not (finished and self._terminal):
            return
        self._shown_s = now_s
        amount = f"{_number(done)}/{_number(self._total)}" if self._total else _number(done)
        parts = [self._title, f"{amount} {self._unit}".rstrip(), text]
        line = " ".join(part for part in parts if part)
        if self._terminal:
            self._draw(f"{line}{self._bar(done)}")
        else:
            print(line, file=sys.stderr, flush=True)

    def show_pieces(self, done: int, total: int, text: str = "") -> None:
        """Updates it, for work that tells its amount as it goes."""
        self._total = total
        self.show(done, text)

    def say(self, line: str) -> None:
        """One line that stays, on stdout."""
        drawn = self._line
        self._draw("")
        print(line, flush=True)
        self._draw(drawn)

    def _bar(self, done: float) -> str:
        if not self._total:
            return ""
        filled = round(_BAR_WIDTH * min(done / self._total, 1.0))
        return f" [{'#' * filled}{'.' * (_BAR_WIDTH - filled)}]"

    def _draw(self, line: str) -> None:
        """Replaces the line of the terminal."""
        if line or self._line:
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()
        self._line = line

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._line:
            sys.stderr.write("\n")
            self._line = ""


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.1f}"
