"""What simulated event cameras cost, and what is lost where they are rendered less often.

``ms_per_ms`` is how many times longer than the world's time it took, ``cpu_ms_per_ms`` the same in time of all cores
together, which other work on the machine changes less. ``matched`` is the share of the events of the finest rendering
of a case that have one of the same pixel and polarity within the time that the fastest thing needs for a pixel. Noise
is off. ``encode`` and ``decode`` are EVT3, in millions of events a second, on the events of the case that has most.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import replace

import numpy as np

from mobinet.errors import MissingDependencyError
from mobinet.events import Events, Evt3Decoder, encode_evt3
from mobinet.sim.event_camera import EventCamera
from mobinet.sim.event_settings import EventCameraSettings
from mobinet.sim.simulation import Simulation
from mobinet.sim.world import World
from mobinet.sim.world_file import find_world, load_world
from mobinet.types import Int64

# largest motion in pixels from one picture to the next; the first one is what the others are compared with
STEPS_PX = {(320, 240): (0.25, 1.0, 2.0, 4.0), (640, 480): (1.0, 4.0)}
NOISELESS = EventCameraSettings(leak_rate_hz=0.0, noise_rate_hz=0.0, hot_pixel_share=0.0, min_step_us=20)
# when much moves, and when only the robot does
STARTS_S = {"fast_motion": (13.0, 7.8), "night": (9.0,)}


def with_one_camera(name: str, size: tuple[int, int]) -> World:
    """A shipped world whose first camera has another size."""
    world = load_world(find_world(name))
    robot = world.robots[0]
    camera = replace(robot.cameras[0], model=robot.cameras[0].model.scaled(*size))
    return replace(world, robots=(replace(robot, cameras=(camera,)), *world.robots[1:]))


def measure(simulation: Simulation, step_px: float, start_s: float, span_s: float) -> tuple[Events, dict[str, float]]:
    settings = replace(NOISELESS, max_displacement_px=step_px)
    start_ns, end_ns = round(start_s * 1e9), round((start_s + span_s) * 1e9)
    camera = EventCamera(simulation, simulation.views[0], settings, start_ns)
    wall, cpu, before = time.perf_counter(), time.process_time(), camera.pictures
    events = camera.advance(end_ns)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    figures = {
        "kev_per_s": round(len(events) / span_s / 1e3),
        "pictures_per_s": round((camera.pictures - before) / span_s),
        "ms_per_ms": round(wall / span_s, 1),
        "cpu_ms_per_ms": round(cpu / span_s, 1),
    }
    return events, figures


def matched(finest: Events, events: Events, within_s: float) -> float:
    """Share of ``finest`` with an event of the same pixel and polarity in ``events`` within a time."""
    wanted, offered = keys(finest), np.sort(keys(events))
    after = np.searchsorted(offered, wanted)
    padded = np.concatenate([[-(1 << 62)], offered, [1 << 62]])
    nearest = np.minimum(wanted - padded[after], padded[after + 1] - wanted)
    return round(float((nearest <= 1e9 * within_s).mean()), 3)


def keys(events: Events) -> Int64:
    """One number an event: those of one pixel and polarity differ by their times, others by far more."""
    pixel = (events.y.astype(np.int64) * 2048 + events.x) * 2 + events.polarity
    return pixel * 10**11 + events.t_ns


def codec_figures(events: Events) -> dict[str, float]:
    def rate(seconds: float) -> float:
        return round(len(events) / seconds / 1e6, 1)

    start = time.perf_counter()
    data = encode_evt3(events)
    middle = time.perf_counter()
    Evt3Decoder().decode(data)
    end = time.perf_counter()
    size = round(len(data) / len(events), 2)
    return {"encode_mev_per_s": rate(middle - start), "decode_mev_per_s": rate(end - middle), "bytes_per_event": size}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="not used: the worlds are shipped")
    parser.add_argument("--quick", action="store_true", help="20 ms of each world instead of 100")
    options = parser.parse_args()
    span_s = 0.02 if options.quick else 0.1
    ours: dict[str, dict[str, float]] = {}
    found = []
    for name, starts in STARTS_S.items():
        for size, steps_px in STEPS_PX.items():
            try:
                simulation = Simulation(with_one_camera(name, size))
            except MissingDependencyError as error:
                print(f"skipped: {error}")
                return 0
            with simulation:
                for start_s in starts:
                    case = f"{name} at {start_s:g} s, {size[0]}x{size[1]}"
                    runs = {px: measure(simulation, px, start_s, span_s) for px in steps_px}
                    found += [events for events, _ in runs.values()]
                    finest, finest_figures = runs[steps_px[0]]
                    pixel_s = 1 / (steps_px[0] * finest_figures["pictures_per_s"])
                    for px, (events, figures) in runs.items():
                        ours[f"{case}, {px:g} px"] = {**figures, "matched": matched(finest, events, pixel_s)}
    longest = max(found, key=len)
    ours["EVT3"] = codec_figures(longest)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for case, values in ours.items():
        print(f"{case:40}" + "  ".join(f"{key} {value:g}" for key, value in values.items()))
    print(json.dumps({"bench": "sim_events", "ours": ours, "peers": {}, "limit": {}}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
