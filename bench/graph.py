"""What the graph itself costs: four cameras, a detector that finds nothing at once, composed against separate.

Four 640x480 cameras of one robot at 15 Hz. Prints the age of an image when its ``tracks`` arrive in another process,
images lost on the way, processor time and memory of all processes of the rig. `--duration 600` shows growth of memory.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import psutil
import rclpy
from rclpy.executors import SingleThreadedExecutor

from mobinet_ros import topics
from mobinet_ros.conversions import stamp_to_ns
from mobinet_ros.fastdds import profile_environment
from mobinet_ros.rig import LaunchSettings, load_rig, process_specs

CAMERAS = 4
RATE = 15.0
SIZE = (640, 480)
WARM_UP_S = 8.0


@dataclass
class Run:
    """What one mode did."""

    ages_ms: list[float] = field(default_factory=list)
    images: int = 0
    cpu_percent: float = 0.0
    rss_mb: float = 0.0
    growth_mb: float = 0.0

    def metrics(self, seconds: float) -> dict[str, float]:
        p50, p95, p99 = np.percentile(self.ages_ms, [50, 95, 99]) if self.ages_ms else (np.nan,) * 3
        return {
            "age_p50_ms": round(float(p50), 2),
            "age_p95_ms": round(float(p95), 2),
            "age_p99_ms": round(float(p99), 2),
            "dropped": max(0, round(CAMERAS * RATE * seconds) - CAMERAS - len(self.ages_ms)),
            "cpu_percent_per_camera": round(self.cpu_percent / CAMERAS, 2),
            "rss_mb": round(self.rss_mb, 1),
            "rss_growth_mb": round(self.growth_mb, 1),
        }


def write_rig(folder: Path) -> Path:
    """A rig whose cameras show one still image: reading a video would cost more than what is measured."""
    images = folder / "images"
    images.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    cv2.imwrite(str(images / "0.bmp"), noise)
    cameras = "\n".join(
        f"      c{i}: {{source: {images}, rate: {RATE}, loop: true, horizontal_fov_deg: 60}}" for i in range(CAMERAS)
    )
    rig = folder / "rig.yaml"
    rig.write_text(
        "rig_version: 1\n"
        "defaults:\n  detector: {model: 'null'}\n  reid: false\n  cooperation: false\n  overlay: false\n"
        "  marker: false\n"
        f"robots:\n  r1:\n    cameras:\n{cameras}\n"
    )
    return rig


def measure(rig: Path, composed: bool, seconds: float, domain: int) -> Run:
    environment = {
        **os.environ,
        **profile_environment(),
        "ROS_DOMAIN_ID": str(domain),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
    }
    specs = process_specs(load_rig(rig), LaunchSettings(), composed)
    processes = [
        subprocess.Popen([sys.executable, "-m", f"mobinet_ros.{s.executable}", *s.arguments], env=environment)
        for s in specs
    ]
    run = Run()
    os.environ.update(profile_environment())
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain)
    node = rclpy.create_node("graph_bench", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    measuring = False

    def receive(msg: topics.TRACKS.type) -> None:
        if measuring:
            run.ages_ms.append((time.time_ns() - stamp_to_ns(msg.header.stamp)) / 1e6)

    for i in range(CAMERAS):
        node.create_subscription(topics.TRACKS.type, f"/r1/c{i}/tracks", receive, topics.TRACKS.qos)
    try:
        spin(executor, WARM_UP_S)
        watched = [psutil.Process(p.pid) for p in processes]
        before, rss_before = cpu_seconds(watched), rss(watched)
        measuring = True
        started = time.monotonic()
        spin(executor, seconds)
        measuring = False
        elapsed = time.monotonic() - started
        run.cpu_percent = 100 * (cpu_seconds(watched) - before) / elapsed
        run.rss_mb = rss(watched)
        run.growth_mb = run.rss_mb - rss_before
    finally:
        for process in processes:
            process.send_signal(signal.SIGINT)
        for process in processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        executor.shutdown()
        node.destroy_node()
        rclpy.shutdown(context=context)
    return run


def spin(executor: SingleThreadedExecutor, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        executor.spin_once(timeout_sec=left)


def cpu_seconds(processes: list[psutil.Process]) -> float:
    times = [p.cpu_times() for p in processes]
    return sum(t.user + t.system for t in times)


def rss(processes: list[psutil.Process]) -> float:
    """Resident memory without what the processes share with each other (libraries, segments), MB."""
    return sum(p.memory_info().rss - p.memory_info().shared for p in processes) / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="not used: the images are made here")
    parser.add_argument("--quick", action="store_true", help="10 s a mode instead of 60 s")
    parser.add_argument("--duration", type=float, default=0.0, help="seconds a mode")
    options = parser.parse_args()
    seconds = options.duration or (10.0 if options.quick else 60.0)
    with tempfile.TemporaryDirectory() as folder:
        rig = write_rig(Path(folder))
        domain = 20 + os.getpid() % 80
        composed = measure(rig, True, seconds, domain).metrics(seconds)
        separate = measure(rig, False, seconds, domain).metrics(seconds)
    print(f"{CAMERAS} cameras {SIZE[0]}x{SIZE[1]} at {RATE} Hz, {seconds:.0f} s, load {os.getloadavg()[0]:.1f}")
    print(f"{'':28}{'composed':>12}{'separate':>12}")
    for name in composed:
        print(f"{name:28}{composed[name]:12}{separate[name]:12}")
    limit = {
        "age_p99_ms": 20.0,
        "dropped": 0,
        "cpu_percent_per_camera": round(separate["cpu_percent_per_camera"] / 2, 2),
    }
    print(json.dumps({"bench": "graph", "ours": composed, "peers": {"ours:separate": separate}, "limit": limit}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
