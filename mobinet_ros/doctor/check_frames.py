"""Faults of tf: a camera's frame that is not joined to the map, a frame with two parents, transforms that stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mobinet_ros.doctor.findings import Finding, Severity, names
from mobinet_ros.doctor.snapshot import CAMERA_INFO_TYPE, IMAGE_TYPES, TF_TYPE, Link, Snapshot

STOPPED_NS = 2_000_000_000


def check_frames(snapshot: Snapshot) -> Iterator[Finding]:
    """Cameras whose frame has no path to the map frame; names the missing link and both trees."""
    parents = {link.child: link.parent for link in snapshot.links}
    listeners = [n for t in snapshot.of_type(TF_TYPE) for n in t.subscriber_nodes]
    severity = Severity.ERROR if listeners else Severity.NOTE
    needing = f"; {names(listeners)} needs it" if listeners else ""
    for frame, topics in sorted(_camera_frames(snapshot).items()):
        if not frame:
            yield Finding(
                Severity.ERROR,
                "no-frame-id",
                f"{names(topics)}: header.frame_id is empty",
                "set the camera node's frame_id to the camera's optical frame, e.g. r1/front_optical",
            )
            continue
        root = root_of(parents, frame)
        if root_of(parents, snapshot.map_frame) == root:
            continue
        yield Finding(
            severity,
            "no-transform",
            f"tf: no path from '{snapshot.map_frame}' to '{frame}' (frame of {names(topics)}){needing}: "
            f"{_tree(snapshot, parents, snapshot.map_frame)}; {_tree(snapshot, parents, frame)}",
            f"publish the missing link '{snapshot.map_frame}' -> '{root}' (localisation, or a static transform "
            "for a fixed camera)",
        )


def _camera_frames(snapshot: Snapshot) -> dict[str, list[str]]:
    frames: dict[str, list[str]] = {}
    for topic in snapshot.of_type(*IMAGE_TYPES, CAMERA_INFO_TYPE):
        stream = snapshot.streams.get(topic.name)
        for frame in stream.frame_ids if stream else ():
            frames.setdefault(frame.removeprefix("/"), []).append(topic.name)
    return frames


def chain_of(parents: Mapping[str, str], frame: str) -> list[str]:
    """``frame`` and every frame above it, the root last; ends before a frame comes again (a loop of transforms)."""
    chain = [frame]
    while chain[-1] in parents and parents[chain[-1]] not in chain:
        chain.append(parents[chain[-1]])
    return chain


def root_of(parents: Mapping[str, str], frame: str) -> str:
    return chain_of(parents, frame)[-1]


def _tree(snapshot: Snapshot, parents: Mapping[str, str], frame: str) -> str:
    root = root_of(parents, frame)
    members = {f for link in snapshot.links for f in (link.parent, link.child) if root_of(parents, f) == root}
    if not members:
        return f"nobody publishes a transform of '{frame}'"
    return f"tree of '{root}': {names(members - {root}, most=6)}"


def check_links(snapshot: Snapshot) -> Iterator[Finding]:
    """Frames with two parents, and transforms above a camera that are no longer renewed."""
    by_child: dict[str, set[str]] = {}
    for link in snapshot.links:
        by_child.setdefault(link.child, set()).add(link.parent)
    publishers = [n for t in snapshot.of_type(TF_TYPE) for n in t.publisher_nodes]
    for child, several in sorted(by_child.items()):
        if len(several) > 1:
            yield Finding(
                Severity.ERROR,
                "two-parents",
                f"tf: frame '{child}' has several parents: {names(several)} (tf comes from {names(publishers)})",
                "a frame has one parent: stop one of the publishers, or prefix the frames with the robot's name",
            )
    parents = {link.child: link.parent for link in snapshot.links}
    stopped = [link for link in snapshot.links if _is_above_a_camera(snapshot, parents, link)]
    for link in stopped:
        yield Finding(
            Severity.WARNING,
            "old-transform",
            f"tf: '{link.parent}' -> '{link.child}' is {link.age_ns / 1e9:.1f} s old (tf comes from "
            f"{names(publishers)})",
            "check that its publisher (odometry, localisation) still runs; a link that never moves belongs on "
            "/tf_static",
        )


def _is_above_a_camera(snapshot: Snapshot, parents: Mapping[str, str], link: Link) -> bool:
    """Whether an outdated moving link lies between a camera and the map; simulated time has no age here."""
    if link.static or link.age_ns < STOPPED_NS or snapshot.clocks:
        return False
    return any(link.child in chain_of(parents, frame) for frame in _camera_frames(snapshot))
