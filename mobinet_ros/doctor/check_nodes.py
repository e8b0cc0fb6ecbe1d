"""Faults of nodes and of this machine: nobody there, twice there, not active, no model, hidden by the settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mobinet_ros.doctor.findings import Finding, Severity, names
from mobinet_ros.doctor.snapshot import CHAIN_TYPES, Snapshot

# Linux hands out ports 32768 to 60999 to anyone; domains from 102 on would take theirs from there (7400 + 250 * id)
SAFE_DOMAINS = 101
MANY = 4


def check_presence(snapshot: Snapshot) -> Iterator[Finding]:
    """An empty graph, nodes of the rig that are not there, and names that are used twice."""
    if not snapshot.nodes:
        domain = snapshot.machine.environment.get("ROS_DOMAIN_ID", "0")
        yield Finding(
            Severity.ERROR,
            "no-nodes",
            f"no node is in sight (domain {domain}, {snapshot.machine.rmw or 'default middleware'})",
            "start something (`mobinet up RIG`), or give this shell the ROS_DOMAIN_ID and RMW_IMPLEMENTATION of the "
            "robots",
        )
    present = {node.name for node in snapshot.nodes}
    missing = [name for name in snapshot.expected_nodes if name not in present]
    if missing and snapshot.nodes:
        yield Finding(
            Severity.ERROR,
            "missing-node",
            f"the rig has {names(missing, most=8)}, the graph does not",
            "look at its output: it did not start, died, or runs in another domain",
        )
    for name, count in sorted(Counter(node.name for node in snapshot.nodes).items()):
        if count > 1:
            yield Finding(
                Severity.ERROR,
                "duplicate-node",
                f"{count} nodes are named {name}: their parameters, services and logs mix",
                f"stop one, or rename it: --ros-args -r __node:={name.rsplit('/', 1)[-1]}_2",
            )


def check_lifecycle(snapshot: Snapshot) -> Iterator[Finding]:
    """Managed nodes that are not active, so publish nothing and drop their input; many in one state are one finding."""
    by_state: dict[str, list[str]] = {}
    for node in snapshot.nodes:
        if node.lifecycle not in (None, "active"):
            by_state.setdefault(str(node.lifecycle), []).append(node.name)
    for state, inactive in sorted(by_state.items()):
        if not state:
            yield Finding(
                Severity.WARNING,
                "no-answer",
                f"no answer from get_state of {names(inactive)}",
                "hanging or dead: look at the output and restart",
            )
        elif len(inactive) > MANY:
            what = f"{len(inactive)} nodes are not active but '{state}': {names(inactive, most=8)}"
            yield Finding(Severity.ERROR, "not-active", what, f"for each NODE: {activation('NODE', state)}")
        else:
            for name in inactive:
                yield _not_active(snapshot, name, state)


def _not_active(snapshot: Snapshot, node: str, state: str) -> Finding:
    outputs = [t.name for t in snapshot.of_type(*CHAIN_TYPES) if node in t.publisher_nodes]
    silent = f": nothing comes on {names(outputs)}" if outputs else ""
    what = f"{node} is not active, its state is '{state}'{silent}"
    return Finding(Severity.ERROR, "not-active", what, activation(node, state))


def activation(node: str, state: str) -> str:
    """The commands that bring a managed node from ``state`` to active."""
    activate = f"ros2 lifecycle set {node} activate"
    if state == "unconfigured":
        return f"ros2 lifecycle set {node} configure && {activate}; or start it with autostart:=true"
    if state == "inactive":
        return f"{activate}; or start it with autostart:=true"
    return f"it is in '{state}': look at its output and restart it"


def check_models(snapshot: Snapshot) -> Iterator[Finding]:
    """Parameters that name a network's file which is not there."""
    for node in snapshot.nodes:
        for parameter in node.missing_models:
            elsewhere = "" if node.same_host else " on this machine (the node may run on another)"
            yield Finding(
                Severity.ERROR if node.same_host else Severity.NOTE,
                "no-model",
                f"{node.name}: parameter {parameter} names '{node.models[parameter]}', there is no such file"
                f"{elsewhere}",
                "`mobinet models list` shows the known ones, `mobinet models pull NAME` fetches one; "
                "or give the full path",
            )


