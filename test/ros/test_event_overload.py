"""More events than the node can look at: all are accounted for, memory stays bounded, and the node goes on."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray

from mobinet_ros import topics
from test.ros.event_cameras import MS, noise_events, packet_msg

SIZE = 640, 480
PERIOD_NS = 2 * MS
EVENTS = 20_000
BEFORE, DURING = 30, 700
# 700 packets are 58 MB of words, and a window may hold as much in events
MOST_GROWTH_MB = 400


def rss_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_a_node_that_was_held_up_drops_counts_and_goes_on(graph: Any) -> None:
    process = graph.start_node("event_detector_node", "/r1", cameras="[dvs]", max_wait_s=0.1)
    packets = graph.node.create_publisher(topics.EVENTS.type, "/r1/dvs/events", 1000)
    found = graph.collect(topics.DETECTIONS.type, "/r1/dvs/detections", topics.DETECTIONS.qos)
    said = graph.collect(DiagnosticArray, "/diagnostics")
    assert graph.spin_until(lambda: packets.get_subscription_count() > 0), graph.logs()
    origin_ns = graph.node.get_clock().now().nanoseconds

    def send(number: int) -> None:
        start_ns = number * PERIOD_NS
        events = noise_events(SIZE, start_ns, start_ns + PERIOD_NS, EVENTS, seed=number)
        packets.publish(packet_msg(events, start_ns, origin_ns + start_ns, number, SIZE, "dvs"))

    def counts() -> dict[str, int]:
        newest = [s for m in said for s in m.status if s.name == "/r1/event_detector_node"][-1:]
        return {v.key: int(v.value) for s in newest for v in s.values if v.value.isdecimal()}

    for number in range(BEFORE):
        send(number)
        graph.spin_for(0.01)
    assert graph.spin_until(lambda: counts().get("packets", 0) > 0 and bool(found)), graph.logs()
    before_mb = rss_mb(process.pid)
    # the machine has no time for the node for a while; the middleware keeps the newest packets
    process.send_signal(signal.SIGSTOP)
    for number in range(BEFORE, BEFORE + DURING):
        send(number)
    process.send_signal(signal.SIGCONT)
    seen = len(found)
    last = BEFORE + DURING

    def caught_up() -> bool:
        nonlocal last
        send(last)
        last += 1
        graph.spin_for(0.01)
        now = counts()
        return now.get("lost_packets", 0) > 0 and len(found) > seen + 3

    assert graph.spin_until(caught_up, 20), f"{counts()} {len(found)} {seen} {last} {graph.logs()}"
    # what it received and what it did not are all that was sent
    assert graph.spin_until(lambda: counts()["packets"] + counts()["lost_packets"] >= BEFORE + DURING), counts()
    now = counts()
    assert now["events"] == now["packets"] * EVENTS
    assert now["bad_packets"] == 0
    assert now["events_dropped"] <= now["events"]
    assert rss_mb(process.pid) - before_mb < MOST_GROWTH_MB
