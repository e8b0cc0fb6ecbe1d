"""The RViz configuration: classes and keys that RViz knows, topics and QoS that our nodes publish.

RViz passes over in silence what it does not know, and shows nothing where topic or QoS do not fit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from rclpy.qos import DurabilityPolicy, QoSCompatibility, QoSProfile, ReliabilityPolicy, qos_check_compatible

from mobinet_ros import topics

FILE = Path(__file__).resolve().parents[2] / "rviz" / "multi_cam.rviz"
COMMON = {"Class", "Name", "Enabled", "Value"}
# display -> its keys beside the common ones, from configurations that RViz (Humble to Kilted) has written
DISPLAYS: dict[str, set[str]] = {
    "Grid": {
        "Alpha",
        "Cell Size",
        "Color",
        "Line Style",
        "Normal Cell Count",
        "Offset",
        "Plane",
        "Plane Cell Count",
        "Reference Frame",
    },
    "TF": {
        "Frame Timeout",
        "Frames",
        "Marker Scale",
        "Show Arrows",
        "Show Axes",
        "Show Names",
        "Tree",
        "Update Interval",
    },
    "MarkerArray": {"Namespaces", "Topic"},
    "Image": {"Max Value", "Median window", "Min Value", "Normalize Range", "Topic"},
}
TOPIC_KEYS = {"Value", "Depth", "Durability Policy", "History Policy", "Reliability Policy"}
PUBLISHED = {"MarkerArray": topics.MARKERS, "Image": topics.OVERLAY}


@pytest.fixture(scope="module")
def manager() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text())["Visualization Manager"]


def displays(manager: dict[str, Any], *kinds: str) -> list[dict[str, Any]]:
    found = [d for d in manager["Displays"] if d["Class"].rpartition("/")[2] in kinds]
    assert found, f"no display of {kinds}"
    return found


def test_only_standard_displays_with_the_keys_they_have(manager: dict[str, Any]) -> None:
    for display in manager["Displays"]:
        package, _, kind = display["Class"].partition("/")
        assert package == "rviz_default_plugins"
        assert set(display) == COMMON | DISPLAYS[kind], display["Name"]
        assert set(display.get("Topic", TOPIC_KEYS)) == TOPIC_KEYS


def test_everything_is_shown_in_the_shared_frame(manager: dict[str, Any]) -> None:
    assert manager["Global Options"]["Fixed Frame"] == "map"
    views = [manager["Views"]["Current"], *manager["Views"]["Saved"]]
    assert {view["Target Frame"] for view in views} == {"map"}
    assert {view["Class"] for view in views} <= {"rviz_default_plugins/Orbit", "rviz_default_plugins/TopDownOrtho"}


def test_topics_are_those_of_our_nodes(manager: dict[str, Any]) -> None:
    markers = {d["Topic"]["Value"] for d in displays(manager, "MarkerArray")}
    images = {d["Topic"]["Value"] for d in displays(manager, "Image")}
    robots = ("r1", "r2", "r3")
    assert markers == {f"/{robot}/{topics.MARKERS.name}" for robot in robots}
    shown = {f"/{robot}/{topics.camera_topic('front', topics.OVERLAY)}" for robot in robots}
    # an event camera beside the colour camera of the first robot
    assert images == shown | {f"/r1/{topics.camera_topic('dvs', topics.OVERLAY)}"}


def test_clicks_go_where_the_target_tracker_listens(manager: dict[str, Any]) -> None:
    (tool,) = [one for one in manager["Tools"] if one["Class"] == "rviz_default_plugins/PublishPoint"]
    assert tool["Topic"]["Value"] == topics.CLICKED_POINT.name
    assert set(tool["Topic"]) == TOPIC_KEYS


def test_what_rviz_asks_for_is_what_we_offer(manager: dict[str, Any]) -> None:
    for display in displays(manager, "MarkerArray", "Image"):
        asked = display["Topic"]
        assert asked["History Policy"] == "Keep Last"
        profile = QoSProfile(
            depth=asked["Depth"],
            reliability=ReliabilityPolicy[asked["Reliability Policy"].upper().replace(" ", "_")],
            durability=DurabilityPolicy[asked["Durability Policy"].upper().replace(" ", "_")],
        )
        offered = PUBLISHED[display["Class"].rpartition("/")[2]].qos
        compatibility, reason = qos_check_compatible(offered, profile)
        assert compatibility != QoSCompatibility.ERROR, f"{display['Name']}: {reason}"


def test_one_robot_is_shown_at_first(manager: dict[str, Any]) -> None:
    # all robots agree on the identities: shown thrice, the names could not be read
    assert sum(d["Enabled"] for d in displays(manager, "MarkerArray")) == 1
    assert all(d["Enabled"] == d["Value"] for d in manager["Displays"])
