"""Sightings as bytes: compact, split over payloads that fit one datagram, and read with distrust.

The layout is in docs/peers.md; numbers are little endian. What is lost: positions are kept to 1 mm, standard
deviations to 0.05 %, scores to 1/255, velocities to 1 cm/s, embeddings to 1/127 of their largest component. Decoding
and encoding again changes nothing more, so a robot that puts into its own map what it sent, decoded, has the same
evidence as its peers.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mobinet.errors import InputError
from mobinet.types import Float32, Float64, Sighting, TrackKey

VERSION = 2
KIND_SIGHTINGS = 1
MAX_STRING = 64
MAX_COORDINATE_M = 2e6
MAX_DIMENSION = 4096

_MAX_COUNT = 255
_SIGMAS_M = (1e-3, 1e4)
_MAX_SPEED_M_S = 300.0
_HAS_VELOCITY, _HAS_EMBEDDING = 1, 2
_HEADER = struct.Struct("<BBB")  # version, kind, strings
_GROUP = struct.Struct("<BqB")  # camera, stamp, sightings
_SIGHTING = struct.Struct("<IqBBB3i6e")  # track, its first stamp, class, flags, score, position in mm, Cholesky factor
_VELOCITY = struct.Struct("<3h")  # cm/s
_EMBEDDING = struct.Struct("<BH")  # model, dimension
_LOWER = np.tril_indices(3)


def encode_sightings(sightings: Sequence[Sighting], max_bytes: int = 1000) -> list[bytes]:
    """Payloads of at most ``max_bytes`` that together hold all sightings, in about their order.

    The robot's name is not in them: the envelope has it.

    Raises:
        InputError: a sighting has a value that the format cannot hold, or does not fit ``max_bytes`` alone.
    """
    payloads = []
    packer = _Packer()
    for sighting in sightings:
        names = _names(sighting)
        if not packer.fits(sighting, names, max_bytes):
            payloads.append(packer.payload())
            packer = _Packer()
            if not packer.fits(sighting, names, max_bytes):
                raise InputError(
                    f"sighting {sighting.key} needs more than {max_bytes} bytes; its embedding has "
                    f"{0 if sighting.embedding is None else len(sighting.embedding)} components: use a smaller one"
                )
        packer.add(sighting)
    payloads.append(packer.payload())
    return [payload for payload in payloads if payload]


def decode_sightings(robot: str, payload: bytes) -> list[Sighting]:
    """The sightings in a payload that ``robot`` sent.

    Raises:
        InputError: anything is not as docs/peers.md says; nothing of such a payload is used.
    """
    reader = _Reader(bytes(payload))
    check_name(robot, "robot")
    version, kind, string_count = reader.unpack(_HEADER)
    if version != VERSION or kind != KIND_SIGHTINGS:
        raise InputError(
            f"payload of '{robot}': expected version {VERSION} and kind {KIND_SIGHTINGS}, got {version} and {kind}; "
            "run the same mobinet release on all robots"
        )
    strings = [reader.string() for _ in range(string_count)]
    sightings: list[Sighting] = []
    for _ in range(reader.count("groups")):
        camera_index, stamp_ns, count = reader.unpack(_GROUP)
        camera = _pick(strings, camera_index)
        if stamp_ns < 0 or count == 0:
            raise InputError(f"payload of '{robot}': stamp {stamp_ns} with {count} sightings, expected both positive")
        sightings.extend(_decode_one(reader, strings, robot, camera, stamp_ns) for _ in range(count))
    reader.finish()
    if len({(s.stamp_ns, s.key) for s in sightings}) != len(sightings):
        raise InputError(f"payload of '{robot}': one track is in it twice at one instant")
    return sightings


def as_sent(sightings: Sequence[Sighting], max_bytes: int = 1000) -> list[Sighting]:
    """The sightings as peers get them: encoded and decoded. All are of one robot.

    Raises:
        InputError: as ``encode_sightings``.
    """
    robot = sightings[0].key.robot if sightings else ""
    payloads = encode_sightings(sightings, max_bytes)
    return [sighting for payload in payloads for sighting in decode_sightings(robot, payload)]


def check_name(name: str, what: str) -> str:
    """The name; raises InputError unless it is 1 to 64 bytes of printable text: names end up in logs and topics."""
    if not name or len(name.encode(errors="replace")) > MAX_STRING or not name.isprintable():
        raise InputError(f"{what}: expected a name of 1 to {MAX_STRING} printable bytes, got {name[:80]!r}")
    return name


@dataclass
class _Packer:
    """One payload in the making."""

    strings: dict[str, int] = field(default_factory=dict)
    groups: dict[tuple[int, int], list[bytes]] = field(default_factory=dict)
    size: int = _HEADER.size + 1

    def fits(self, sighting: Sighting, names: list[str], max_bytes: int) -> bool:
        fresh = {name for name in names if name not in self.strings}
        size = self.size + sum(1 + len(name.encode()) for name in fresh) + _encoded_size(sighting)
        bodies = self.groups.get((self.strings.get(sighting.key.camera, -1), sighting.stamp_ns))
        size += 0 if bodies else _GROUP.size
        room = len(self.strings) + len(fresh) <= _MAX_COUNT and len(self.groups) < _MAX_COUNT
        return size <= max_bytes and room and (bodies is None or len(bodies) < _MAX_COUNT)

    def add(self, sighting: Sighting) -> None:
        if not 0 <= sighting.stamp_ns < 2**63:
            raise InputError(f"sighting {sighting.key}: expected a stamp from 0, got {sighting.stamp_ns}")
        group = (self._index(sighting.key.camera), sighting.stamp_ns)
        if group not in self.groups:
            self.groups[group] = []
            self.size += _GROUP.size
        body = self._body(sighting)
        self.groups[group].append(body)
        self.size += len(body)

    def payload(self) -> bytes:
        if not self.groups:
            return b""
        parts = [_HEADER.pack(VERSION, KIND_SIGHTINGS, len(self.strings))]
        for name in self.strings:
            encoded = name.encode()
            parts += [bytes([len(encoded)]), encoded]
        parts.append(bytes([len(self.groups)]))
        for (camera, stamp_ns), bodies in self.groups.items():
            parts += [_GROUP.pack(camera, stamp_ns, len(bodies)), *bodies]
        return b"".join(parts)

    def _index(self, name: str) -> int:
        if name not in self.strings:
            self.strings[name] = len(self.strings)
            self.size += 1 + len(name.encode())
        return self.strings[name]

    def _body(self, sighting: Sighting) -> bytes:
        key, velocity, embedding = sighting.key, sighting.velocity, sighting.embedding
        if not 1 <= key.track_id < 2**32 or not 0 <= sighting.score <= 1:
            raise InputError(f"sighting {key}: expected a track id from 1 to 2^32 - 1 and a score in 0..1")
        flags = (_HAS_VELOCITY if velocity is not None else 0) | (_HAS_EMBEDDING if embedding is not None else 0)
        millimetres = np.round(_within(sighting, "position", sighting.position, MAX_COORDINATE_M) * 1000)
        factor = _cholesky(sighting)[_LOWER]
        class_index = self._index(sighting.class_name)
        score = round(float(sighting.score) * 255)
        first_ns = sighting.stamp_ns if sighting.first_stamp_ns is None else sighting.first_stamp_ns
        if not 0 <= first_ns <= sighting.stamp_ns:
            raise InputError(
                f"sighting {key}: expected a first stamp from 0 to its stamp {sighting.stamp_ns}, got {first_ns}"
            )
        body = _SIGHTING.pack(key.track_id, first_ns, class_index, flags, score, *millimetres.astype(int), *factor)
        if velocity is not None:
            speeds = np.round(_within(sighting, "velocity", velocity, _MAX_SPEED_M_S) * 100)
            body += _VELOCITY.pack(*speeds.astype(int))
        if embedding is not None:
            body += _EMBEDDING.pack(self._index(sighting.model), len(embedding)) + _quantise(sighting, embedding)
        return body


def _names(sighting: Sighting) -> list[str]:
    """The names that a sighting needs, checked."""
    # the only camera of a robot may have no name of its own
    given = {"camera": sighting.key.camera, "class": sighting.class_name}
    names = [check_name(name, what) if name else "" for what, name in given.items()]
    if sighting.embedding is not None:
        names.append(check_name(sighting.model, f"sighting {sighting.key}: model of the embedding"))
        if np.ndim(sighting.embedding) != 1:
            raise InputError(f"sighting {sighting.key}: expected an embedding (D,), got {np.shape(sighting.embedding)}")
    return names


def _encoded_size(sighting: Sighting) -> int:
    size = _SIGHTING.size + (_VELOCITY.size if sighting.velocity is not None else 0)
    return size + (_EMBEDDING.size + len(sighting.embedding) if sighting.embedding is not None else 0)


def _within(sighting: Sighting, what: str, values: Float64, limit: float) -> Float64:
    array: Float64 = np.asarray(values, np.float64)
    if array.shape != (3,) or not (np.abs(array) <= limit).all():
        raise InputError(f"sighting {sighting.key}: {what}: expected 3 numbers within +-{limit:g}, got {array}")
    return array


def _cholesky(sighting: Sighting) -> Float64:
    """Lower factor of the covariance: however it is rounded, its square is a covariance again."""
    low, high = _SIGMAS_M
    covariance: Float64 = np.asarray(sighting.covariance, np.float64)
    factor: Float64 = np.full((3, 3), np.nan)
    with contextlib.suppress(np.linalg.LinAlgError):
        factor = np.asarray(np.linalg.cholesky(covariance), np.float64)
    if factor.shape != (3, 3) or not (np.abs(factor) <= high).all():
        raise InputError(
            f"sighting {sighting.key}: expected a positive definite 3 x 3 covariance of at most {high:g} m, got "
            f"{covariance.tolist()}"
        )
    diagonal = np.arange(3)
    factor[diagonal, diagonal] = np.maximum(factor[diagonal, diagonal], low)
    return factor


def _quantise(sighting: Sighting, embedding: Float32) -> bytes:
    vector: Float64 = np.asarray(embedding, np.float64)
    largest = np.abs(vector).max() if vector.size else 0.0
    if not 1 <= vector.size <= MAX_DIMENSION or not (np.isfinite(largest) and largest > 0):
        raise InputError(
            f"sighting {sighting.key}: expected an embedding of 1 to {MAX_DIMENSION} finite numbers, not all zero, "
            f"got shape {vector.shape}"
        )
    return np.round(vector * (127 / largest)).astype(np.int8).tobytes()


class _Reader:
    """Walks over a payload; whatever is missing raises InputError."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._at = 0

    def take(self, size: int) -> bytes:
        part = self._payload[self._at : self._at + size]
        if len(part) != size:
            raise InputError(
                f"payload of {len(self._payload)} bytes: expected {size} more at {self._at}, it is cut short"
            )
        self._at += size
        return part

    def unpack(self, layout: struct.Struct) -> tuple[int, ...]:
        return layout.unpack(self.take(layout.size))

    def count(self, what: str) -> int:
        value = self.take(1)[0]
        if value == 0:
            raise InputError(f"payload: no {what}, expected at least one")
        return value

    def string(self) -> str:
        size = self.take(1)[0]
        try:
            text = self.take(size).decode()
        except UnicodeDecodeError:
            text = "\0"
        if size > MAX_STRING or not text.isprintable():
            raise InputError(f"payload: expected a name of at most {MAX_STRING} printable bytes, got {text[:80]!r}")
        return text

    def finish(self) -> None:
        if self._at != len(self._payload):
            raise InputError(f"payload: expected {self._at} bytes, got {len(self._payload)}; the rest has no meaning")


