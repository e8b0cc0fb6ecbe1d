"""What rendering costs: milliseconds a camera frame against resolution, bodies and cameras, on this machine.

``frame_ms`` is one picture, ``truth_ms`` its ground truth, ``plain_ms`` a picture without smooth edges.
``realtime_factor`` is that of the demonstration, paced to 1 at most: rendering, truth, and all nodes of its robots; it
needs ROS.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mobinet.errors import MissingDependencyError
from mobinet.sim.simulation import Simulation
from mobinet.sim.world_file import find_world, load_world

SIZES = ((320, 240), (640, 480), (1280, 720))
BODIES = (1, 5, 20)
CAMERAS = (1, 2, 4)


def world_text(width: int, height: int, bodies: int, cameras: int) -> str:
    people = "\n".join(
        f"  p{i}: {{path: [[{6 + i % 5}, {-4 + 0.3 * i:.1f}], [{6 + i % 5}, {4 - 0.1 * i:.1f}]], mode: return}}"
        for i in range(bodies)
    )
    eyes = "\n".join(
        f"      c{i}: {{mount: [0, {0.2 * i}, 1.3, 0, 0, 0], width: {width}, height: {height}, "
        "horizontal_fov_deg: 75, rate: 15}"
        for i in range(cameras)
    )
    return (
        "world_version: 1\nduration: 10\nwalls:\n  back: {from: [15, -15], to: [15, 15], height: 5}\n"
        f"people:\n{people}\nrobots:\n  r1:\n    at: [0, 0, 0]\n    cameras:\n{eyes}\n"
    )


def milliseconds(call: Callable[[int], object], count: int) -> float:
    """Mean time of a call with rising stamps, after a warm-up."""
    for index in range(3):
        call(index * 66_000_000)
    start = time.perf_counter()
    for index in range(count):
        call(index * 66_000_000)
    return 1e3 * (time.perf_counter() - start) / count


def measure(simulation: Simulation, count: int) -> dict[str, float]:
    """Mean over all cameras."""
    views = simulation.views
    frame = milliseconds(lambda stamp: [simulation.image(view, stamp) for view in views], count) / len(views)
    truth = milliseconds(lambda stamp: [simulation.truth(view, stamp) for view in views], count) / len(views)
    return {"frame_ms": round(frame, 1), "truth_ms": round(truth, 1)}


def measure_plain(world: Path, count: int) -> float:
    """Milliseconds a picture of a world, its edges not smoothed."""
    with Simulation(replace(load_world(world), antialias=False)) as simulation:
        views = simulation.views
        time_ms = milliseconds(lambda stamp: [simulation.image(view, stamp) for view in views], count)
    return round(time_ms / len(views), 1)


def demo_factor(seconds: float, folder: Path) -> float | None:
    """Simulated seconds a second of the whole demonstration, view and table left out; ``None`` without ROS."""
    if importlib.util.find_spec("rclpy") is None:
        return None
    summary = folder / "summary.json"
    command = [sys.executable, "-m", "mobinet.cli", "demo", "--view", "none", "--no-table"]
    command += ["--duration", f"{seconds:g}", "--json", str(summary)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return float(json.loads(summary.read_text())["realtime_factor"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="not used: the images are made here")
    parser.add_argument("--quick", action="store_true", help="10 images a case instead of 60")
    options = parser.parse_args()
    count = 10 if options.quick else 60
    cases = (
        [(size, 5, 1) for size in SIZES] + [((640, 480), n, 1) for n in BODIES] + [((640, 480), 5, n) for n in CAMERAS]
    )
    ours: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "world.yaml"
        for (width, height), bodies, cameras in dict.fromkeys(cases):
            path.write_text(world_text(width, height, bodies, cameras))
            try:
                with Simulation(load_world(path)) as simulation:
                    ours[f"{width}x{height}, {bodies} people, {cameras} cameras"] = measure(simulation, count)
            except MissingDependencyError as error:
                print(f"skipped: {error}")
                return 0
        factor = demo_factor(20 if options.quick else 60, Path(folder))
    with Simulation(load_world(find_world("street"))) as simulation:
        ours["street"] = measure(simulation, count)
    ours["street"]["plain_ms"] = measure_plain(find_world("street"), count)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name, figures in ours.items():
        print(f"{name:36}" + "  ".join(f"{key} {value}" for key, value in figures.items()))
    print(f"demonstration: {factor} of real time" if factor is not None else "demonstration: left out, it needs ROS")
    metrics = {"frame_ms": ours["street"]["frame_ms"], "realtime_factor": factor}
    print(
        json.dumps(
            {"bench": "sim_rate", "ours": {**metrics, "cases": ours}, "peers": {}, "limit": {"realtime_factor": 1}}
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
