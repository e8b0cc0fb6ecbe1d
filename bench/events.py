"""Millions of events a second: decoding, representations, filters and the whole path from packets to detections.

Two cores are two cameras: the same work in two threads at once. Peers get the same events in the same run, the bound
is what copying the events' bytes takes. Figures are those of the quicker quarter of many short runs, since other work
on the machine only ever makes them longer; the median and the rate by processor time stand beside. The headline is the
made stream, 640 x 480 with 20 million events a second; ``--data`` adds recordings.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from event_speed import works  # noqa: E402
from event_speed.streams import HEIGHT, WIDTH, made_events  # noqa: E402
from event_speed.timing import Camera, Speed, speed_of  # noqa: E402
from peers import event_libraries  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
# on one core
TARGET = {"decode_evt3": 300, "decode_evt2": 600, "histogram": 800, "voxel": 250, "timesurface": 400}
TWO_CORES = 1.6


def cameras(seed: int, data: Path | None, models: list[str], windows: int) -> dict[str, Camera]:
    found = works.decoding(seed) | works.recordings(data) | works.representations(seed)
    for model in models:
        name = "path" if model == "clusters" else f"path_{Path(model).stem}"
        found[name] = works.path(seed, model, windows)
    return found


def show(name: str, speed: Speed) -> None:
    columns = (speed.one, speed.median, speed.cpu, *((speed.two, speed.two / speed.one) if speed.two else ()))
    print(f"{name:24}" + "".join(f"{value:10.{2 if index == 4 else 0}f}" for index, value in enumerate(columns)))


def measure_ours(options: argparse.Namespace, seconds: float) -> dict[str, Speed]:
    """On one core and on two."""
    windows = 2 if options.quick else 4
    first, second = (cameras(seed, options.data, options.model, windows) for seed in (1, 2))
    found = {}
    for name, camera in first.items():
        found[name] = speed_of(camera, seconds, second[name])
        show(name, found[name])
    return found


def measure_peers(options: argparse.Namespace, seconds: float) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    other = works.plain(2)
    for peer, each in works.plain(1).items():
        for name, camera in each.items():
            speed = speed_of(camera, seconds, other[peer][name] if peer == "memory copy" else None)
            show(f"{peer}: {name}"[:24], speed)
            found.setdefault(peer, {})[f"{name}_mev_per_s"] = round(speed.one, 1)
            if speed.two:
                found[peer][f"{name}_mev_per_s_2cores"] = round(speed.two, 1)
    if options.peers:
        events = {key: getattr(made_events(1), key) for key in ("t_ns", "x", "y", "polarity")}
        libraries = event_libraries.speeds(options.peers, events, (WIDTH, HEIGHT), works.raw_files(1), seconds)
        for peer, rates in libraries.items():
            for name, rate in rates.items():
                print(f"{peer + ': ' + name:34}{rate:10.0f}")
            found[peer] = {f"{name}_mev_per_s": rate for name, rate in rates.items()}
    else:
        print(f"peers absent: {event_libraries.INSTALL}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    recorded = Path(os.environ.get("MOBINET_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=recorded, help="folder with events/evt3_driving_raw and others")
    parser.add_argument("--peers", default="", metavar="PYTHON", help=event_libraries.HOW)
    parser.add_argument("--model", nargs="*", default=["clusters"], help="detectors at the end of the path")
    parser.add_argument("--quick", action="store_true", help="shorter runs")
    options = parser.parse_args()
    seconds = 0.3 if options.quick else 3.0
    print(f"{'million events/s':24}{'one core':>10}{'median':>10}{'by CPU':>10}{'two':>10}{'times':>10}")
    speeds = measure_ours(options, seconds)
    peers = measure_peers(options, seconds)
    ours, limit = {}, {f"{name}_mev_per_s": float(rate) for name, rate in TARGET.items()}
    for name, speed in speeds.items():
        ours |= {f"{name}_mev_per_s": round(speed.one, 1), f"{name}_mev_per_s_2cores": round(speed.two or 0.0, 1)}
        if name in (*TARGET, "filter", "path"):
            limit[f"{name}_mev_per_s_2cores"] = round(TWO_CORES * speed.one, 1)
    details = {name: {key: round(value, 1) for key, value in asdict(speed).items()} for name, speed in speeds.items()}
    print(json.dumps({"bench": "events", "ours": ours, "peers": peers, "limit": limit, "details": details}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
