"""What rclpy tells of an endpoint, as the record that the checks see."""

from __future__ import annotations

from typing import Any

from rclpy.duration import Duration

from mobinet_ros.doctor.snapshot import Endpoint, Qos

# middlewares write an infinite duration as 2**63 - 1 nanoseconds, or as 2**31 - 1 seconds and more
INFINITE_NS = (2**31 - 1) * 1_000_000_000
FAST_DDS = b"\x01\x0f"


def endpoint(info: Any) -> Endpoint:
    """From a ``TopicEndpointInfo`` of rclpy."""
    profile = info.qos_profile
    qos = Qos(
        reliability=profile.reliability.name.lower(),
        durability=profile.durability.name.lower(),
        liveliness=profile.liveliness.name.lower(),
        deadline_ns=_finite(profile.deadline),
        lease_ns=_finite(profile.liveliness_lease_duration),
    )
    return Endpoint(full_name(info.node_namespace, info.node_name), info.topic_type, hash_text(info), qos)


def _finite(duration: Duration) -> int | None:
    """Nanoseconds; ``None`` for infinite and for unset, which is zero."""
    return duration.nanoseconds if 0 < duration.nanoseconds < INFINITE_NS else None


def hash_text(info: Any) -> str:
    """The type hash as 'RIHS01_...'; '' from Humble, which has none, or for a peer that does not tell it."""
    told = getattr(info, "topic_type_hash", None)
    return str(told) if told is not None and told.version > 0 and any(told.value) else ""


def is_same_host(one: Any, other: Any) -> bool | None:
    """By the host's part of Fast DDS's GUID (vendor 01.0f, then two bytes of the host); ``None`` for other vendors."""
    left, right = bytes(one.endpoint_gid), bytes(other.endpoint_gid)
    if left[:2] != FAST_DDS or right[:2] != FAST_DDS:
        return None
    return left[2:4] == right[2:4]


def full_name(namespace: str, name: str) -> str:
    return f"{namespace.rstrip('/')}/{name}"
