"""What robots say to each other: numbered envelopes, and the guard that decides which to believe."""

from __future__ import annotations

import secrets
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from mobinet.cooperation.wire import check_name, decode_sightings
from mobinet.errors import InputError
from mobinet.settings import check_settings, setting
from mobinet.types import Sighting

PROTOCOL = 1
MAX_PAYLOAD = 1000

# How far an envelope may be overtaken by later ones and still be told from a repetition.
_REPLAY_WINDOW = 1024
_MAX_RETIRED = 16


@dataclass(frozen=True)
class PeerSettings:
    """Settings of the guard."""

    max_age_s: float = setting(5.0, "sightings older than this are refused, seconds", minimum=0.01, maximum=3600.0)
    max_future_s: float = setting(
        0.25, "sightings with stamps farther in the future are refused, seconds", minimum=0.0, maximum=3600.0
    )
    max_peers: int = setting(64, "most robots listened to", minimum=1, maximum=10_000)
    forget_s: float = setting(300.0, "a robot silent for so long makes room for another, seconds", minimum=1.0)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class PeerEnvelope:
    """One message between robots; the fields are those of ``mobinet_ros/Envelope``.

    Args:
        protocol: version of the payload's encoding.
        robot: name of the sender.
        boot_id: random 64-bit number drawn when the sender started.
        seq: counts the sender's envelopes since then, from 0.
        payload: at most 1000 bytes.
        signature: empty where the fleet does not sign.
    """

    protocol: int
    robot: str
    boot_id: int
    seq: int
    payload: bytes
    signature: bytes = b""


class Refusal(str, Enum):
    """Why an envelope, or some of its sightings, was not believed; the values are counted and shown."""

    OWN = "own"  # our own message came back: normal on a shared topic
    NAME_COLLISION = "name collision"  # another robot has our name
    PROTOCOL = "protocol"  # another version of the encoding
    REPEATED = "repeated"  # this number was there before
    TOO_OLD = "too old"  # its number is too far behind to tell
    EARLIER_BOOT = "earlier boot"  # from before the sender's restart, or two robots share that name
    MALFORMED = "malformed"  # see the log for what
    STALE = "stale"  # stamps too far in the past
    FUTURE = "future"  # stamps too far in the future: clocks disagree
    TOO_MANY_PEERS = "too many peers"


# Refusals of single sightings: the rest of their envelope may be good.
_STAMP_REFUSALS = (Refusal.STALE, Refusal.FUTURE)


@dataclass(frozen=True)
class Verdict:
    """What came of an envelope.

    Args:
        sightings: to be believed; may be empty.
        refused: why not, or why not all; ``None`` when all was good.
        detail: one line for the log, empty when all was good.
    """

    sightings: list[Sighting]
    refused: Refusal | None = None
    detail: str = ""


class EnvelopeWriter:
    """Numbers what one robot says.

    Args:
        robot: its name.
        boot_id: drawn at random by default.

    Raises:
        InputError: the name is empty, longer than 64 bytes or not printable.
    """

    def __init__(self, robot: str, boot_id: int | None = None) -> None:
        self.robot = check_name(robot, "robot")
        self.boot_id = secrets.randbits(64) if boot_id is None else boot_id
        self._seq = 0

    def wrap(self, payloads: Sequence[bytes]) -> list[PeerEnvelope]:
        """One envelope a payload; raises InputError for a payload of more than 1000 bytes."""
        envelopes = []
        for payload in payloads:
            if len(payload) > MAX_PAYLOAD:
                raise InputError(f"payload: expected at most {MAX_PAYLOAD} bytes, got {len(payload)}; split it")
            envelopes.append(PeerEnvelope(PROTOCOL, self.robot, self.boot_id, self._seq, payload))
            self._seq += 1
        return envelopes


@dataclass
class _Peer:
    """What is known of one sender: the numbers seen, as in RFC 4303, section 3.4.3."""

    boot_id: int
    heard_ns: int
    newest: int = -1
    seen: int = 0  # bit k: number newest - k was there
    retired: deque[int] = field(default_factory=lambda: deque(maxlen=_MAX_RETIRED))

    def check(self, seq: int) -> Refusal | None:
        behind = self.newest - seq
        if behind >= _REPLAY_WINDOW:
            return Refusal.TOO_OLD
        return Refusal.REPEATED if behind >= 0 and self.seen >> behind & 1 else None

    def note(self, seq: int) -> None:
        ahead = seq - self.newest
        if ahead > 0:
            # shifting by a number that a peer chose would let it fill our memory
            self.seen = (self.seen << ahead if ahead < _REPLAY_WINDOW else 0) & ((1 << _REPLAY_WINDOW) - 1)
            self.newest, ahead = seq, 0
        self.seen |= 1 << -ahead


