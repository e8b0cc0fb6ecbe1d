"""One object in bags: what a camera's ``target`` topic says of it, and the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mobinet.errors import InputError
from mobinet.evaluation.bag_tables import TRUTH_TYPE, boxes_of, namespace
from mobinet.recordings.bag_messages import read_messages, stamp_to_ns
from mobinet.recordings.bags import BagReader
from mobinet.types import Float64, Int64

TARGET_TYPE = "mobinet_ros/msg/Target"
_SEEN_STATES = (1, 2, 5)
"""TRACKING, UNCERTAIN and REFOUND; in the others the tracker says that it does not see the object."""


@dataclass(frozen=True)
class BagTarget:
    """One object in the images of one camera.

    Args:
        stamps_ns: ``(N,)`` rising.
        boxes: ``(N, 4)`` xyxy, NaN where it is not to be seen.
        confidences: ``(N,)``, ones in the truth.
    """

    stamps_ns: Int64
    boxes: Float64
    confidences: Float64

    def at(self, stamps_ns: Int64) -> BagTarget:
        """The same at other stamps, NaN and 0 where nothing was said."""
        rows = {stamp: row for row, stamp in enumerate(self.stamps_ns.tolist())}
        chosen = np.array([rows.get(stamp, len(rows)) for stamp in stamps_ns.tolist()], np.int64)
        boxes = np.vstack([self.boxes, np.full((1, 4), np.nan)])[chosen]
        return BagTarget(stamps_ns, boxes, np.append(self.confidences, 0.0)[chosen])


def read_bag_target_truth(reader: BagReader, camera: str, name: str) -> BagTarget:
    """The visible pixels of the object of that name, from the first image that shows it.

    Raises:
        InputError: the bag has no truth of the camera, or the object is never seen.
        RecordingError: a message cannot be read.
    """
    found = _messages(reader, TRUTH_TYPE, camera)
    things = {stamp: _object(message, name) for stamp, message in found.items()}
    seen = [stamp for stamp, thing in things.items() if thing is not None]
    if not seen:
        names = sorted({thing.name for message in found.values() for thing in message.objects})
        raise InputError(f"camera '{camera}' never sees '{name}'; it sees {', '.join(names) or 'nothing'}")
    stamps = np.array([stamp for stamp in things if stamp >= seen[0]], np.int64)
    boxes = np.full((len(stamps), 4), np.nan)
    for row, stamp in enumerate(stamps.tolist()):
        thing = things[stamp]
        if thing is not None:
            boxes[row] = boxes_of([thing.visible_bbox])[0]
    return BagTarget(stamps, boxes, np.ones(len(stamps)))


def read_bag_target(reader: BagReader, camera: str) -> BagTarget:
    """What the tracker said: no box while the object is hidden, lost or not chosen.

    Raises:
        InputError: the bag has no target of the camera.
        RecordingError: a message cannot be read.
    """
    found = _messages(reader, TARGET_TYPE, camera)
    boxes = np.full((len(found), 4), np.nan)
    for row, message in enumerate(found.values()):
        if message.state in _SEEN_STATES:
            boxes[row] = boxes_of([message.bbox])[0]
    confidences = np.array([message.confidence for message in found.values()], np.float64)
    return BagTarget(np.array(list(found), np.int64), boxes, confidences)


def _object(message: Any, name: str) -> Any | None:
    return next((thing for thing in message.objects if thing.name == name and thing.visibility > 0), None)


def _messages(reader: BagReader, type_name: str, camera: str) -> dict[int, Any]:
    """The camera's messages by rising stamp of exposure."""
    found = {
        stamp_to_ns(message.header.stamp): message
        for topic, _, message in read_messages(reader, type_name)
        if namespace(topic) == camera
    }
    if not found:
        cameras = sorted({namespace(name) for name, topic in reader.topics.items() if topic.type_name == type_name})
        others = f"it has some of {', '.join(cameras)}: choose with --camera" if cameras else "record its topic"
        raise InputError(f"bag '{reader.path}' has no {type_name} of camera '{camera}'; {others}")
    return dict(sorted(found.items()))
