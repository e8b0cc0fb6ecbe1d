"""A rig with a recording of an event camera, as people run it: detected, tracked, drawn, in one process."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mobinet_ros.msg import TrackArray
from sensor_msgs.msg import CameraInfo, Image

from mobinet.events import Events, encode_evt3
from mobinet.recordings.event_files import raw_header
from mobinet_ros import topics
from mobinet_ros.conversions import stamp_to_ns
from test.ros.event_cameras import MS, square_events

SIZE = 128, 96
RIG = """
rig_version: 1
robots:
  r1:
    pose: [0, 0, 0, 0, 0, 0]
    cameras:
      dvs: {type: events, source: square.raw, loop: true, horizontal_fov_deg: 70, mount: [0, 0, 1, 0, 0, 0]}
"""


@pytest.fixture
def rig(tmp_path: Path, graph: Any) -> Path:
    """Ten seconds of a square that goes from left to right and back."""
    graph.environment["ROS_LOG_DIR"] = str(tmp_path / "ros_logs")
    steps = range(0, 10_000 * MS, 5 * MS)
    lefts = [10 + abs(step // (20 * MS) % 160 - 80) for step in steps]
    parts = [square_events(left, 40, at, at + 5 * MS) for left, at in zip(lefts, steps, strict=True)]
    (tmp_path / "square.raw").write_bytes(raw_header(*SIZE) + encode_evt3(Events.concatenate(parts)))
    (tmp_path / "rig.yaml").write_text(RIG)
    return tmp_path / "rig.yaml"


def test_a_recording_is_tracked_and_drawn(graph: Any, rig: Path) -> None:
    tracks = graph.collect(TrackArray, "/r1/dvs/tracks")
    overlay = graph.collect(Image, "/r1/dvs/overlay", topics.OVERLAY.qos)
    infos = graph.collect(CameraInfo, "/r1/dvs/camera_info", topics.CAMERA_INFO_IN.qos)
    process = graph.start("mobinet.cli", "up", str(rig), "--no-table")
    assert graph.spin_until(lambda: any(msg.tracks for msg in tracks) and len(overlay) > 3), graph.logs()
    assert graph.spin_until(lambda: bool(infos)), graph.logs()
    image = overlay[-1]
    assert (image.width, image.height, image.encoding) == (*SIZE, "bgr8")
    assert image.header.frame_id == infos[0].header.frame_id == "r1/dvs_optical"
    # the picture is that of the tracks drawn on it
    assert stamp_to_ns(image.header.stamp) in {stamp_to_ns(msg.header.stamp) for msg in tracks}
    assert len(np.unique(np.frombuffer(image.data, np.uint8).reshape(-1, 3), axis=0)) > 2
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0, graph.logs()
