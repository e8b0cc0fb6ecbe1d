"""Faults that the endpoints show before a single message came: nobody publishes, or the two sides do not match."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from mobinet_ros.doctor.findings import Finding, Severity, names
from mobinet_ros.doctor.snapshot import (
    CAMERA_INFO_TYPE,
    CHAIN_TYPES,
    CLICKED_POINT,
    CLOCK_TYPE,
    IMAGE_TYPES,
    TF_TYPE,
    Endpoint,
    Snapshot,
    Topic,
    raw_image,
    sibling,
)

# DDS: a stronger offer satisfies a weaker request
RELIABILITY = {"best_effort": 0, "reliable": 1}
DURABILITY = {"volatile": 0, "transient_local": 1}
LIVELINESS = {"automatic": 0, "manual_by_topic": 1}
NEAR_ENOUGH = 0.75


def check_missing_publishers(snapshot: Snapshot) -> Iterator[Finding]:
    """Subscriptions to a topic that nobody publishes, with the names that were probably meant."""
    for topic in snapshot.topics:
        if topic.publishers or not topic.subscriptions:
            continue
        kind = topic.subscriptions[0].type
        if kind in (CLOCK_TYPE, TF_TYPE) or topic.name == CLICKED_POINT or _explained_elsewhere(snapshot, topic):
            continue
        near = near_names(snapshot, topic)
        severity = Severity.ERROR if near or kind in CHAIN_TYPES else Severity.WARNING
        what = f"{topic.name}: {names(topic.subscriber_nodes)} listens, nobody publishes it"
        if near:
            best = near[0]
            what += f"; did you mean {' or '.join(near)} (published by {names(snapshot.topic(best).publisher_nodes)})?"
            cure = f"remap the subscriber: --ros-args -r {topic.name}:={best}; or rename the publisher's topic"
        else:
            cure = f"start the node that publishes {kind} there, or check its namespace, domain and whether it runs"
        yield Finding(severity, "no-publisher", what, cure)


def near_names(snapshot: Snapshot, topic: Topic, most: int = 2) -> list[str]:
    """Published topics of the same type that a misspelt or wrongly prefixed name may have meant, nearest first."""
    kind = topic.subscriptions[0].type
    scored = []
    for other in snapshot.topics:
        if not any(p.type == kind for p in other.publishers) or _is_served(topic, other):
            continue
        score = SequenceMatcher(None, topic.name.lower(), other.name.lower()).ratio()
        if topic.name.split("/")[-1] == other.name.split("/")[-1] and _same_branch(topic.name, other.name):
            score = max(score, NEAR_ENOUGH)
        if score >= NEAR_ENOUGH:
            scored.append((-score, other.name))
    return [name for _, name in sorted(scored)[:most]]


def _same_branch(one: str, other: str) -> bool:
    """Whether one name is the other with a namespace left out: /image_raw and /r1/front/image_raw."""
    left, right = one.strip("/").split("/"), other.strip("/").split("/")
    short, long = sorted((left, right), key=len)
    rest = iter(long)
    return len(short) < len(long) and all(part in rest for part in short)


def _is_served(topic: Topic, other: Topic) -> bool:
    """Whether every subscriber of ``topic`` already listens to ``other`` too: then it did not mean that one."""
    return set(topic.subscriber_nodes) <= set(other.subscriber_nodes)


def _explained_elsewhere(snapshot: Snapshot, topic: Topic) -> bool:
    """Two silent topics that are no fault here: the transport not in use, and a camera_info with its own check."""
    kind = topic.subscriptions[0].type
    if kind in IMAGE_TYPES:
        raw = raw_image(topic.name)
        other = raw if topic.name != raw else f"{raw}/compressed"
        twin = snapshot.topic(other)
        return bool(twin.publishers) and set(topic.subscriber_nodes) <= set(twin.subscriber_nodes)
    if kind == CAMERA_INFO_TYPE:
        images = (t for t in snapshot.of_type(*IMAGE_TYPES) if t.publishers)
        return any(sibling(image.name, "camera_info") == topic.name for image in images)
    return False


def check_types(snapshot: Snapshot) -> Iterator[Finding]:
    """Endpoints of one topic that disagree in the type, or in its definition (the type hash, REP 2016)."""
    for topic in snapshot.topics:
        kinds = sorted({e.type for e in topic.endpoints})
        if len(kinds) > 1:
            sides = "; ".join(f"{_sides(topic, type=kind)} {kind}" for kind in kinds)
            yield Finding(
                Severity.ERROR,
                "different-types",
                f"{topic.name}: the two sides use different types: {sides}",
                "give one of them another topic by a remap, or run the node that was written for this type",
            )
        for kind in kinds:
            hashes = sorted({e.type_hash for e in topic.endpoints if e.type == kind and e.type_hash})
            if len(hashes) > 1:
                sides = "; ".join(f"{_sides(topic, type=kind, type_hash=h)} {_short(h)}" for h in hashes)
                yield Finding(
                    Severity.ERROR,
                    "type-hash",
                    f"{topic.name}: two definitions of {kind}: {sides} (Kilted stays silent, Jazzy delivers garbage)",
                    f"build the same version of {kind.split('/')[0]} on every machine and restart the nodes",
                )


def _sides(topic: Topic, **wanted: str) -> str:
    def of(endpoints: tuple[Endpoint, ...]) -> list[str]:
        return [e.node for e in endpoints if all(getattr(e, name) == value for name, value in wanted.items())]

    parts = [
        f"{names(nodes)} {verb}"
        for nodes, verb in ((of(topic.publishers), "publishes"), (of(topic.subscriptions), "expects"))
        if nodes
    ]
    return " and ".join(parts)


def _short(type_hash: str) -> str:
    return type_hash[: len("RIHS01_") + 8]


def check_qos(snapshot: Snapshot) -> Iterator[Finding]:
    """Pairs whose offered quality of service does not satisfy the requested one, so that nothing is delivered."""
    for topic in snapshot.topics:
        for subscription in topic.subscriptions:
            fitting = [p for p in topic.publishers if p.type == subscription.type]
            clashes = [(p, incompatible_policies(p, subscription)) for p in fitting]
            clashes = [(p, policies) for p, policies in clashes if policies]
            severity = Severity.ERROR if len(clashes) == len(fitting) else Severity.WARNING
            for publisher, policies in {(p.node, tuple(found)): (p, found) for p, found in clashes}.values():
                yield _qos_finding(severity, topic, publisher, subscription, policies)


def incompatible_policies(publisher: Endpoint, subscription: Endpoint) -> list[str]:
    """Policies in which the offer is weaker than the request (OMG DDS 1.4, 2.2.3): 'reliability' and so on.

    A policy whose value is not known to either side's middleware is taken to fit.
    """
    offer, request = publisher.qos, subscription.qos
    found = []
    for policy, order in (("reliability", RELIABILITY), ("durability", DURABILITY), ("liveliness", LIVELINESS)):
        offered, requested = order.get(getattr(offer, policy)), order.get(getattr(request, policy))
        if offered is not None and requested is not None and offered < requested:
            found.append(policy)
    for policy, offered_ns, requested_ns in (
        ("deadline", offer.deadline_ns, request.deadline_ns),
        ("liveliness lease duration", offer.lease_ns, request.lease_ns),
    ):
        if requested_ns is not None and (offered_ns is None or offered_ns > requested_ns):
            found.append(policy)
    return found


def _qos_finding(
    severity: Severity, topic: Topic, publisher: Endpoint, subscription: Endpoint, policies: list[str]
) -> Finding:
    offers = ", ".join(_policy_value(publisher, policy) for policy in policies)
    requests = ", ".join(_policy_value(subscription, policy) for policy in policies)
    policy = policies[0]
    key = policy.replace(" ", "_")
    value = getattr(publisher.qos, policy, None) if policy in ("reliability", "durability", "liveliness") else None
    override = f"qos_overrides.{topic.name}.subscription.{key}"
    cure = (
        f"weaken the request of {subscription.node}: -p {override}:={value}"
        if value is not None
        else f"raise {key} of {subscription.node} (-p {override}:=NANOSECONDS) or remove it"
    )
    return Finding(
        severity,
        "qos",
        f"{topic.name}: {publisher.node} offers {offers}, {subscription.node} asks for {requests}: "
        f"incompatible {', '.join(policies)}, nothing is delivered between them",
        f"{cure}; or let {publisher.node} offer more",
    )


def _policy_value(endpoint: Endpoint, policy: str) -> str:
    if policy == "deadline":
        return f"deadline {_duration(endpoint.qos.deadline_ns)}"
    if policy == "liveliness lease duration":
        return f"liveliness lease {_duration(endpoint.qos.lease_ns)}"
    value = str(getattr(endpoint.qos, policy))
    return value if policy != "liveliness" else f"liveliness {value}"


def _duration(duration_ns: int | None) -> str:
    return "infinite" if duration_ns is None else f"{duration_ns / 1e9:g} s"
