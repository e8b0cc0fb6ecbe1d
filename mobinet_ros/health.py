"""What a node says of itself on ``/diagnostics``: whether input comes, and if not, why (REP 107)."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node
from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
SILENT_AFTER_S = 2.0
STALE_AFTER_S = 5.0
FUTURE_AFTER_S = 0.5
PROBLEM_SHOWN_S = 5.0


@dataclass
class InputHealth:
    """Counts what one subscription receives.

    Silence is measured by the wall clock, which runs on while simulated time stands; ages by the node's clock.
    """

    topic: str
    qos: QoSProfile | None = None
    optional: bool = False
    received: int = 0
    last_received_s: float = 0.0
    last_stamp_ns: int = 0
    last_age_ns: int = 0
    _counted: int = 0

    def note(self, now_ns: int, stamp_ns: int) -> None:
        """One message, at ``now_ns`` of the node's clock, of an image exposed at ``stamp_ns``."""
        self.received += 1
        self.last_received_s = time.monotonic()
        self.last_stamp_ns = stamp_ns
        self.last_age_ns = now_ns - stamp_ns

    def rate(self, seconds: float) -> float:
        """Messages per second since the last call."""
        rate = (self.received - self._counted) / seconds if seconds > 0 else 0.0
        self._counted = self.received
        return rate


@dataclass
class Health:
    """Inputs, notes, counters and recent problems of one node; ``status`` turns them into one diagnostic message.

    Notes, counters and problems may come from any thread.
    """

    node: Node
    inputs: dict[str, InputHealth] = field(default_factory=dict)
    counters: dict[str, float] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    _problems: dict[str, tuple[float, str]] = field(default_factory=dict)
    _last_status_s: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def input(self, topic: str, qos: QoSProfile | None = None, optional: bool = False) -> InputHealth:
        return self.inputs.setdefault(topic, InputHealth(topic, qos, optional))

    def count(self, name: str, by: int = 1) -> None:
        with self._lock:
            self.counters[name] = self.counters.get(name, 0) + by

    def set_counter(self, name: str, value: float) -> None:
        with self._lock:
            self.counters[name] = value

    def set_note(self, name: str, text: str) -> None:
        """Shows a text among the values."""
        with self._lock:
            self.notes[name] = text

    def problem(self, key: str, message: str) -> bool:
        """Notes a problem; True when it is new (not shown within the last seconds) and worth a line in the log."""
        now = time.monotonic()
        with self._lock:
            last = self._problems.get(key)
            self._problems[key] = (now, message)
        return last is None or now - last[0] > PROBLEM_SHOWN_S

    def status(self, state: str, failure: str) -> DiagnosticArray:
        """Diagnostics as of now. ``failure`` says why the node could not be configured or activated, or is empty."""
        now = time.monotonic()
        seconds = now - self._last_status_s if self._last_status_s else 0.0
        self._last_status_s = now
        level, messages = OK, []
        if failure:
            level, messages = ERROR, [failure]
        elif state != "active":
            level, messages = WARN, [f"{state}: not active, input is dropped; activate it or set autostart"]
        else:
            messages = [reason for i in self.inputs.values() if (reason := self._why_not(i, now))]
            messages += self._recent_problems(now)
            level = WARN if messages else OK
        status = DiagnosticStatus(level=level, name=self.node.get_fully_qualified_name(), hardware_id="mobinet")
        status.message = "; ".join(messages) if messages else "ok"
        status.values = [KeyValue(key=key, value=str(value)) for key, value in self._values(state, seconds)]
        array = DiagnosticArray(status=[status])
        array.header.stamp = self.node.get_clock().now().to_msg()
        return array

    def _values(self, state: str, seconds: float) -> list[tuple[str, str]]:
        values = [("state", state)]
        for i in self.inputs.values():
            values.append((f"{i.topic} rate_hz", f"{i.rate(seconds):.1f}"))
            if i.last_stamp_ns:
                values.append((f"{i.topic} age_ms", f"{i.last_age_ns / 1e6:.1f}"))
        with self._lock:
            values += sorted(self.notes.items())
            return values + [(name, str(value)) for name, value in sorted(self.counters.items())]

    def _recent_problems(self, now: float) -> list[str]:
        with self._lock:
            self._problems = {k: v for k, v in self._problems.items() if now - v[0] < PROBLEM_SHOWN_S}
            return [text for _, text in self._problems.values()]

    def _why_not(self, i: InputHealth, now: float) -> str:
        """Why an input gives nothing useful, with the cure; empty when it is well."""
        silent = i.received == 0 or now - i.last_received_s > SILENT_AFTER_S
        if silent:
            return "" if i.optional else self._why_silent(i)
        age = i.last_age_ns / 1e9
        if i.last_stamp_ns == 0:
            return f"{i.topic}: stamps are zero; the publisher must fill header.stamp"
        if age > STALE_AFTER_S:
            return f"{i.topic}: stamps are {age:.1f} s old; synchronise the clocks, or set use_sim_time for a replay"
        if age < -FUTURE_AFTER_S:
            return f"{i.topic}: stamps are {-age:.1f} s in the future; synchronise the clocks"
        return ""

    def _why_silent(self, i: InputHealth) -> str:
        publishers = self.node.get_publishers_info_by_topic(i.topic)
        if not publishers:
            return f"{i.topic}: no publisher; start the node that publishes it or remap the topic"
        for publisher in publishers:
            if i.qos is None:
                break
            compatibility, reason = qos_check_compatible(publisher.qos_profile, i.qos)
            if compatibility == QoSCompatibility.ERROR:
                who = f"{publisher.node_namespace.rstrip('/')}/{publisher.node_name}"
                return f"{i.topic}: incompatible QoS with {who}: {reason}; set qos_overrides on one side"
        count = "never received" if i.received == 0 else "nothing received any more"
        return f"{i.topic}: {count} although it has {len(publishers)} publisher(s); run 'mobinet doctor'"