def check_diagnostics(snapshot: Snapshot) -> Iterator[Finding]:
    """What the nodes themselves complain of."""
    words = {1: "warns", 2: "reports an error", 3: "is stale"}
    for diagnostic in snapshot.diagnostics:
        explained = diagnostic.level == 1 and snapshot.is_inactive(diagnostic.name)
        if diagnostic.level == 0 or explained:
            continue
        yield Finding(
            Severity.WARNING if diagnostic.level == 1 else Severity.ERROR,
            "diagnostics",
            f"{diagnostic.name} {words.get(diagnostic.level, 'reports')}: {diagnostic.message or '(no message)'}",
            "see its other values on /diagnostics and the output of the node",
        )


def check_machine(snapshot: Snapshot) -> Iterator[Finding]:
    """Settings of this shell that hide robots, and shared memory that is too small or full."""
    yield from _discovery(snapshot)
    for variable in snapshot.machine.missing_files:
        yield Finding(
            Severity.ERROR,
            "no-profile",
            f"{variable} names '{snapshot.machine.environment.get(variable, '')}', there is no such file",
            f"unset {variable} or correct it; without it the defaults are used",
        )
    complaints = [(Severity.WARNING, complaint) for complaint in snapshot.machine.shared_memory]
    complaints += [(Severity.NOTE, snapshot.machine.leaked)] if snapshot.machine.leaked else []
    for severity, complaint in complaints:
        what, _, cure = complaint.partition("; ")
        yield Finding(severity, "shared-memory", what, cure)
    if snapshot.unknown_types:
        packages = names(kind.split("/")[0] for kind in snapshot.unknown_types)
        yield Finding(
            Severity.NOTE,
            "unknown-type",
            f"not listened to: {names(snapshot.unknown_types)}: the package is not installed here",
            f"install {packages} to have those topics checked too",
        )


def _discovery(snapshot: Snapshot) -> Iterator[Finding]:
    environment = snapshot.machine.environment
    present = {node.name for node in snapshot.nodes}
    lost = not present or any(name not in present for name in snapshot.expected_nodes)
    severity = Severity.WARNING if lost else Severity.NOTE
    for variable, values, cure in (
        ("ROS_AUTOMATIC_DISCOVERY_RANGE", ("LOCALHOST", "OFF"), "set it to SUBNET on every machine"),
        ("ROS_LOCALHOST_ONLY", ("1",), "unset it on every machine"),
    ):
        value = environment.get(variable, "").upper()
        if value in values:
            reach = "no other process" if value == "OFF" else "only this machine"
            peers = environment.get("ROS_STATIC_PEERS")
            also = f" and the static peers {peers}" if peers else ""
            yield Finding(severity, "discovery", f"{variable}={value}: {reach}{also} is visible from here", cure)
    if environment.get("FASTDDS_BUILTIN_TRANSPORTS", "").startswith("LARGE_DATA") and (
        environment.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "").upper() == "LOCALHOST"
    ):
        yield Finding(
            Severity.WARNING,
            "discovery",
            "FASTDDS_BUILTIN_TRANSPORTS=LARGE_DATA with ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST: nodes do not meet",
            "unset one; config/fastdds.xml gives the same speed with both",
        )
    domain = environment.get("ROS_DOMAIN_ID", "0")
    if not domain.isdecimal() or int(domain) > SAFE_DOMAINS:
        yield Finding(
            Severity.NOTE,
            "discovery",
            f"ROS_DOMAIN_ID={domain}: expected 0 to {SAFE_DOMAINS}, above it ports may collide with other programs",
            "choose a lower one, the same on every machine",
        )
