"""Quality of service between bags and publishers or subscriptions."""

from __future__ import annotations

from collections.abc import Sequence

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from mobinet.recordings.bags import TopicQos

# Bags seldom know the depth, and a short one loses what comes in bursts.
DEPTH = 100


def profile_to_play(offers: Sequence[TopicQos]) -> QoSProfile:
    """What to publish with: what was recorded; of several publishers the strongest of each, so that all subscribers of
    then match now."""
    profile = QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=max([DEPTH, *(offer.depth for offer in offers)]),
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.VOLATILE,
    )
    if offers and all(offer.reliability == "best_effort" for offer in offers):
        profile.reliability = ReliabilityPolicy.BEST_EFFORT
    if any(offer.durability == "transient_local" for offer in offers):
        profile.durability = DurabilityPolicy.TRANSIENT_LOCAL
    deadlines = [offer.deadline_ns for offer in offers if offer.deadline_ns > 0]
    lifespans = [offer.lifespan_ns for offer in offers if offer.lifespan_ns > 0]
    if deadlines:
        profile.deadline = Duration(nanoseconds=min(deadlines))
    if lifespans:
        profile.lifespan = Duration(nanoseconds=max(lifespans))
    return profile


def profile_to_record(offers: Sequence[TopicQos]) -> QoSProfile:
    """What to subscribe with so that every publisher matches: reliable and transient local only if all of them are."""
    reliable = bool(offers) and all(offer.reliability == "reliable" for offer in offers)
    latched = bool(offers) and all(offer.durability == "transient_local" for offer in offers)
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=DEPTH,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def offer_of(profile: QoSProfile) -> TopicQos:
    """What a live publisher offers, as bags keep it."""
    return TopicQos(
        profile.reliability.name.lower(),
        profile.durability.name.lower(),
        profile.history.name.lower(),
        profile.depth,
        profile.deadline.nanoseconds,
        profile.lifespan.nanoseconds,
        profile.liveliness.name.lower(),
        profile.liveliness_lease_duration.nanoseconds,
    )
