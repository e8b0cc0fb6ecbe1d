"""Findings for people, one a line, and for scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TextIO

from mobinet_ros.doctor.findings import Finding, Severity
from mobinet_ros.doctor.snapshot import Snapshot

COLOURS = {Severity.ERROR: "\033[1;31m", Severity.WARNING: "\033[33m", Severity.NOTE: "\033[36m"}
PLAIN = "\033[0m"


def exit_status(findings: Sequence[Finding]) -> int:
    """0: nothing wrong (notes at most), 1: warnings, 2: errors."""
    return max((int(finding.severity) for finding in findings), default=0)


def write_text(findings: Sequence[Finding], snapshot: Snapshot, out: TextIO) -> None:
    """A line a finding with its cure indented below, then a line that sums up; colours on a terminal."""
    for finding in findings:
        label = f"{finding.severity.name.lower():<8}"
        if out.isatty():
            label = f"{COLOURS[finding.severity]}{label}{PLAIN}"
        out.write(f"{label} {finding.what}\n{'':<8} -> {finding.cure}\n")
    counts = [sum(f.severity == severity for f in findings) for severity in sorted(Severity, reverse=True)]
    heard = sum(stream.count for stream in snapshot.streams.values())
    out.write(
        f"{len(snapshot.nodes)} nodes, {len(snapshot.topics)} topics, {heard} stamped messages in "
        f"{snapshot.seconds:g} s: {counts[0]} errors, {counts[1]} warnings, {counts[2]} notes\n"
    )


def write_json(findings: Sequence[Finding], snapshot: Snapshot, out: TextIO) -> None:
    """One JSON object: ``status``, ``seconds``, ``nodes``, ``topics`` (message counts) and ``findings``."""
    report = {
        "status": exit_status(findings),
        "seconds": snapshot.seconds,
        "nodes": [node.name for node in snapshot.nodes],
        "topics": {t.name: snapshot.streams[t.name].count for t in snapshot.topics if t.name in snapshot.streams},
        "findings": [
            {"severity": f.severity.name.lower(), "check": f.check, "what": f.what, "cure": f.cure} for f in findings
        ],
    }
    out.write(json.dumps(report, indent=2) + "\n")
