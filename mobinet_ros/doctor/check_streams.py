"""Faults that show in what arrives: silence and stamps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mobinet_ros.doctor.check_time import clock_of
from mobinet_ros.doctor.findings import Finding, Severity, names
from mobinet_ros.doctor.snapshot import CHAIN_TYPES, EVENTS_TYPE, IMAGE_TYPES, Snapshot, Stream, Topic

FUTURE_NS = 100_000_000
STALE_NS = 2_000_000_000
OLD_NS = 60_000_000_000


def check_silence(snapshot: Snapshot) -> Iterator[Finding]:
    """Topics of the image chain that are published, but from which nothing arrived."""
    for topic in snapshot.of_type(*CHAIN_TYPES):
        stream = snapshot.streams.get(topic.name)
        if stream is None or stream.count or not topic.publishers:
            continue
        if all(snapshot.is_inactive(node) for node in topic.publisher_nodes):
            continue
        own = snapshot.own_hashes.get(topic.name, "")
        foreign = [e for e in topic.publishers if own and e.type_hash and e.type_hash != own]
        what = f"{topic.name}: {names(topic.publisher_nodes)} publishes it, nothing came in {snapshot.seconds:g} s"
        if foreign:
            kind = foreign[0].type
            what += f"; this machine has another definition of {kind}"
            cure = f"build the same version of {kind.split('/')[0]} on every machine"
        elif topic.publishers[0].type in IMAGE_TYPES:
            best_effort = any(e.qos.reliability == "best_effort" for e in topic.publishers)
            cure = "check that the camera delivers"
            if best_effort:
                cure += (
                    "; images above 512 KiB are lost best effort with the default Fast DDS profile: "
                    "use config/fastdds.xml on both sides (mobinet up sets it)"
                )
        elif topic.publishers[0].type == EVENTS_TYPE:
            cure = "does anything move before the camera? Else check that it delivers"
        else:
            cure = "check the input of that node: a stage publishes for every image, also when it finds nothing"
        yield Finding(Severity.WARNING, "silent", what, cure)


def check_stamps(snapshot: Snapshot) -> Iterator[Finding]:
    """Zero, stale, future and backward stamps, told once at the first node of a chain that shows them."""
    for topic, stream in _first_of_chain(snapshot, lambda _, stream: stream.zero_stamps > 0):
        yield Finding(
            Severity.ERROR,
            "zero-stamp",
            f"{topic.name}: {stream.zero_stamps} of {stream.count} messages of {names(topic.publisher_nodes)} "
            "have stamp zero",
            "let the publisher set header.stamp to the time of exposure (get_clock().now()); "
            "on simulated time wait for the first /clock",
        )
    for topic, stream in _first_of_chain(snapshot, lambda t, s: (_age(snapshot, t, s) or 0) < -FUTURE_NS):
        ahead = -(_age(snapshot, topic, stream) or 0)
        yield Finding(
            Severity.ERROR,
            "future-stamp",
            f"{topic.name}: stamps of {names(topic.publisher_nodes)} are {_span(ahead)} in the future of this machine",
            "the clocks of the two machines disagree: synchronise them (chrony or PTP)",
        )
    for topic, stream in _first_of_chain(snapshot, lambda t, s: (_age(snapshot, t, s) or 0) > STALE_NS):
        yield _stale_finding(snapshot, topic, stream)
    for topic, stream in _first_of_chain(snapshot, lambda _, stream: stream.jumps_back > 0):
        several = f"; it has {len(topic.publishers)} publishers" if len(topic.publishers) > 1 else ""
        yield Finding(
            Severity.WARNING,
            "stamp-jumps-back",
            f"{topic.name}: stamps of {names(topic.publisher_nodes)} jumped back {stream.jumps_back} times{several}",
            "leave one publisher on the topic"
            if several
            else "trackers start anew at each jump; play the recording without a loop, or let the driver order images",
        )


def _stale_finding(snapshot: Snapshot, topic: Topic, stream: Stream) -> Finding:
    age = _age(snapshot, topic, stream) or 0
    old = age > OLD_NS
    return Finding(
        Severity.ERROR if old else Severity.WARNING,
        "stale-stamp",
        f"{topic.name}: messages of {names(topic.publisher_nodes)} are {_span(age)} old when they arrive",
        "a recording played on wall time: play it with --clock and set use_sim_time:=true everywhere, "
        "or synchronise the clocks of the machines (chrony or PTP)"
        if old
        else "the publisher or the network is too slow (lower rate or resolution, image_raw/compressed), "
        "or the clocks of the machines disagree (chrony or PTP)",
    )


def _age(snapshot: Snapshot, topic: Topic, stream: Stream) -> int | None:
    """Age of the stamps on the clock of the publisher; ``None`` where it cannot be told.

    A publisher on wall time whose stamps follow a simulated clock hands on its input's stamps; that mixture has its
    own check.
    """
    simulated = [snapshot.node(node).use_sim_time for node in topic.publisher_nodes]
    if any(simulated):
        clocks = [clock_of(snapshot, node) for node in topic.publisher_nodes]
        return next((stream.clock_ages_ns[c] for c in clocks if c in stream.clock_ages_ns), None)
    if any(abs(age) < STALE_NS for age in stream.clock_ages_ns.values()):
        return None
    return stream.age_ns


def _first_of_chain(snapshot: Snapshot, is_bad: Callable[[Topic, Stream], bool]) -> list[tuple[Topic, Stream]]:
    """Bad streams whose publishers do not listen to another bad one, from which they would have the stamps."""
    bad = [(snapshot.topic(name), stream) for name, stream in sorted(snapshot.streams.items()) if stream.count]
    bad = [(topic, stream) for topic, stream in bad if is_bad(topic, stream)]
    listeners = {topic.name: set(topic.subscriber_nodes) for topic, _ in bad}

    def is_origin(topic: Topic) -> bool:
        upstream = [nodes for name, nodes in listeners.items() if name != topic.name]
        return not topic.publishers or any(all(n not in nodes for nodes in upstream) for n in topic.publisher_nodes)

    return [(topic, stream) for topic, stream in bad if is_origin(topic)] or bad[:1]


def _span(duration_ns: int) -> str:
    seconds = duration_ns / 1e9
    for unit, length in (("years", 31_557_600), ("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.2f} s"
