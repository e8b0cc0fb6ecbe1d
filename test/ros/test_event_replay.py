"""A recording of an event camera, replayed into the nodes as people run them: a person who walks is one track."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from mobinet_ros.msg import Track, TrackArray

from mobinet_ros.conversions import stamp_to_ns

# the person comes to stand out from the lights at the border by its size
LEAST_HEIGHT_PX = 150
LEAST_LIFE_S = 0.8


@pytest.fixture
def tracks(graph: Any, data_dir: Path) -> list[TrackArray]:
    """Of the whole recording, of 2.08 s."""
    bag = data_dir / "events" / "evt3_person_walking_bag"
    if not bag.is_dir():
        pytest.skip(f"needs {bag}")
    graph.start_node("event_detector_node", "/r1", cameras="[dvs]")
    graph.start_node("tracker_node", "/r1", cameras="[dvs]")
    received = graph.collect(TrackArray, "/r1/dvs/tracks")
    listening = ["/r1/dvs/events", "/r1/dvs/detections"]
    assert graph.spin_until(lambda: all(graph.node.count_subscribers(name) for name in listening)), graph.logs()
    process = graph.start(
        "mobinet.cli", "play", str(bag), "--topics", "/event_camera/events",
        "--remap", "/event_camera/events:=/r1/dvs/events",
    )  # fmt: skip
    assert graph.spin_until(lambda: process.poll() is not None and bool(received)), graph.logs()
    graph.spin_for(1.0)
    return list(received)


def test_the_person_is_one_track(tracks: list[TrackArray]) -> None:
    seen: dict[str, list[float]] = defaultdict(list)
    for msg in tracks:
        for track in msg.tracks:
            if track.state == Track.CONFIRMED and track.detection.bbox.size_y > LEAST_HEIGHT_PX:
                seen[track.detection.id].append(stamp_to_ns(msg.header.stamp) / 1e9)
    lives = {number: stamps[-1] - stamps[0] for number, stamps in seen.items()}
    assert len(lives) == 1, lives
    assert max(lives.values()) > LEAST_LIFE_S
