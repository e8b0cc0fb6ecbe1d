"""What bags are made of: topics, their quality of service, and messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

INFINITE_NS = 2**63 - 1
"""A duration that never runs out, as ROS 2 writes it."""

REINDEX_CURE = "write it anew with 'ros2 bag reindex'"
RECOVER_CURE = "keep what is left with 'mcap recover IN.mcap -o OUT.mcap'"
SQLITE_CURE = "keep what is left with 'sqlite3 IN.db3 .recover | sqlite3 OUT.db3'"


@dataclass(frozen=True)
class TopicQos:
    """Quality of service that a publisher offered, in the words of ROS 2.

    Args:
        reliability: reliable, best_effort, system_default, best_available or unknown.
        durability: volatile, transient_local, system_default, best_available or unknown.
        history: keep_last, keep_all, system_default or unknown (publishers seldom tell it).
        depth: messages kept with keep_last, 0 where not told.
        deadline_ns, lifespan_ns, liveliness_lease_ns: ``INFINITE_NS`` for none, 0 where not told.
        liveliness: automatic, manual_by_topic, manual_by_node, system_default, best_available or unknown.
    """

    reliability: str = "reliable"
    durability: str = "volatile"
    history: str = "keep_last"
    depth: int = 10
    deadline_ns: int = INFINITE_NS
    lifespan_ns: int = INFINITE_NS
    liveliness: str = "automatic"
    liveliness_lease_ns: int = INFINITE_NS


@dataclass(frozen=True)
class BagTopic:
    """One topic of a bag.

    Args:
        name: with its namespace.
        type_name: e.g. ``sensor_msgs/msg/Image``.
        count: messages in the bag.
        qos: what each recorded publisher offered; empty when the bag does not tell.
        type_hash: ``RIHS01_...``, empty when the bag does not tell.
        definition: text of the message definition with all that it contains, empty when the bag does not tell.
    """

    name: str
    type_name: str
    count: int = 0
    qos: tuple[TopicQos, ...] = ()
    type_hash: str = ""
    definition: str = ""


@dataclass(frozen=True)
class BagMessage:
    """One message of a bag.

    Args:
        stamp_ns: when it was received.
        cdr: the message as it travelled, serialised in CDR with its four bytes of encapsulation.
    """

    topic: str
    type_name: str
    stamp_ns: int
    cdr: bytes


def qos_from_rosbags(qos: Any) -> TopicQos:
    """From ``rosbags.interfaces.Qos``."""
    return TopicQos(
        qos.reliability.name.lower(),
        qos.durability.name.lower(),
        qos.history.name.lower(),
        int(qos.depth),
        _nanoseconds(qos.deadline),
        _nanoseconds(qos.lifespan),
        qos.liveliness.name.lower(),
        _nanoseconds(qos.liveliness_lease_duration),
    )


def qos_to_rosbags(qos: TopicQos) -> Any:
    """A ``rosbags.interfaces.Qos``."""
    from rosbags import interfaces

    return interfaces.Qos(
        interfaces.QosHistory[qos.history.upper()],
        qos.depth,
        interfaces.QosReliability[qos.reliability.upper()],
        interfaces.QosDurability[qos.durability.upper()],
        interfaces.QosTime(*divmod(qos.deadline_ns, 10**9)),
        interfaces.QosTime(*divmod(qos.lifespan_ns, 10**9)),
        interfaces.QosLiveliness[qos.liveliness.upper()],
        interfaces.QosTime(*divmod(qos.liveliness_lease_ns, 10**9)),
        False,
    )


def _nanoseconds(time: Any) -> int:
    return min(int(time.sec) * 10**9 + int(time.nsec), INFINITE_NS)
