"""What a run of a rig came to: counted while it runs, told at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import TypeAlias

import numpy as np
from rclpy.node import Node
from vision_msgs.msg import Detection2DArray

from mobinet.types import TrackState
from mobinet_ros import topics
from mobinet_ros.conversions import stamp_to_ns
from mobinet_ros.msg import IdentityArray, TrackArray

MOST_AGES = 100_000
TrackName: TypeAlias = tuple[str, str, str]
"""Robot, camera and track id."""


@dataclass
class CameraSummary:
    """One camera's counts; ages are of the tracks when they arrive, milliseconds after the exposure."""

    images: int = 0
    detections: int = 0
    tracks: set[str] = field(default_factory=set)
    stamps_ns: list[int] = field(default_factory=list)
    ages_ms: list[float] = field(default_factory=list)

    def rate_hz(self) -> float:
        """Images a second, by their stamps; 0 with fewer than two."""
        if len(self.stamps_ns) < 2:
            return 0.0
        return (len(self.stamps_ns) - 1) * 1e9 / max(self.stamps_ns[-1] - self.stamps_ns[0], 1)

    def age_ms(self, percent: float) -> float:
        return float(np.percentile(self.ages_ms, percent)) if self.ages_ms else float("nan")


class RunSummary:
    """Counts what the robots publish, and how far they agree on who is who.

    Two robots agree on a track when both hold it for the same identity. Each time a robot publishes its identities they
    are compared with the newest ones of every other robot, for the tracks that both hold.
    """

    def __init__(self, cameras: Sequence[tuple[str, str]]) -> None:
        self.cameras = {key: CameraSummary() for key in cameras}
        self.identities: dict[str, set[str]] = {robot: set() for robot, _ in cameras}
        self.shared: set[str] = set()
        self.heard: set[str] = set()
        self.compared = 0
        self.equal = 0
        self._newest: dict[str, dict[TrackName, str]] = {}

    def add_detections(self, camera: tuple[str, str], count: int) -> None:
        self.cameras[camera].images += 1
        self.cameras[camera].detections += count

    def add_tracks(self, camera: tuple[str, str], stamp_ns: int, now_ns: int, confirmed: Sequence[str]) -> None:
        """One message of tracks: ids of the confirmed ones."""
        summary = self.cameras[camera]
        summary.tracks.update(confirmed)
        if len(summary.ages_ms) < MOST_AGES:
            summary.stamps_ns.append(stamp_ns)
            summary.ages_ms.append((now_ns - stamp_ns) / 1e6)

    def add_identities(self, robot: str, tracks_of: Mapping[str, Sequence[TrackName]]) -> None:
        """One message of a robot: identity -> the tracks that show it now."""
        self.heard.add(robot)
        self.identities[robot].update(tracks_of)
        self.shared.update(name for name, keys in tracks_of.items() if len({seer for seer, _, _ in keys}) > 1)
        mine = {key: name for name, keys in tracks_of.items() for key in keys}
        for other, theirs in self._newest.items():
            if other != robot:
                common = mine.keys() & theirs.keys()
                self.compared += len(common)
                self.equal += sum(mine[key] == theirs[key] for key in common)
        self._newest[robot] = mine

    @property
    def worked(self) -> bool:
        """Whether every camera delivered tracks and every robot identities; that nobody is in sight is no failure."""
        return all(summary.ages_ms for summary in self.cameras.values()) and self.heard == set(self.identities)

    def lines(self) -> list[str]:
        """The summary for a terminal."""
        head = f"{'camera':<12}{'images':>8}{'detections':>12}{'tracks':>8}{'rate Hz':>9}{'age ms p50':>12}{'p95':>6}"
        lines = [head]
        for (robot, camera), s in self.cameras.items():
            ages = f"{s.age_ms(50):>12.0f}{s.age_ms(95):>6.0f}" if s.ages_ms else f"{'-':>12}{'-':>6}"
            name = f"{robot}/{camera}"
            lines.append(f"{name:<12}{s.images:>8}{s.detections:>12}{len(s.tracks):>8}{s.rate_hz():>9.1f}{ages}")
        counts = ", ".join(f"{robot} {len(names)}" for robot, names in self.identities.items())
        lines.append(f"identities: {counts}; {len(self.shared)} were seen by several robots at once")
        pairs = len(list(combinations(self.identities, 2)))
        if pairs and self.compared:
            share = 100 * self.equal / self.compared
            lines.append(
                f"the robots agree on {share:.1f} % of the tracks that two of them hold ({self.compared} compared)"
            )
        elif not any(s.tracks for s in self.cameras.values()) and not any(self.identities.values()):
            lines.append("nothing was tracked: the detector found nobody; a network finds more than the HOG detector")
        elif pairs:
            lines.append(
                "no two robots held the same track: nobody was in sight of two at once, or they did not hear each other"
            )
        return lines


class RunSummaryNode(Node):
    """Feeds a :class:`RunSummary` from the graph.

    Args:
        summary: with the cameras to listen to.
        namespace: outer namespace of the rig.
    """

    def __init__(self, summary: RunSummary, namespace: str = "") -> None:
        super().__init__("_run_summary", start_parameter_services=False)
        self._summary = summary
        outer = f"/{namespace.strip('/')}" if namespace.strip("/") else ""
        for robot, camera in summary.cameras:
            for topic, callback in ((topics.DETECTIONS, self._on_detections), (topics.TRACKS, self._on_tracks)):
                name = f"{outer}/{robot}/{topics.camera_topic(camera, topic)}"
                self.create_subscription(topic.type, name, partial(callback, (robot, camera)), topic.qos)
        for robot in summary.identities:
            name = f"{outer}/{robot}/{topics.IDENTITIES.name}"
            callback = partial(self._on_identities, robot)
            self.create_subscription(topics.IDENTITIES.type, name, callback, topics.IDENTITIES.qos)

    def _on_detections(self, camera: tuple[str, str], msg: Detection2DArray) -> None:
        self._summary.add_detections(camera, len(msg.detections))

    def _on_tracks(self, camera: tuple[str, str], msg: TrackArray) -> None:
        confirmed = [track.detection.id for track in msg.tracks if track.state == TrackState.CONFIRMED]
        now_ns = self.get_clock().now().nanoseconds
        self._summary.add_tracks(camera, stamp_to_ns(msg.header.stamp), now_ns, confirmed)

    def _on_identities(self, robot: str, msg: IdentityArray) -> None:
        rows = {row.id: [(key.robot, key.camera, key.track_id) for key in row.tracks] for row in msg.identities}
        self._summary.add_identities(robot, rows)
