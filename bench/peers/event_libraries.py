"""Libraries for events that a user could install instead, run in a Python of their own.

This file is both sides: imported by a benchmark it hands events over and takes the speeds; run by the other Python it
measures. Both libraries hold events in lists of records of their own, which are made beforehand where they are input.
"""

from __future__ import annotations

import datetime
import importlib
import importlib.metadata
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = ("faery", "dv-processing", "expelliarmus", "tonic")
HOW = "the Python of an environment with faery and dv-processing (expelliarmus and tonic, if there)"
INSTALL = "python -m venv PEERS && PEERS/bin/pip install faery dv-processing, then --peers PEERS/bin/python"


def speeds(
    python: str, events: dict[str, np.ndarray], size: tuple[int, int], files: dict[str, bytes], seconds: float
) -> dict[str, dict[str, float]]:
    """Millions of events a second by library and metric; ``files`` are RAW files by metric."""
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "given.npz"
        np.savez(given, size=size, **events)
        for name, data in files.items():
            (Path(folder) / f"{name}.raw").write_bytes(data)
        command = [python, __file__, folder, str(seconds)]
        lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    print(*lines[:-1], sep="\n")
    found: dict[str, dict[str, float]] = json.loads(lines[-1])
    return found


def _rate(count: int, work: Callable[[], object], seconds: float) -> float:
    """Of the quicker quarter of the runs, the slowest."""
    work()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return round(count / float(np.quantile(times, 0.25)) / 1e6, 1)


def _faery(folder: Path, _: Any, size: tuple[int, int], seconds: float) -> Iterator[tuple[str, float]]:
    faery = importlib.import_module("faery")
    for path in sorted(folder.glob("decode_*.raw")):

        def decode(path: Path = path) -> int:
            with faery.evt.Decoder(str(path), size, None) as decoder:
                return sum(len(packet["events"]) if isinstance(packet, dict) else len(packet) for packet in decoder)

        yield path.stem, _rate(decode(), decode, seconds)


def _dv(_: Path, events: Any, size: tuple[int, int], seconds: float) -> Iterator[tuple[str, float]]:
    dv = importlib.import_module("dv_processing")
    store = dv.EventStore()
    columns = (events["t_ns"] // 1000, events["x"], events["y"], events["polarity"])
    for row in zip(*(column.tolist() for column in columns), strict=True):
        store.push_back(*row)
    count = store.size()
    surface = dv.TimeSurface(size)
    yield "timesurface", _rate(count, lambda: surface.accept(store), seconds)

    def keep() -> Any:
        # a new one each time, as it takes no events of the past
        noise = dv.noise.BackgroundActivityNoiseFilter(size, datetime.timedelta(milliseconds=10))
        noise.accept(store)
        return noise.generateEvents()

    yield "filter", _rate(count, keep, seconds)


def _expelliarmus(folder: Path, _: Any, __: Any, seconds: float) -> Iterator[tuple[str, float]]:
    expelliarmus = importlib.import_module("expelliarmus")
    for path in sorted(folder.glob("decode_*.raw")):
        wizard = expelliarmus.Wizard(encoding=path.stem.removeprefix("decode_"))
        yield path.stem, _rate(len(wizard.read(path)), lambda wizard=wizard, path=path: wizard.read(path), seconds)


def _tonic(_: Path, events: Any, size: tuple[int, int], seconds: float) -> Iterator[tuple[str, float]]:
    functional = importlib.import_module("tonic.functional")
    dtype = np.dtype([("t", np.int64), ("x", np.int16), ("y", np.int16), ("p", np.int8)])
    table = np.empty(len(events["t_ns"]), dtype)
    for name, key in (("t", "t_ns"), ("x", "x"), ("y", "y"), ("p", "polarity")):
        table[name] = events[key]
    sensor = (*size, 2)
    grid = functional.to_voxel_grid_numpy
    yield "voxel", _rate(len(table), lambda: grid(table.copy(), sensor, n_time_bins=5), seconds)


_LIBRARIES: dict[str, Callable[[Path, Any, tuple[int, int], float], Iterator[tuple[str, float]]]] = {
    "faery": _faery,
    "dv-processing": _dv,
    "expelliarmus": _expelliarmus,
    "tonic": _tonic,
}


def main() -> int:
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    found: dict[str, dict[str, float]] = {}
    with np.load(folder / "given.npz") as given:
        events = dict(given)
    size = tuple(int(side) for side in events["size"])
    for name in PACKAGES:
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            print(f"peer absent: {name}; {INSTALL}")
            continue
        found[f"{name} {version}"] = dict(_LIBRARIES[name](folder, events, (size[0], size[1]), seconds))
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
