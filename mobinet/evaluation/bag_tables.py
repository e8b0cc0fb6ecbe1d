"""Truth and results in bags, as tables: one camera is the namespace of its topics, frames are stamps of exposure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mobinet.errors import InputError
from mobinet.evaluation.tables import BoxTable, PositionTable, TrackTable
from mobinet.recordings.bag_messages import read_messages, stamp_to_ns
from mobinet.recordings.bags import BagReader
from mobinet.types import Float32, Int64, TrackState

TRUTH_TYPE = "mobinet_ros/msg/GroundTruthArray"
TRACKS_TYPE = "mobinet_ros/msg/TrackArray"
DETECTIONS_TYPE = "vision_msgs/msg/Detection2DArray"
IDENTITIES_TYPE = "mobinet_ros/msg/IdentityArray"
_NAMING_WINDOW_NS = 10**9


@dataclass(frozen=True)
class BagTracks:
    """True or found tracks of one camera.

    Args:
        table: their boxes.
        stamps_ns: ``(M,)`` rising, every image for which there is a message, also one with nothing in it.
    """

    table: TrackTable
    stamps_ns: Int64


@dataclass(frozen=True)
class BagBoxes:
    """Detections of one camera.

    Args:
        table: their boxes.
        stamps_ns: ``(M,)`` rising, every image for which the detector answered, also with nothing.
    """

    table: BoxTable
    stamps_ns: Int64


@dataclass(frozen=True)
class BagIdentities:
    """Identities as one robot published them.

    Args:
        stamps_ns: rising, of its messages.
        names: for each message the identity of every track that it mentions, by robot, camera and track id.
        positions: of those identities that a track showed at the time.
    """

    stamps_ns: list[int]
    names: list[dict[tuple[str, str, str], str]]
    positions: PositionTable


def is_bag(path: Path) -> bool:
    """Whether ``path`` is a file of a bag or a folder with one."""
    return path.suffix in (".mcap", ".db3") or any(path.glob("*.mcap")) or any(path.glob("*.db3"))


def read_bag_truth(reader: BagReader) -> dict[str, BagTracks]:
    """Truth by camera; objects without a visible pixel do not count (score 0).

    Raises:
        InputError: the bag has no truth.
        RecordingError: a message cannot be read.
    """
    rows = _by_camera(reader, TRUTH_TYPE, lambda msg: [(msg.header, thing) for thing in msg.objects])
    _require(rows, reader, TRUTH_TYPE, "truth; simulated worlds publish it: mobinet sim record WORLD -o BAG")
    return {camera: BagTracks(_truth_table(things), stamps) for camera, (stamps, things) in rows.items()}


def read_bag_positions(reader: BagReader) -> PositionTable:
    """Where the objects that some camera sees were, by the exact clock."""
    rows: dict[tuple[int, int], tuple[Any, str]] = {}
    for _, _, msg in read_messages(reader, TRUTH_TYPE):
        stamp_ns = stamp_to_ns(msg.world_stamp)
        for thing in msg.objects:
            if thing.visibility > 0:
                rows[stamp_ns, int(thing.identity)] = (thing.position, thing.class_id)
    return PositionTable(
        np.array([stamp for stamp, _ in rows], np.int64),
        np.array([identity for _, identity in rows], np.int64),
        np.array([[p.x, p.y, p.z] for p, _ in rows.values()], np.float64).reshape(-1, 3),
        np.array([name for _, name in rows.values()], np.str_),
    )


def read_bag_tracks(reader: BagReader, coasting: bool = False) -> dict[str, BagTracks]:
    """Confirmed tracks by camera, with ``coasting`` also those that are only predicted.

    Raises:
        InputError: the bag has no tracks.
        RecordingError: a message cannot be read.
    """
    shown = {TrackState.CONFIRMED, *([TrackState.COASTING] if coasting else [])}

    def items(msg: Any) -> list[tuple[Any, Any]]:
        return [(msg.header, track.detection) for track in msg.tracks if track.state in shown]

    rows = _by_camera(reader, TRACKS_TYPE, items)
    _require(rows, reader, TRACKS_TYPE, "tracks; record them: mobinet record -o BAG")
    return {camera: BagTracks(_track_table(things), stamps) for camera, (stamps, things) in rows.items()}


def read_bag_detections(reader: BagReader) -> dict[str, BagBoxes]:
    """Detections by camera.

    Raises:
        InputError: the bag has no detections.
        RecordingError: a message cannot be read.
    """
    rows = _by_camera(reader, DETECTIONS_TYPE, lambda msg: [(msg.header, thing) for thing in msg.detections])
    _require(rows, reader, DETECTIONS_TYPE, "detections; record them: mobinet record -o BAG")
    tables = {}
    for camera, (stamps, things) in rows.items():
        found = _track_table(things, numbered=True)
        table = BoxTable(found.frames, found.boxes, found.class_names, found.scores.astype(np.float64))
        tables[camera] = BagBoxes(table, stamps)
    return tables


def read_bag_identities(reader: BagReader) -> dict[str, BagIdentities]:
    """Identities by the robot that published them (the namespace of its topic).

    Raises:
        InputError: the bag has no identities.
        RecordingError: a message cannot be read.
    """
    messages: dict[str, dict[int, Any]] = {}
    for topic, _, msg in read_messages(reader, IDENTITIES_TYPE):
        messages.setdefault(namespace(topic), {})[stamp_to_ns(msg.header.stamp)] = msg
    _require(messages, reader, IDENTITIES_TYPE, "identities; record them: mobinet record -o BAG")
    return {robot: _identities(dict(sorted(found.items()))) for robot, found in sorted(messages.items())}


def name_tracks(camera: str, tracks: TrackTable, identities: BagIdentities) -> TrackTable:
    """The tracks of a camera (``robot/camera``) by the identity that a robot gave them: what it first said of a track
    at or after the image, within a second. Boxes without one are left out, and of two boxes with one the second."""
    robot, _, name = camera.partition("/")
    ids = [
        _name_at(identities, stamp, (robot, name, str(track)))
        for stamp, track in zip(tracks.frames.tolist(), tracks.ids.tolist(), strict=True)
    ]
    given: dict[tuple[int, str], int] = {}
    for row, (stamp, identity) in enumerate(zip(tracks.frames.tolist(), ids, strict=True)):
        if identity:
            given.setdefault((stamp, identity), row)
    named = tracks[np.array(list(given.values()), np.int64)]
    return replace(named, ids=np.array([identity for _, identity in given], np.str_))


def _name_at(identities: BagIdentities, stamp_ns: int, key: tuple[str, str, str]) -> str:
    first = bisect_left(identities.stamps_ns, stamp_ns)
    last = bisect_right(identities.stamps_ns, stamp_ns + _NAMING_WINDOW_NS)
    return next((names[key] for names in identities.names[first:last] if key in names), "")


def _identities(messages: dict[int, Any]) -> BagIdentities:
    names, rows = [], []
    for stamp_ns, msg in messages.items():
        names.append({(key.robot, key.camera, key.track_id): one.id for one in msg.identities for key in one.tracks})
        rows += [(stamp_ns, one) for one in msg.identities if len(one.tracks)]
    positions = PositionTable(
        np.array([stamp for stamp, _ in rows], np.int64),
        np.array([one.id for _, one in rows], np.str_),
        np.array([[one.position.x, one.position.y, one.position.z] for _, one in rows], np.float64).reshape(-1, 3),
        np.array([one.class_id for _, one in rows], np.str_),
    )
    return BagIdentities(list(messages), names, positions)


def _by_camera(
    reader: BagReader, type_name: str, items: Callable[[Any], Iterable[tuple[Any, Any]]]
) -> dict[str, tuple[Int64, list[tuple[Any, Any]]]]:
    """For each camera the stamps of its messages, each once, and what is in them; a repeated stamp replaces."""
    messages: dict[str, dict[int, Any]] = {}
    for topic, _, msg in read_messages(reader, type_name):
        messages.setdefault(namespace(topic), {})[stamp_to_ns(msg.header.stamp)] = msg
    return {
        camera: (np.array(sorted(found), np.int64), [item for stamp in sorted(found) for item in items(found[stamp])])
        for camera, found in messages.items()
    }


def _truth_table(things: list[tuple[Any, Any]]) -> TrackTable:
    visibility = np.array([thing.visibility for _, thing in things], np.float32)
    return TrackTable(
        np.array([stamp_to_ns(header.stamp) for header, _ in things], np.int64),
        np.array([thing.identity for _, thing in things], np.int64),
        boxes_of(thing.bbox for _, thing in things),
        (visibility > 0).astype(np.float32),
        np.array([thing.class_id for _, thing in things], np.str_),
        visibility,
    )


def _track_table(detections: list[tuple[Any, Any]], numbered: bool = False) -> TrackTable:
    """A table of ``vision_msgs/Detection2D``; ``numbered`` gives each an id of its own."""
    best = [max(thing.results, key=lambda r: r.hypothesis.score, default=None) for _, thing in detections]
    ids = range(len(detections)) if numbered else [int(thing.id) for _, thing in detections]
    return TrackTable(
        np.array([stamp_to_ns(header.stamp) for header, _ in detections], np.int64),
        np.array(ids, np.int64),
        boxes_of(thing.bbox for _, thing in detections),
        np.array([one.hypothesis.score if one else 1.0 for one in best], np.float32),
        np.array([one.hypothesis.class_id if one else "" for one in best], np.str_),
    )


def boxes_of(boxes: Iterable[Any]) -> Float32:
    """``(N, 4)`` xyxy of ``vision_msgs/BoundingBox2D``."""
    rows = [(b.center.position.x - b.size_x / 2, b.center.position.y - b.size_y / 2, b.size_x, b.size_y) for b in boxes]
    corners = np.array(rows, np.float64).reshape(-1, 4)
    corners[:, 2:] += corners[:, :2]
    return corners.astype(np.float32)


def namespace(topic: str) -> str:
    """Of ``/r1/front/tracks`` it is ``r1/front``."""
    return topic.rpartition("/")[0].strip("/")


def _require(found: object, reader: BagReader, type_name: str, cure: str) -> None:
    if not found:
        raise InputError(f"bag '{reader.path}' has no messages of {type_name}, so no {cure}")
