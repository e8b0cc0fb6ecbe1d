from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.cooperation import as_sent, decode_sightings, encode_sightings
from mobinet.errors import InputError
from mobinet.types import Sighting, TrackKey

names = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=16)


@st.composite
def sightings(draw: st.DrawFn) -> Sighting:
    factor = np.zeros((3, 3))
    factor[np.tril_indices(3)] = draw(st.lists(st.floats(-2, 2), min_size=6, max_size=6))
    factor[range(3), range(3)] = draw(st.lists(st.floats(0.01, 5), min_size=3, max_size=3))
    dimension = draw(st.sampled_from([0, 0, 3, 64, 512]))
    seed = draw(st.integers(0, 2**32 - 1))
    embedding = np.random.default_rng(seed).normal(size=dimension).astype(np.float32) if dimension else None
    if embedding is not None:
        embedding /= np.linalg.norm(embedding)
    coordinates = st.lists(st.floats(-2e6, 2e6), min_size=3, max_size=3)
    speeds = st.none() | st.lists(st.floats(-300, 300), min_size=3, max_size=3)
    velocity = draw(speeds)
    return Sighting(
        key=TrackKey("r1", draw(st.just("") | names), draw(st.integers(1, 2**32 - 1))),
        stamp_ns=draw(st.integers(0, 2**63 - 1)),
        position=np.array(draw(coordinates)),
        covariance=factor @ factor.T,
        class_name=draw(st.just("") | names),
        score=draw(st.floats(0, 1)),
        embedding=embedding,
        model=draw(names) if embedding is not None else "",
        velocity=None if velocity is None else np.array(velocity),
        first_stamp_ns=draw(st.sampled_from([None, 0])),
    )


def one(**changes: object) -> Sighting:
    values: dict[str, object] = {
        "key": TrackKey("r1", "front", 7),
        "stamp_ns": 1_700_000_000_123_456_789,
        "position": np.array([1.2345, -6.7, 0.0]),
        "covariance": np.diag([0.09, 0.04, 0.01]),
        "class_name": "person",
        "score": 0.8,
    }
    return Sighting(**{**values, **changes})  # type: ignore[arg-type]


def by_key(items: list[Sighting]) -> dict[tuple[TrackKey, int], Sighting]:
    return {(item.key, item.stamp_ns): item for item in items}


@given(st.lists(sightings(), max_size=12, unique_by=lambda s: (s.key, s.stamp_ns)))
def test_what_is_sent_arrives(items: list[Sighting]) -> None:
    payloads = encode_sightings(items)
    assert all(0 < len(payload) <= 1000 for payload in payloads)
    received = by_key([s for payload in payloads for s in decode_sightings("r1", payload)])
    assert received.keys() == by_key(items).keys()
    for key, sent in by_key(items).items():
        got = received[key]
        np.testing.assert_allclose(got.position, sent.position, atol=0.00051)
        scale = np.sqrt(np.outer(np.diag(sent.covariance), np.diag(sent.covariance)))
        assert (np.abs(got.covariance - sent.covariance) <= 0.004 * scale + 1e-6).all()
        assert (got.class_name, got.model) == (sent.class_name, sent.model)
        assert got.first_stamp_ns == (sent.stamp_ns if sent.first_stamp_ns is None else sent.first_stamp_ns)
        assert abs(got.score - sent.score) <= 0.5 / 255 + 1e-9
        assert (got.velocity is None) == (sent.velocity is None)
        if sent.velocity is not None:
            np.testing.assert_allclose(got.velocity, sent.velocity, atol=0.0051)
        assert (got.embedding is None) == (sent.embedding is None)
        if sent.embedding is not None:
            assert got.embedding is not None
            assert float(np.dot(got.embedding, sent.embedding)) > 0.999


@given(st.lists(sightings(), min_size=1, max_size=5, unique_by=lambda s: (s.key, s.stamp_ns)))
def test_sending_again_changes_nothing(items: list[Sighting]) -> None:
    # so a robot that uses its own sightings as sent has exactly the evidence of its peers
    once = as_sent(items)
    assert encode_sightings(as_sent(once)) == encode_sightings(once)
    for first, second in zip(once, as_sent(once), strict=True):
        np.testing.assert_array_equal(first.position, second.position)
        np.testing.assert_array_equal(first.covariance, second.covariance)


@given(st.data())
def test_damaged_payloads_only_raise_input_errors(data: st.DataObject) -> None:
    items = data.draw(st.lists(sightings(), min_size=1, max_size=3, unique_by=lambda s: (s.key, s.stamp_ns)))
    payload = bytearray(encode_sightings(items)[0])
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(payload[: data.draw(st.integers(0, len(payload)))])
    try:
        received = decode_sightings("r1", damaged)
    except InputError:
        return
    for got in received:  # damage that cannot be seen still gives usable numbers
        assert np.isfinite(got.position).all()
        assert np.linalg.eigvalsh(got.covariance)[0] > -1e-9
        assert 0 <= got.score <= 1


