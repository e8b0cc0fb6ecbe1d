"""The lines of text, each with "% " before it, that Prophesee's files begin with."""

from __future__ import annotations

from pathlib import Path

from mobinet.errors import RecordingError

_LONGEST = 1 << 16


def read_header(path: Path, end: str | None = None) -> tuple[dict[str, str], int]:
    """What the header says, by the first word of each line, and how many bytes it has.

    Args:
        end: a line that ends the header, whatever follows.

    Raises:
        RecordingError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST)
    except OSError as error:
        raise RecordingError(f"'{path}' cannot be read: {error.strerror or error}") from error
    header: dict[str, str] = {}
    begin = 0
    while data[begin : begin + 1] == b"%":
        length = data.find(b"\n", begin) + 1 - begin
        if length <= 0:
            break
        keyword, _, value = data[begin + 1 : begin + length].decode("ascii", "replace").strip().partition(" ")
        begin += length
        if keyword == end:
            break
        header[keyword] = value.strip()
    return header, begin
