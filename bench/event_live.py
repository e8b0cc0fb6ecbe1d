"""A driver's worst case through event_detector_node: does it keep up, what does it drop, does it grow?

Two processes over the middleware, with the project's Fast DDS profile. One publishes EVT3 packets of a sensor of 1280 x
720 as a driver does, each at its end and stamped with its beginning. Its events are those of patches that move, and a
tenth of noise, in an order that hardly ever makes vectors of them, so that there are more bytes an event than real
cameras send. The other is the node. What was sent is counted by the publisher, all else by the node itself
(/diagnostics); the latency is that from a window's end until its detections are received here; memory is told by the
kernel. There is no peer: no other node detects objects in events.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mobinet.events import Events, encode_evt3
from mobinet.events.evt3 import TIME_HIGH

SIZE = 1280, 720
PACKET_HZ = 500
# the recording is repeated after a whole number of steps of EVT3's upper bits of time, so that they alone are set anew
HIGH_NS = 4096 * 1000
LOOP_HIGHS = 61
PATCHES = 40
NODE = "/bench/event_detector_node"
# a driver that is later was not given the time to send: this is not the node's fault
LATEST_NS = 50_000_000
WARM_UP_S = 3.0
PATIENCE_S = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="not needed: the events are made here")
    parser.add_argument("--quick", action="store_true", help="5 s instead of 30 s")
    parser.add_argument("--mev", type=float, default=30.0, help="millions of events a second")
    parser.add_argument("--seconds", type=float, default=0.0, help="how long, after the warm-up")
    parser.add_argument("--model", default="clusters", help="the node's detector")
    parser.add_argument("--role", choices=("publish",), help=argparse.SUPPRESS)
    args = parser.parse_args()
    seconds = args.seconds or (5.0 if args.quick else 30.0)
    if args.role == "publish":
        return publish(args.mev, seconds + WARM_UP_S)
    result = run(args.mev, seconds, args.model)
    result.show()
    print(json.dumps({"bench": "event_live", "ours": result.ours(), "peers": {}, "limit": {"mev_per_s": args.mev}}))
    return 0


# the driver


def make_events(count: int, start_ns: int, end_ns: int, seed: int) -> Events:
    """``count`` events in order of time: most of patches that move with the time, the others anywhere."""
    rng = np.random.default_rng(seed)
    t_ns = np.sort(rng.integers(start_ns // 1000, end_ns // 1000, count)) * 1000
    patch = rng.integers(0, PATCHES, count)
    left = (patch * 197 + t_ns // 400_000) % (SIZE[0] - 64)
    x = left + rng.integers(0, 64, count)
    y = patch * 331 % (SIZE[1] - 96) + rng.integers(0, 96, count)
    anywhere = rng.random(count) < 0.1
    x = np.where(anywhere, rng.integers(0, SIZE[0], count), x)
    y = np.where(anywhere, rng.integers(0, SIZE[1], count), y)
    return Events(t_ns, x.astype(np.uint16), y.astype(np.uint16), rng.random(count) < 0.5)


@dataclass
class Loop:
    """Packets of a quarter of a second, which go on in time however often they are repeated."""

    mev: float
    packets: list[Any] = field(default_factory=list)
    events: list[int] = field(default_factory=list)
    _highs: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=list)

    def __post_init__(self) -> None:
        from event_camera_msgs.msg import EventPacket

        self.period_ns = LOOP_HIGHS * HIGH_NS
        count = round(self.period_ns / 1e9 * PACKET_HZ)
        edges = np.arange(count + 1) * self.period_ns // count // 1000 * 1000
        for number, (start_ns, end_ns) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
            events = make_events(round(self.mev * (end_ns - start_ns) / 1e3), start_ns, end_ns, number)
            msg = EventPacket(width=SIZE[0], height=SIZE[1], encoding="evt3")
            msg.events.frombytes(encode_evt3(events, start_ns))
            words = np.frombuffer(msg.events, np.uint16)
            places = np.flatnonzero(words >> 12 == TIME_HIGH)
            self.packets.append(msg)
            self.events.append(len(events))
            self._highs.append((words, places, words[places] & 0xFFF))
        self.starts_ns = edges[:-1]
        self.ends_ns = edges[1:]

    def packet(self, number: int) -> tuple[Any, int, int, int]:
        """A message, its events, and when it begins and ends, in nanoseconds since the first one's beginning."""
        turn, index = divmod(number, len(self.packets))
        words, places, highs = self._highs[index]
        words[places] = TIME_HIGH << 12 | (highs + turn * LOOP_HIGHS & 0xFFF)
        since_ns = turn * self.period_ns
        return (
            self.packets[index],
            self.events[index],
            since_ns + int(self.starts_ns[index]),
            since_ns + int(self.ends_ns[index]),
        )


def publish(mev: float, seconds: float) -> int:
    """Publishes as soon as somebody listens, and prints what was sent and what not."""
    import rclpy
    from rclpy._rclpy_pybind11 import RCLError

    from mobinet_ros import topics
    from mobinet_ros.conversions import ns_to_stamp

    loop = Loop(mev)
    rclpy.init()
    node = rclpy.create_node("driver")
    publisher = node.create_publisher(topics.EVENTS.type, "/bench/dvs/events", topics.EVENTS.qos)
    end = time.monotonic() + PATIENCE_S
    while publisher.get_subscription_count() == 0 and time.monotonic() < end:
        time.sleep(0.05)
    origin_ns, number, sent, events, size, refused, left_out = time.time_ns(), 0, 0, 0, 0, 0, 0
    while True:
        msg, count, start_ns, end_ns = loop.packet(number)
        if end_ns > seconds * 1e9:
            break
        time.sleep(max(0.0, (origin_ns + end_ns - time.time_ns()) / 1e9))
        number += 1
        if time.time_ns() - origin_ns - end_ns > LATEST_NS:
            left_out += 1
            continue
        msg.header.stamp, msg.seq = ns_to_stamp(origin_ns + start_ns), sent
        try:
            publisher.publish(msg)
        except RCLError:  # the middleware is overrun: the node counts the packet as lost
            refused += 1
        sent, events, size = sent + 1, events + count, size + len(msg.events)
    time.sleep(1.0)
    told = {"packets": sent, "events": events, "bytes": size, "refused": refused, "left_out": left_out}
    print(json.dumps(told), flush=True)
    rclpy.shutdown()
    return 0