def _pick(strings: list[str], index: int) -> str:
    if index >= len(strings):
        raise InputError(f"payload: name {index} of {len(strings)} does not exist")
    return strings[index]


def _decode_one(reader: _Reader, strings: list[str], robot: str, camera: str, stamp_ns: int) -> Sighting:
    track_id, first_ns, class_index, flags, score, x, y, z, *lower = reader.unpack(_SIGHTING)
    if not 0 <= first_ns <= stamp_ns:
        raise InputError(f"payload of '{robot}': a track seen at {stamp_ns} began at {first_ns}, expected not later")
    if track_id == 0 or flags & ~(_HAS_VELOCITY | _HAS_EMBEDDING):
        raise InputError(
            f"payload of '{robot}': track id {track_id} with flags {flags}; expected ids from 1, known flags"
        )
    position = np.array([x, y, z], np.float64) / 1000
    if (np.abs(position) > MAX_COORDINATE_M).any():
        raise InputError(f"payload of '{robot}': position {position} is farther than {MAX_COORDINATE_M:g} m")
    velocity = np.array(reader.unpack(_VELOCITY), np.float64) / 100 if flags & _HAS_VELOCITY else None
    if velocity is not None and (np.abs(velocity) > _MAX_SPEED_M_S).any():
        raise InputError(f"payload of '{robot}': velocity {velocity} is faster than {_MAX_SPEED_M_S:g} m/s")
    embedding, model = None, ""
    if flags & _HAS_EMBEDDING:
        model_index, dimension = reader.unpack(_EMBEDDING)
        model = check_name(_pick(strings, model_index), "model")
        embedding = _dequantise(reader.take(dimension), robot)
    return Sighting(
        key=TrackKey(robot, camera, track_id),
        stamp_ns=stamp_ns,
        position=position,
        covariance=_covariance(np.array(lower, np.float64), robot),
        class_name=_pick(strings, class_index),
        score=score / 255,
        embedding=embedding,
        model=model,
        velocity=velocity,
        first_stamp_ns=first_ns,
    )


def _covariance(lower: Float64, robot: str) -> Float64:
    factor = np.zeros((3, 3))
    factor[_LOWER] = lower
    low, high = _SIGMAS_M
    # half precision rounds the limits themselves
    if not (np.abs(lower) <= 1.001 * high).all() or not (np.diag(factor) >= 0.999 * low).all():
        raise InputError(f"payload of '{robot}': covariance factor {lower} is not within {low:g} to {high:g} m")
    return factor @ factor.T


def _dequantise(part: bytes, robot: str) -> Float32:
    numbers = np.frombuffer(part, np.int8).astype(np.float32)
    if not 1 <= len(numbers) <= MAX_DIMENSION or np.abs(numbers).max() != 127:
        raise InputError(
            f"payload of '{robot}': expected an embedding of 1 to {MAX_DIMENSION} numbers whose largest is 127"
        )
    unit: Float32 = numbers / np.linalg.norm(numbers)
    return unit
