"""Bags for the evaluation, written without ROS from the definitions in msg/ and interfaces/."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mobinet.recordings.bags import BagWriter

ROOT = Path(__file__).resolve().parent.parent.parent
PERIOD_NS = 100_000_000
START_NS = 5_000_000_000


class Messages:
    """Makes and serialises messages; fields that are not named are zero or empty."""

    def __init__(self) -> None:
        typesys = pytest.importorskip("rosbags.typesys", reason="needs rosbags")
        self.store = typesys.get_typestore(typesys.Stores.LATEST)
        types = {}
        for package, folder in (("mobinet_ros", "msg"), ("vision_msgs", "interfaces/vision_msgs/msg")):
            for file in sorted((ROOT / folder).glob("*.msg")):
                types |= typesys.get_types_from_msg(file.read_text(), f"{package}/msg/{file.stem}")
        self.store.register(types)

    def make(self, kind: str, /, **values: Any) -> Any:
        _, fields = self.store.fielddefs[kind]
        return self.store.types[kind](
            **{field: values[field] if field in values else self._empty(form) for field, form in fields}
        )

    def _empty(self, kind: Any) -> Any:
        tag, content = kind
        if tag.name == "BASE":
            return "" if content[0] == "string" else 0
        if tag.name == "NAME":
            return self.make(content)
        (inner, name), length = content
        count = length if tag.name == "ARRAY" else 0
        return np.zeros(count) if inner.name == "BASE" and name[0] != "string" else []

    def definition(self, name: str) -> str:
        text: str = self.store.generate_msgdef(name, ros_version=2)[0]
        return text

    def write(self, path: Path, topics: dict[str, tuple[str, list[Any]]]) -> Path:
        """A bag of messages a period apart."""
        with BagWriter(path) as writer:
            for topic, (kind, messages) in topics.items():
                writer.add_topic(topic, kind, self.definition(kind))
                for index, message in enumerate(messages):
                    cdr = bytes(self.store.serialize_cdr(message, kind))
                    writer.write(topic, START_NS + index * PERIOD_NS, cdr)
        return path

    def header(self, index: int) -> Any:
        stamp = self.stamp(START_NS + index * PERIOD_NS)
        return self.make("std_msgs/msg/Header", stamp=stamp, frame_id="front_optical")

    def stamp(self, stamp_ns: int) -> Any:
        return self.make("builtin_interfaces/msg/Time", sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)

    def box(self, left: float) -> Any:
        """A box of 10 x 20 pixels."""
        position = self.make("vision_msgs/msg/Point2D", x=left + 5, y=10.0)
        center = self.make("vision_msgs/msg/Pose2D", position=position)
        return self.make("vision_msgs/msg/BoundingBox2D", center=center, size_x=10.0, size_y=20.0)

    def detection(self, left: float, track_id: str = "", score: float = 0.9) -> Any:
        hypothesis = self.make("vision_msgs/msg/ObjectHypothesis", class_id="person", score=score)
        result = self.make("vision_msgs/msg/ObjectHypothesisWithPose", hypothesis=hypothesis)
        return self.make("vision_msgs/msg/Detection2D", results=[result], bbox=self.box(left), id=track_id)

    def true_object(self, identity: int, left: float, x_m: float, visibility: float = 1.0) -> Any:
        position = self.make("geometry_msgs/msg/Point", x=x_m)
        box = self.box(left)
        names = {"name": f"person_{identity}", "identity": identity, "class_id": "person"}
        values = {"bbox": box, "visible_bbox": box, "visibility": visibility, "position": position}
        return self.make("mobinet_ros/msg/GroundTruth", **names, **values)

    def truth(self, index: int, objects: list[Any]) -> Any:
        header = self.header(index)
        return self.make("mobinet_ros/msg/GroundTruthArray", header=header, world_stamp=header.stamp, objects=objects)

    def tracks(self, index: int, lefts: dict[int, float], state: int = 1) -> Any:
        tracks = [
            self.make("mobinet_ros/msg/Track", detection=self.detection(left, str(track_id)), state=state)
            for track_id, left in lefts.items()
        ]
        return self.make("mobinet_ros/msg/TrackArray", header=self.header(index), tracks=tracks)

    def identities(self, index: int, found: dict[str, tuple[float, list[tuple[str, str, int]]]]) -> Any:
        """Identities by id: where on the map, and by which tracks."""
        rows = []
        for name, (x_m, keys) in found.items():
            tracks = [
                self.make("mobinet_ros/msg/TrackKey", robot=robot, camera=camera, track_id=str(track_id))
                for robot, camera, track_id in keys
            ]
            position = self.make("geometry_msgs/msg/Point", x=x_m)
            rows.append(self.make("mobinet_ros/msg/Identity", id=name, position=position, tracks=tracks))
        return self.make("mobinet_ros/msg/IdentityArray", header=self.header(index), identities=rows)


@pytest.fixture(scope="session")
def messages() -> Messages:
    return Messages()


@pytest.fixture
def scene_bag(messages: Messages, tmp_path: Path) -> Callable[..., Path]:
    """A bag of two robots that see the same two people for ten images, with truth, tracks and identities.

    ``exchanged_from`` is the image from which robot r2 gives the people each other's identity.
    """

    def write(exchanged_from: int = 10) -> Path:
        kinds = {name: f"mobinet_ros/msg/{name}" for name in ("GroundTruthArray", "TrackArray", "IdentityArray")}
        topics: dict[str, tuple[str, list[Any]]] = {}
        for robot, first_track in (("r1", 1), ("r2", 7)):
            seen = {first_track: 0.0, first_track + 1: 100.0}
            objects = [messages.true_object(1, 0.0, 0.0), messages.true_object(2, 100.0, 4.0)]
            topics[f"/{robot}/front/truth"] = (
                kinds["GroundTruthArray"], [messages.truth(index, objects) for index in range(10)],
            )  # fmt: skip
            topics[f"/{robot}/front/tracks"] = (
                kinds["TrackArray"], [messages.tracks(index, seen) for index in range(10)],
            )  # fmt: skip
        first, second = [("r1", "front", 1), ("r2", "front", 7)], [("r1", "front", 2), ("r2", "front", 8)]
        for robot in ("r1", "r2"):
            rows = []
            for index in range(10):
                names = ("b", "a") if robot == "r2" and index >= exchanged_from else ("a", "b")
                rows.append(messages.identities(index, {names[0]: (0.1, first), names[1]: (4.1, second)}))
            topics[f"/{robot}/identities"] = (kinds["IdentityArray"], rows)
        return messages.write(tmp_path / "bag", topics)

    return write