class PeerGuard:
    """Decides which envelopes a robot believes.

    It does not know who may speak: that takes signatures.

    Args:
        robot: our own name.
        boot_id: our own.
        settings: ages and numbers.

    Attributes:
        accepted: envelopes believed, by robot.
        refused: refusals, by robot and reason; sightings refused for their stamps count one each.
    """

    def __init__(self, robot: str, boot_id: int, settings: PeerSettings | None = None) -> None:
        self.robot, self.boot_id = robot, boot_id
        self.settings = settings if settings is not None else PeerSettings()
        self.accepted: Counter[str] = Counter()
        self.refused: dict[str, Counter[Refusal]] = {}
        self._peers: dict[str, _Peer] = {}

    def receive(self, envelope: PeerEnvelope, now_ns: int) -> Verdict:
        """The sightings to believe, at ``now_ns`` of the clock that stamps them.

        Never raises for what a peer sent.
        """
        refusal, detail = self._check_sender(envelope, now_ns)
        if refusal is not None:
            return self._refuse(envelope, refusal, detail)
        try:
            sightings = decode_sightings(envelope.robot, envelope.payload)
        except InputError as error:
            return self._refuse(envelope, Refusal.MALFORMED, str(error))
        self._note(envelope, now_ns)
        reasons = [self._check_stamp(sighting.stamp_ns, now_ns) for sighting in sightings]
        good = [sighting for sighting, reason in zip(sightings, reasons, strict=True) if reason is None]
        self.accepted[envelope.robot] += bool(good)
        bad = [(s.stamp_ns, reason) for s, reason in zip(sightings, reasons, strict=True) if reason is not None]
        if not bad:
            return Verdict(good)
        self._counter(envelope.robot).update(reason for _, reason in bad)
        stamp_ns, worst = bad[0]
        return Verdict(good, worst, self._stamp_detail(envelope.robot, stamp_ns, now_ns, len(bad)))

    def reset(self) -> None:
        """Forgets all peers and counts; for a clock that jumped back."""
        self._peers.clear()
        self.accepted.clear()
        self.refused.clear()

    def _check_sender(self, envelope: PeerEnvelope, now_ns: int) -> tuple[Refusal | None, str]:
        try:
            robot = check_name(envelope.robot, "robot")
        except InputError as error:
            return Refusal.MALFORMED, str(error)
        if robot == self.robot:
            if envelope.boot_id == self.boot_id:
                return Refusal.OWN, ""
            return Refusal.NAME_COLLISION, (
                f"another robot is called '{robot}' too (its boot {envelope.boot_id:x}, ours {self.boot_id:x}): "
                "give each robot its own name"
            )
        if envelope.protocol != PROTOCOL:
            return Refusal.PROTOCOL, (
                f"'{robot}' speaks protocol {envelope.protocol}, expected {PROTOCOL}: run the same release everywhere"
            )
        if len(envelope.payload) > MAX_PAYLOAD or not 0 <= envelope.seq < 2**64:
            return Refusal.MALFORMED, f"'{robot}' sent {len(envelope.payload)} bytes, expected at most {MAX_PAYLOAD}"
        return self._check_number(envelope, now_ns)

    def _check_number(self, envelope: PeerEnvelope, now_ns: int) -> tuple[Refusal | None, str]:
        peer = self._peers.get(envelope.robot)
        if peer is None:
            if len(self._peers) >= self.settings.max_peers and not self._make_room(now_ns):
                return Refusal.TOO_MANY_PEERS, (
                    f"'{envelope.robot}' is one robot more than the {self.settings.max_peers} allowed: raise max_peers"
                )
            return None, ""
        if envelope.boot_id != peer.boot_id:
            if envelope.boot_id in peer.retired:
                return Refusal.EARLIER_BOOT, (
                    f"'{envelope.robot}' speaks as boot {envelope.boot_id:x} again after {peer.boot_id:x}: a late "
                    "message from before its restart, or, if this goes on, two robots with one name: rename one"
                )
            return None, ""
        refusal = peer.check(envelope.seq)
        return refusal, "" if refusal is None else f"'{envelope.robot}' sent number {envelope.seq} again or too late"

    def _note(self, envelope: PeerEnvelope, now_ns: int) -> None:
        peer = self._peers.get(envelope.robot)
        if peer is None:
            peer = self._peers[envelope.robot] = _Peer(envelope.boot_id, now_ns)
        elif peer.boot_id != envelope.boot_id:
            peer.retired.append(peer.boot_id)
            peer.boot_id, peer.newest, peer.seen = envelope.boot_id, -1, 0
        peer.heard_ns = now_ns
        peer.note(envelope.seq)

    def _make_room(self, now_ns: int) -> bool:
        quietest = min(self._peers, key=lambda name: (self._peers[name].heard_ns, name))
        if now_ns - self._peers[quietest].heard_ns < self.settings.forget_s * 1e9:
            return False
        del self._peers[quietest]
        self.refused.pop(quietest, None)
        self.accepted.pop(quietest, None)
        return True

    def _check_stamp(self, stamp_ns: int, now_ns: int) -> Refusal | None:
        if stamp_ns < now_ns - self.settings.max_age_s * 1e9:
            return Refusal.STALE
        return Refusal.FUTURE if stamp_ns > now_ns + self.settings.max_future_s * 1e9 else None

    def _stamp_detail(self, robot: str, stamp_ns: int, now_ns: int, count: int) -> str:
        return (
            f"'{robot}': {count} sightings refused, one is stamped {(stamp_ns - now_ns) / 1e9:+.3f} s from now, "
            f"allowed -{self.settings.max_age_s} to +{self.settings.max_future_s} s: synchronise the clocks (NTP, PTP)"
        )

    def _refuse(self, envelope: PeerEnvelope, refusal: Refusal, detail: str) -> Verdict:
        self._counter(envelope.robot)[refusal] += 1
        return Verdict([], refusal, detail)

    def _counter(self, robot: str) -> Counter[Refusal]:
        # names come from outside: those of strangers beyond the limit are counted together
        known = robot in self.refused or len(self.refused) < 2 * self.settings.max_peers
        return self.refused.setdefault(robot[:64] if known else "others", Counter())
