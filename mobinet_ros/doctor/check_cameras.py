"""Faults of a camera's calibration: it is missing, or belongs to another image."""

from __future__ import annotations

from collections.abc import Iterator

from mobinet_ros.doctor.findings import Finding, Severity, names
from mobinet_ros.doctor.snapshot import (
    CAMERA_INFO_TYPE,
    IMAGE_TYPES,
    SIGHTINGS_TYPE,
    TRACKS_TYPE,
    Snapshot,
    Stream,
    Topic,
    sibling,
)


def check_camera_info(snapshot: Snapshot) -> Iterator[Finding]:
    """Images without a camera_info beside them, or with one that does not belong to them."""
    done = set()
    for topic in snapshot.of_type(*IMAGE_TYPES):
        info = snapshot.topic(sibling(topic.name, "camera_info"))
        if not topic.publishers or info.name in done or not topic.name.endswith(("image_raw", "image_raw/compressed")):
            continue
        done.add(info.name)
        if not info.publishers:
            yield _missing_info(snapshot, topic, info)
            continue
        yield from _unfit_info(snapshot, topic, info)


def _missing_info(snapshot: Snapshot, image: Topic, info: Topic) -> Finding:
    waiting = set(info.subscriber_nodes)
    locating = {node for t in snapshot.of_type(SIGHTINGS_TYPE) for node in t.publisher_nodes}
    tracks = snapshot.topic(sibling(image.name, "tracks"))
    waiting |= {e.node for e in tracks.subscriptions if e.type == TRACKS_TYPE and e.node in locating}
    what = f"{info.name}: {names(image.publisher_nodes)} publishes {image.name}, nobody its camera_info"
    if waiting:
        what += f"; {names(waiting)} cannot place what the camera sees on the map"
    return Finding(
        Severity.ERROR if waiting else Severity.NOTE,
        "no-camera-info",
        what,
        "give the camera node a calibration file, or remap the driver's camera_info to that name",
    )


def _unfit_info(snapshot: Snapshot, image: Topic, info: Topic) -> Iterator[Finding]:
    seen, told = snapshot.streams.get(image.name, Stream()), snapshot.streams.get(info.name, Stream())
    sides = f"{names(info.publisher_nodes)} and {names(image.publisher_nodes)}"
    if not told.count or not any(e.type == CAMERA_INFO_TYPE for e in info.publishers):
        return
    if not told.calibrated:
        yield Finding(
            Severity.ERROR,
            "uncalibrated",
            f"{info.name}: {names(info.publisher_nodes)} publishes an uncalibrated camera (K is zero)",
            "calibrate the camera and give its node the calibration file",
        )
    if seen.size and told.size and seen.size != told.size:
        yield Finding(
            Severity.ERROR,
            "camera-info-size",
            f"{info.name}: it is for {told.size[0]}x{told.size[1]} pixels, {image.name} has "
            f"{seen.size[0]}x{seen.size[1]} (of {sides})",
            "calibrate at the resolution in use, or resize image and camera_info together",
        )
    if seen.count and set(seen.frame_ids).isdisjoint(told.frame_ids):
        yield Finding(
            Severity.WARNING,
            "camera-info-frame",
            f"{info.name}: its frame is '{names(told.frame_ids)}', that of {image.name} is "
            f"'{names(seen.frame_ids)}' (of {sides})",
            "set one frame_id, that of the optical frame, for both",
        )
