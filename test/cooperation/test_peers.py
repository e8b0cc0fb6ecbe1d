from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.cooperation import EnvelopeWriter, PeerEnvelope, PeerGuard, PeerSettings, Refusal, encode_sightings
from mobinet.errors import InputError
from mobinet.types import Sighting, TrackKey

S = 1_000_000_000
NOW = 1000 * S


def payload(stamp_ns: int = NOW, tracks: int = 1) -> bytes:
    items = [Sighting(TrackKey("r2", "front", i + 1), stamp_ns, np.zeros(3), np.eye(3) * 0.1) for i in range(tracks)]
    return encode_sightings(items)[0]


def envelope(seq: int = 0, **changes: object) -> PeerEnvelope:
    return replace(PeerEnvelope(1, "r2", 77, seq, payload()), **changes)  # type: ignore[arg-type]


@pytest.fixture
def guard() -> PeerGuard:
    return PeerGuard("r1", 11)


def test_believes_a_good_peer(guard: PeerGuard) -> None:
    for message in EnvelopeWriter("r2").wrap([payload(), payload(tracks=3)]):
        verdict = guard.receive(message, NOW)
        assert verdict.refused is None
        assert {s.key.robot for s in verdict.sightings} == {"r2"}
    assert guard.accepted["r2"] == 2


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        (envelope(robot="r1", boot_id=11), Refusal.OWN),
        (envelope(robot="r1", boot_id=12), Refusal.NAME_COLLISION),
        (envelope(protocol=2), Refusal.PROTOCOL),
        (envelope(robot=""), Refusal.MALFORMED),
        (envelope(robot="a\x1b[31m"), Refusal.MALFORMED),  # would colour our terminal
        (envelope(payload=b"\x01\x01"), Refusal.MALFORMED),
        (envelope(payload=bytes(5000)), Refusal.MALFORMED),
        (envelope(seq=-1), Refusal.MALFORMED),
        (envelope(payload=payload(NOW - 60 * S)), Refusal.STALE),
        (envelope(payload=payload(NOW + 60 * S)), Refusal.FUTURE),
    ],
)
def test_refuses_with_a_reason(guard: PeerGuard, message: PeerEnvelope, refusal: Refusal) -> None:
    verdict = guard.receive(message, NOW)
    assert (verdict.refused, verdict.sightings) == (refusal, [])
    assert guard.refused[message.robot][refusal] == 1
    assert bool(verdict.detail) == (refusal is not Refusal.OWN)
    # and the next good message is believed
    assert guard.receive(envelope(seq=5), NOW).sightings


def test_the_good_part_of_a_message_is_used(guard: PeerGuard) -> None:
    items = [
        Sighting(TrackKey("r2", "front", 1), NOW, np.zeros(3), np.eye(3)),
        Sighting(TrackKey("r2", "front", 2), NOW - 60 * S, np.zeros(3), np.eye(3)),
    ]
    verdict = guard.receive(envelope(payload=encode_sightings(items)[0]), NOW)
    assert [s.key.track_id for s in verdict.sightings] == [1]
    assert verdict.refused is Refusal.STALE
    assert "-60.000 s from now" in verdict.detail


@given(st.lists(st.integers(0, 3000), max_size=60))
def test_each_number_is_believed_at_most_once(numbers: list[int]) -> None:
    # reordered, repeated, far ahead, far behind: against a set that remembers everything
    guard = PeerGuard("r1", 11)
    seen: set[int] = set()
    for number in numbers:
        believed = bool(guard.receive(envelope(number), NOW).sightings)
        if number in seen or (seen and number <= max(seen) - 1024):
            assert not believed
        else:
            assert believed
        seen |= {number} if believed else set()


def test_huge_numbers_cost_nothing(guard: PeerGuard) -> None:
    assert guard.receive(envelope(2**64 - 1), NOW).sightings
    assert guard.receive(envelope(5), NOW).refused is Refusal.TOO_OLD


def test_a_restarted_robot_is_believed_again(guard: PeerGuard) -> None:
    assert guard.receive(envelope(900), NOW).sightings
    assert guard.receive(envelope(0, boot_id=78), NOW).sightings
    # what was on its way when it restarted
    assert guard.receive(envelope(901), NOW).refused is Refusal.EARLIER_BOOT
    assert guard.receive(envelope(1, boot_id=78), NOW).sightings


def test_garbage_does_not_use_up_a_number(guard: PeerGuard) -> None:
    assert guard.receive(envelope(3, payload=b"junk"), NOW).refused is Refusal.MALFORMED
    assert guard.receive(envelope(3), NOW).sightings


def test_the_number_of_peers_is_limited_and_silent_ones_make_room() -> None:
    guard = PeerGuard("r1", 11, PeerSettings(max_peers=2, forget_s=10.0))
    for name in ("r2", "r3"):
        assert guard.receive(envelope(robot=name), NOW).sightings
    assert guard.receive(envelope(robot="r4"), NOW).refused is Refusal.TOO_MANY_PEERS
    guard.receive(envelope(1, robot="r3", payload=payload(NOW + 11 * S)), NOW + 11 * S)
    assert guard.receive(envelope(robot="r4", payload=payload(NOW + 11 * S)), NOW + 11 * S).sightings


def test_names_of_strangers_do_not_fill_the_memory() -> None:
    guard = PeerGuard("r1", 11, PeerSettings(max_peers=2))
    for i in range(100):
        guard.receive(envelope(robot=f"x{i}", protocol=9), NOW)
    assert len(guard.refused) <= 5
    assert sum(counter[Refusal.PROTOCOL] for counter in guard.refused.values()) == 100


def test_reset_forgets_the_numbers(guard: PeerGuard) -> None:
    guard.receive(envelope(0), NOW)
    guard.reset()
    assert guard.receive(envelope(0), NOW).sightings


def test_a_writer_numbers_its_envelopes() -> None:
    writer = EnvelopeWriter("r2")
    first, second = writer.wrap([b"a", b"b"])
    (third,) = writer.wrap([b"c"])
    assert [e.seq for e in (first, second, third)] == [0, 1, 2]
    assert EnvelopeWriter("r2").boot_id != writer.boot_id
    with pytest.raises(InputError, match="at most 1000 bytes, got 1001"):
        writer.wrap([bytes(1001)])
    with pytest.raises(InputError, match="robot"):
        EnvelopeWriter("")