# the measurement


@dataclass
class Result:
    """What one run gave."""

    mev: float
    sent: dict[str, float]
    counts: dict[str, float]
    latencies_ms: list[float]
    rss_mb: list[float]

    def ours(self) -> dict[str, float]:
        percentiles = (
            statistics.quantiles(self.latencies_ms, n=20) if len(self.latencies_ms) > 1 else [float("nan")] * 19
        )
        third = max(1, len(self.rss_mb) // 3)
        return {
            "sent_mev_per_s": self.mev,
            "sent_events": self.sent["events"],
            "not_sent_packets": self.sent["left_out"] + self.sent["refused"],
            "bytes_per_event": self.sent["bytes"] / self.sent["events"],
            "decoded_events": self.counts.get("events", 0.0),
            "dropped_events": self.counts.get("events_dropped", 0.0),
            "dropped_packets": self.counts.get("dropped_packets", 0.0),
            "dropped_windows": self.counts.get("dropped_windows", 0.0),
            "overflowed": self.counts.get("overflowed", 0.0),
            "lost_packets": self.counts.get("lost_packets", 0.0),
            "late_events": self.counts.get("late_events", 0.0),
            "windows": self.counts.get("windows", 0.0),
            "latency_median_ms": percentiles[9],
            "latency_p95_ms": percentiles[18],
            "latency_in_node_ms": self.counts.get("dvs latency_ms", float("nan")),
            "rss_mb": self.rss_mb[-1],
            "rss_growth_mb": statistics.median(self.rss_mb[-third:]) - statistics.median(self.rss_mb[:third]),
        }

    def show(self) -> None:
        for name, value in self.ours().items():
            print(f"{name:20} {value:14,.2f}")
        if self.sent["left_out"]:
            print(
                "the driver had no time to send all packets: this machine is too busy for the rate that was asked for"
            )


def run(mev: float, seconds: float, model: str) -> Result:
    """Starts both processes, looks on, ends them."""
    import rclpy
    from diagnostic_msgs.msg import DiagnosticArray

    from mobinet_ros import topics
    from mobinet_ros.conversions import stamp_to_ns
    from mobinet_ros.fastdds import profile_environment

    variables = {
        **os.environ,
        "ROS_DOMAIN_ID": str(random.randrange(1, 102)),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
    }
    variables |= profile_environment(variables)
    os.environ.update(variables)
    own = [sys.executable, str(Path(__file__).resolve()), "--role", "publish"]
    driver = subprocess.Popen(
        [*own, "--mev", str(mev), "--seconds", str(seconds)], env=variables, stdout=subprocess.PIPE, text=True
    )
    options = ["--ros-args", "-r", "__ns:=/bench", "-p", "cameras:=[dvs]", "-p", f"model:={model}"]
    node = subprocess.Popen([sys.executable, "-m", "mobinet_ros.event_detector_node", *options], env=variables)
    latencies: list[tuple[float, float]] = []
    counts: dict[str, float] = {}
    rss: list[tuple[float, float]] = []

    def on_diagnostics(msg: Any) -> None:
        for status in msg.status:
            if status.name == NODE:
                counts.update({v.key: float(v.value) for v in status.values if v.value.replace(".", "", 1).isdigit()})
                rss.append((time.monotonic(), rss_mb(node.pid)))

    def on_detections(msg: Any) -> None:
        latencies.append((time.monotonic(), (time.time_ns() - stamp_to_ns(msg.header.stamp)) / 1e6))

    rclpy.init()
    probe = rclpy.create_node("probe")
    probe.create_subscription(DiagnosticArray, "/diagnostics", on_diagnostics, 10)
    probe.create_subscription(topics.DETECTIONS.type, "/bench/dvs/detections", on_detections, topics.DETECTIONS.qos)
    try:
        ended = wait_for_the_end(probe, driver, seconds)
        begin = (latencies[0][0] if latencies else ended) + WARM_UP_S
        output, _ = driver.communicate(timeout=PATIENCE_S)
    finally:
        for process in (driver, node):
            process.terminate()
            process.wait(timeout=PATIENCE_S)
        rclpy.shutdown()
    during = [value for at, value in latencies if begin <= at <= ended]
    return Result(
        mev, json.loads(output), counts, during, [value for at, value in rss if begin <= at <= ended] or [0.0]
    )


def wait_for_the_end(probe: Any, driver: subprocess.Popen[str], seconds: float) -> float:
    """Spins until the driver has ended and the node has said so; answers when the last packet was sent."""
    import rclpy

    end = time.monotonic() + seconds + WARM_UP_S + 2 * PATIENCE_S
    while driver.poll() is None and time.monotonic() < end:
        rclpy.spin_once(probe, timeout_sec=0.1)
    ended = time.monotonic() - 1.0
    while time.monotonic() < ended + 4.0:
        rclpy.spin_once(probe, timeout_sec=0.1)
    return ended


def rss_mb(pid: int) -> float:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    sys.exit(main())