@given(st.binary(max_size=200))
def test_noise_only_raises_input_errors(payload: bytes) -> None:
    try:
        decode_sightings("r1", payload)
    except InputError:
        return
    # noise that decodes must be a payload: it survives a round trip
    assert decode_sightings("r1", payload)


@pytest.mark.parametrize("size", range(0, 60, 7))
def test_cut_payloads_are_refused(size: int) -> None:
    payload = encode_sightings([one()])[0]
    with pytest.raises(InputError):
        decode_sightings("r1", payload[:size])
    with pytest.raises(InputError, match="the rest has no meaning"):
        decode_sightings("r1", payload + bytes(size + 1))


def test_another_version_is_named() -> None:
    payload = encode_sightings([one()])[0]
    with pytest.raises(InputError, match="version 2 and kind 1, got 1 and 1"):
        decode_sightings("r1", b"\x01" + payload[1:])


def test_one_track_twice_in_one_instant_is_refused() -> None:
    payload = encode_sightings([one(), one()])[0]
    with pytest.raises(InputError, match="twice"):
        decode_sightings("r1", payload)


@pytest.mark.parametrize("robot", ["", "a\nb", "x" * 65])
def test_a_robot_needs_a_name(robot: str) -> None:
    with pytest.raises(InputError, match="robot"):
        decode_sightings(robot, encode_sightings([one()])[0])


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"key": TrackKey("r1", "front", 0)}, "track id"),
        ({"key": TrackKey("r1", "\ud800", 1)}, "camera"),
        ({"stamp_ns": -1}, "stamp"),
        ({"stamp_ns": 2**63}, "stamp"),
        ({"position": np.array([np.nan, 0, 0])}, "position"),
        ({"position": np.array([3e6, 0, 0])}, "position"),
        ({"position": np.zeros(2)}, "position"),
        ({"covariance": np.diag([1.0, 1, -1])}, "positive definite"),
        ({"covariance": np.full((3, 3), np.nan)}, "positive definite"),
        ({"covariance": np.diag([1e12, 1, 1])}, "positive definite"),
        ({"velocity": np.array([np.inf, 0, 0])}, "velocity"),
        ({"score": 1.5}, "score"),
        ({"class_name": "a\tb"}, "class"),
        ({"embedding": np.zeros(4, np.float32), "model": "m"}, "not all zero"),
        ({"embedding": np.ones((2, 2), np.float32), "model": "m"}, "embedding"),
        ({"first_stamp_ns": 1_700_000_000_123_456_790}, "first stamp"),  # after the sighting
        ({"embedding": np.ones(4, np.float32)}, "model"),
        ({"embedding": np.ones(2000, np.float32), "model": "m"}, "more than 1000 bytes"),
    ],
)
def test_what_the_format_cannot_hold_is_refused(changes: dict[str, object], text: str) -> None:
    with pytest.raises(InputError, match=text):
        encode_sightings([one(**changes)])


def test_many_sightings_are_split() -> None:
    items = [one(key=TrackKey("r1", "front", i)) for i in range(1, 601)]
    payloads = encode_sightings(items)
    assert 600 * 39 / 1000 < len(payloads) < 30  # 39 bytes each and little more
    assert [s.key.track_id for p in payloads for s in decode_sightings("r1", p)] == list(range(1, 601))
    assert encode_sightings([]) == []


def test_the_layout_is_the_documented_one() -> None:
    # docs/peers.md, byte by byte
    item = one(embedding=np.array([0.6, -0.8], np.float32), model="m", first_stamp_ns=1_700_000_000_000_000_000)
    payload = encode_sightings([item])[0]
    strings = b"\x05front\x06person\x01m"
    group = b"\x00" + (1_700_000_000_123_456_789).to_bytes(8, "little") + b"\x01"
    numbers = b"".join(int(v).to_bytes(4, "little", signed=True) for v in (1234, -6700, 0))
    factor = np.array([0.3, 0, 0.2, 0, 0, 0.1], "<f2").tobytes()
    first = (1_700_000_000_000_000_000).to_bytes(8, "little")
    body = (7).to_bytes(4, "little") + first + bytes([1, 2, 204]) + numbers + factor
    embedding = b"\x02" + (2).to_bytes(2, "little") + np.array([95, -127], np.int8).tobytes()
    assert payload == b"\x02\x01\x03" + strings + b"\x01" + group + body + embedding
