"""How losses and figures went, as a table: ``step,name,value``, one line a value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mobinet.errors import RecordingError

_HEADER = "step,name,value"


class Curves:
    """Writes ``curves.csv``.

    Args:
        path: of the file; what it has beyond ``step`` is of an interrupted run, which will be run again, and goes.
        step: steps that are done.

    Raises:
        RecordingError: it cannot be read or written.
    """

    def __init__(self, path: Path, step: int = 0) -> None:
        self._path = path
        kept = [f"{at},{name},{value:.6g}" for at, name, value in (read_curves(path) if step else []) if at <= step]
        self._write("\n".join([_HEADER, *kept]) + "\n", "w")

    def add(self, step: int, values: Mapping[str, float]) -> None:
        self._write("".join(f"{step},{name},{value:.6g}\n" for name, value in values.items()), "a")

    def _write(self, text: str, mode: str) -> None:
        try:
            with self._path.open(mode, encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise RecordingError(f"'{self._path}' cannot be written: {error.strerror}; free the disk") from error


def read_curves(path: Path) -> list[tuple[int, str, float]]:
    """Steps, names and values, in the order of the file; none where there is no file. A torn last line is left out."""
    if not path.is_file():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        step, _, rest = line.partition(",")
        name, _, value = rest.partition(",")
        try:
            rows.append((int(step), name, float(value)))
        except ValueError:
            continue
    return rows
