"""Training data of random worlds in a folder: files of each world, and a listing of what is in them.

The listing is written last, so a world that has one is whole, and rendering goes on where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from mobinet.errors import RecordingError

Labelled = TypeVar("Labelled")
Record = dict[str, Any]

Progress = Callable[[int, int], None]
"""Called with how many of how many are done."""


def render_worlds(
    files: Path,
    listings: Path,
    seeds: Sequence[int],
    render: Callable[[int], Sequence[Record]],
    each: int,
    progress: Progress | None = None,
) -> None:
    """Renders the worlds that have no listing yet.

    Args:
        files: folder that ``render`` writes to; made if it is not there, as ``listings`` is.
        listings: a JSON file a world.
        seeds: of the worlds.
        render: writes the files of the world of a seed, and answers a record of each.
        each: so many files a world has, for ``progress``.

    Raises:
        RecordingError: a folder cannot be written (a full disk).
    """
    try:
        for folder in (files, listings):
            folder.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds, 1):
            listing = listings / f"{seed:07d}.json"
            if not listing.is_file():
                partial = listing.with_suffix(".partial")
                partial.write_text(json.dumps(render(seed)), encoding="utf-8")
                partial.replace(listing)
            if progress is not None:
                progress(number * each, len(seeds) * each)
    except OSError as error:
        raise RecordingError(
            f"'{files.parent}' cannot be written: {error.strerror or error}; check the folder, its rights and the free "
            "space"
        ) from error


def read_worlds(listings: Path, read: Callable[[Record], Labelled], expected: str) -> list[Labelled]:
    """What ``read`` makes of all records, in the order of their worlds.

    Args:
        expected: what a folder without listings lacks, for the error.

    Raises:
        RecordingError: none is there, or a listing is damaged.
    """
    found: list[Labelled] = []
    for listing in sorted(listings.glob("*.json")):
        try:
            found += [read(record) for record in json.loads(listing.read_text(encoding="utf-8"))]
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise RecordingError(
                f"'{listing}' is damaged ({error}); remove it, and its world is rendered again"
            ) from error
    if not found:
        raise RecordingError(f"'{listings.parent}' has no {expected}; give another --data")
    return found
