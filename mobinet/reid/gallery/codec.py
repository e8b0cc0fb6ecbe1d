"""Records as bytes, each with a checksum, so that a byte that changed on the disk is noticed."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.reid.gallery.calibration import Calibration
from mobinet.reid.gallery.records import Known, Prototype
from mobinet.reid.vectors import unit_vectors
from mobinet.types import Float32, Int64

Rows = NDArray[np.void]
# of a message that ends with its own CRC-32, whatever it says
_RESIDUE = 0x2144DF1C


def row_type(dimension: int) -> np.dtype[np.void]:
    """A prototype in the file: little endian, packed; the vector in half precision."""
    fields = [("slot", "<i8"), ("number", "<i8"), ("weight", "<f4"), ("quality", "<f4"), ("origin", "S16")]
    return np.dtype([*fields, ("vector", "<f2", (dimension,)), ("crc", "<u4")])


def encoded(prototypes: Sequence[Prototype], slots: Int64, numbers: Int64, dimension: int) -> tuple[Rows, list[bytes]]:
    """Prototypes under these slots, of the identities with these numbers in the file: as rows, and as bytes."""
    rows = np.zeros(len(prototypes), row_type(dimension))
    rows["slot"], rows["number"] = slots, numbers
    for name in ("weight", "quality", "vector"):
        rows[name] = np.array([getattr(one, name) for one in prototypes], np.float32).reshape(rows[name].shape)
    rows["origin"] = [one.origin.encode() for one in prototypes]
    size, data = rows.itemsize, rows.tobytes()
    bodies = [data[start : start + size - 4] for start in range(0, len(data), size)]
    return rows, [body + zlib.crc32(body).to_bytes(4, "little") for body in bodies]


def is_sound(data: object, size: int) -> bool:
    """Whether these are bytes of a prototype, with their length and checksum."""
    return isinstance(data, bytes) and len(data) == size and zlib.crc32(data) == _RESIDUE


def checksum(key: int, data: object) -> int:
    """Of bytes under a number; -1 for anything else that a damaged file may hold in their place."""
    return zlib.crc32(data, key & 0xFFFFFFFF) if isinstance(data, bytes) else -1


def rows_of(blobs: Sequence[bytes], dimension: int) -> Rows:
    """Sound bytes of prototypes as a structured array."""
    return np.frombuffer(b"".join(blobs), row_type(dimension))


def vectors_of(rows: Rows) -> Float32:
    """``(N, D)`` unit vectors, as they are compared: what the rounding took from their length is given back."""
    return unit_vectors(rows["vector"].astype(np.float32))


def prototypes_of(rows: Rows) -> tuple[Prototype, ...]:
    vectors = vectors_of(rows)
    return tuple(
        Prototype(vector, float(row["weight"]), float(row["quality"]), bytes(row["origin"]).decode(), int(row["slot"]))
        for row, vector in zip(rows, vectors, strict=True)
    )


def known_to_dict(known: Known) -> dict[str, Any]:
    """Of plain values; what is as it would be anyway is left out, and only ``merged`` is nested."""
    values = {name: value for name, value in vars(known).items() if value}
    if known.merged:
        values["merged"] = [known_to_dict(part) for part in known.merged]
    return values


def known_from_dict(values: dict[str, Any]) -> Known:
    """Raises KeyError, TypeError or ValueError for what is no identity."""
    merged = tuple(known_from_dict(part) for part in values.get("merged", ()))
    known = Known(**{**values, "merged": merged})
    texts = (known.identity_id, known.label, known.class_name)
    if not all(isinstance(text, str) for text in texts) or not 1 <= len(known.identity_id.encode()) <= 16:
        raise ValueError(f"expected an id of at most 16 bytes and texts, got {texts}")
    numbers = (known.observations, known.first_seen_ns, known.last_seen_ns, known.merged_ns)
    if not all(type(number) is int and 0 <= number < 2**63 for number in numbers):
        raise ValueError(f"expected whole numbers from 0, got {numbers}")
    return known


def known_from_text(text: str) -> Known:
    """Raises KeyError, TypeError or ValueError for what is no identity."""
    return known_from_dict(json.loads(text))


def known_text(known: Known) -> str:
    return json.dumps(known_to_dict(known), separators=(",", ":"), ensure_ascii=False)


def text_checksum(*parts: object) -> int:
    return zlib.crc32("\0".join(map(str, parts)).encode())


def calibration_text(calibration: Calibration) -> str:
    return json.dumps(asdict(calibration), separators=(",", ":"))


def calibration_from_text(text: str) -> Calibration:
    """Raises KeyError, TypeError or ValueError for what is no calibration."""
    values = json.loads(text)
    genuine, impostor = (tuple(map(float, values[name])) for name in ("genuine", "impostor"))
    pairs, objects = values["samples"]
    return Calibration(genuine, impostor, (int(pairs), int(objects)), int(values["identities"]))
