"""Keeps what comes on the topics that concern the whole graph: simulated clocks, transforms, diagnostics."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mobinet_ros.doctor.snapshot import CLOCK_TYPE, DIAGNOSTICS_TYPE, TF_TYPE, Clock, Diagnostic, Link

NANOSECONDS = 1_000_000_000


class Feeds:
    """Fills from messages; ``clock_times`` is the newest simulated time of each clock topic in nanoseconds."""

    def __init__(self) -> None:
        self.clock_times: dict[str, int] = {}
        self.clocks: dict[str, Clock] = {}
        self._links: dict[tuple[str, str], Link] = {}
        self._link_stamps: dict[tuple[str, str], int] = {}
        self._diagnostics: dict[str, Diagnostic] = {}

    def receiver(self, topic: str, kind: str) -> Callable[[Any], None] | None:
        """What takes the messages of a topic; ``None`` for a type that is not of concern here."""
        if kind == CLOCK_TYPE:
            return lambda msg: self._take_clock(topic, _stamp_ns(msg.clock))
        if kind == TF_TYPE:
            return lambda msg: self._take_transforms(msg.transforms, topic.endswith("tf_static"))
        if kind == DIAGNOSTICS_TYPE:
            return self._take_diagnostics
        return None

    @property
    def links(self) -> tuple[Link, ...]:
        """The transforms, aged as of now."""
        now = time.time_ns()
        return tuple(
            link if link.static else replace(link, age_ns=now - self._link_stamps[pair])
            for pair, link in self._links.items()
        )

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return tuple(diagnostic for _, diagnostic in sorted(self._diagnostics.items()))

    def _take_clock(self, topic: str, now_ns: int) -> None:
        seen = self.clocks.get(topic, Clock())
        moved = abs(now_ns - self.clock_times.get(topic, now_ns))
        self.clocks[topic] = Clock(seen.count + 1, seen.moved_ns + moved)
        self.clock_times[topic] = now_ns

    def _take_transforms(self, transforms: list[Any], static: bool) -> None:
        for transform in transforms:
            pair = (transform.header.frame_id.removeprefix("/"), transform.child_frame_id.removeprefix("/"))
            self._links[pair] = Link(*pair, static)
            self._link_stamps[pair] = _stamp_ns(transform.header.stamp)

    def _take_diagnostics(self, msg: Any) -> None:
        for status in msg.status:
            level = status.level[0] if isinstance(status.level, bytes) else int(status.level)
            self._diagnostics[f"{status.hardware_id}/{status.name}"] = Diagnostic(level, status.name, status.message)


def _stamp_ns(stamp: Any) -> int:
    return int(stamp.sec) * NANOSECONDS + int(stamp.nanosec)
