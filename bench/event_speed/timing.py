"""How fast a piece of work is, on a machine that does other things too."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

Work = Callable[[], object]
# a run is at least so long, so that threads begin and end in much less
SHORTEST_S = 0.01


@dataclass(frozen=True)
class Camera:
    """Work on ``count`` events of one camera."""

    count: int
    work: Work


@dataclass(frozen=True)
class Speed:
    """Millions of events a second.

    ``one`` and ``two`` are the slowest of the quicker quarter of the runs, on one core and on two; ``median`` is of all
    runs on one core, ``cpu`` as ``one`` by the thread's processor time.
    """

    one: float
    median: float
    cpu: float
    two: float | None = None


def speed_of(camera: Camera, seconds: float, other: Camera | None = None) -> Speed:
    """Runs on one core and, with ``other``, of both cameras at once in two threads, in turn for so long."""
    repeats = _repeats(camera.work)
    if other is not None:
        _repeats(other.work)
    wall, cpu, both = [], [], []
    with ThreadPoolExecutor(2) as pool:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or len(wall) < 5:
            seconds_wall, seconds_cpu = _run(camera.work, repeats)
            wall.append(seconds_wall)
            cpu.append(seconds_cpu)
            if other is not None:
                both.append(_run_both(pool, camera.work, other.work, repeats))
    events = camera.count * repeats / 1e6
    two = (camera.count + other.count) * repeats / 1e6 / _quick(both) if other is not None else None
    return Speed(events / _quick(wall), events / float(np.median(wall)), events / _quick(cpu), two)


def _cores() -> tuple[int, int]:
    """Two that this process may use; the same twice where there is only one."""
    cores = sorted(os.sched_getaffinity(os.getpid())) if hasattr(os, "sched_getaffinity") else [0, 1]
    return cores[0], cores[-1]


def _quick(times: list[float]) -> float:
    return float(np.quantile(times, 0.25))


def _repeats(work: Work) -> int:
    """So many that a run has the least length; the first call compiles."""
    work()
    seconds = min(_run(work, 1)[0] for _ in range(3))
    return max(1, int(np.ceil(SHORTEST_S / seconds)))


def _run(work: Work, repeats: int) -> tuple[float, float]:
    begin, begin_cpu = time.perf_counter(), time.thread_time()
    for _ in range(repeats):
        work()
    return time.perf_counter() - begin, time.thread_time() - begin_cpu


def _run_both(pool: ThreadPoolExecutor, first: Work, second: Work, repeats: int) -> float:
    """Seconds from when the first thread begins until both are done."""
    ready = threading.Barrier(2)

    def wait_and_run(work: Work, core: int) -> tuple[float, float]:
        # other work on the machine must not lead both to one core
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {core})
        ready.wait()
        begin = time.perf_counter()
        _run(work, repeats)
        return begin, time.perf_counter()

    running = [pool.submit(wait_and_run, work, core) for work, core in zip((first, second), _cores(), strict=True)]
    begins, ends = zip(*(each.result() for each in running), strict=True)
    return float(max(ends) - min(begins))
