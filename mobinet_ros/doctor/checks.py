"""All checks in the order in which a person would ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mobinet_ros.doctor import (
    check_cameras,
    check_events,
    check_frames,
    check_nodes,
    check_streams,
    check_time,
    check_topics,
)
from mobinet_ros.doctor.findings import Finding
from mobinet_ros.doctor.snapshot import Snapshot

CHECKS: tuple[Callable[[Snapshot], Iterable[Finding]], ...] = (
    check_nodes.check_presence,
    check_nodes.check_machine,
    check_nodes.check_lifecycle,
    check_nodes.check_models,
    check_topics.check_missing_publishers,
    check_topics.check_types,
    check_topics.check_qos,
    check_streams.check_silence,
    check_streams.check_stamps,
    check_time.check_sim_time,
    check_cameras.check_camera_info,
    check_events.check_events,
    check_frames.check_frames,
    check_frames.check_links,
    check_nodes.check_diagnostics,
)


def diagnose(snapshot: Snapshot) -> list[Finding]:
    """Every finding, the worst first; within one severity in the order of the checks."""
    found = [finding for check in CHECKS for finding in check(snapshot)]
    return sorted(dict.fromkeys(found), key=lambda finding: -finding.severity)
