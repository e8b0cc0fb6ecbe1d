"""Faults of simulated time: nobody publishes the clock, it stands still, or only some nodes follow it."""

from __future__ import annotations

from collections.abc import Iterator

from mobinet_ros.doctor.findings import Finding, Severity, names
from mobinet_ros.doctor.snapshot import CLOCK_TYPE, Snapshot


def clock_of(snapshot: Snapshot, node: str) -> str:
    """The clock topic that a node follows; '/clock' unless it was remapped."""
    follows = (t.name for t in snapshot.of_type(CLOCK_TYPE) if node in t.subscriber_nodes)
    return next(follows, "/clock")


def check_sim_time(snapshot: Snapshot) -> Iterator[Finding]:
    """Nodes on simulated time without a clock, mixtures of the two times, a clock that stands still."""
    simulated = [n for n in snapshot.nodes if n.use_sim_time]
    for clock in sorted({clock_of(snapshot, n.name) for n in simulated}):
        waiting = [n.name for n in simulated if clock_of(snapshot, n.name) == clock]
        seen = snapshot.clocks.get(clock)
        if not snapshot.topic(clock).publishers:
            yield Finding(
                Severity.ERROR,
                "no-clock",
                f"{clock}: {names(waiting)} run on simulated time (use_sim_time), nobody publishes the clock: "
                "their time stays zero",
                "start the simulator or `mobinet play --clock`, or set use_sim_time:=false",
            )
        elif seen is not None and not seen.moved_ns:
            yield Finding(
                Severity.WARNING,
                "clock-stands",
                f"{clock}: the simulated clock of {names(snapshot.topic(clock).publisher_nodes)} did not move in "
                f"{snapshot.seconds:g} s, {names(waiting)} stand still with it",
                "resume the simulator or the player",
            )
    sources = {node for topic in snapshot.of_type(CLOCK_TYPE) for node in topic.publisher_nodes}
    on_wall = [n.name for n in snapshot.nodes if n.use_sim_time is False and n.name not in sources]
    if simulated and on_wall:
        yield Finding(
            Severity.WARNING,
            "mixed-time",
            f"use_sim_time: true on {names(n.name for n in simulated)}, false on {names(on_wall)}: "
            "their stamps and transforms never meet",
            "set use_sim_time to one value everywhere (launch argument use_sim_time:=true)",
        )
    elif sources and on_wall:
        yield Finding(
            Severity.WARNING,
            "mixed-time",
            f"use_sim_time: {names(sources)} publishes a simulated clock, {names(on_wall)} do not follow it",
            "start the nodes with use_sim_time:=true, or the player without --clock",
        )
