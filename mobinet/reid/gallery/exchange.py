"""Galleries as plain files: ``NAME.json`` says who, ``NAME.npz`` holds the vectors."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError, ModelError, RecordingError
from mobinet.reid.gallery import codec
from mobinet.reid.gallery.gallery import Gallery
from mobinet.reid.gallery.records import Known, Prototype
from mobinet.reid.gallery.store import Put

FORMAT = "mobinet-gallery/1"
_AT_ONCE = 1000


@dataclass(frozen=True)
class Imported:
    """How many identities were taken in, and which were not, since one of their ids is there already."""

    count: int
    there: tuple[str, ...]


def export_gallery(gallery: Gallery, path: Path, thumbnails: bool = False) -> int:
    """Writes ``path`` with the ends ``.json`` and ``.npz``; how many identities are in them.

    Raises:
        GalleryError: a record is damaged.
        RecordingError: a file cannot be written.
    """
    identities: list[dict[str, Any]] = []
    prototypes: list[Prototype] = []
    pictures: dict[str, NDArray[Any]] = {}
    for known in gallery.identities():
        own = gallery.prototypes(known.identity_id)
        rows = list(range(len(prototypes), len(prototypes) + len(own)))
        identities.append({**codec.known_to_dict(known), "prototypes": rows})
        prototypes += own
        picture = gallery.thumbnail(known.identity_id) if thumbnails else None
        if picture is not None:
            pictures[f"picture_{known.identity_id}"] = np.frombuffer(picture, np.uint8)
    head: dict[str, Any] = {"format": FORMAT, "model": gallery.model, "dimension": gallery.dimension}
    if gallery.calibration is not None:
        head["calibration"] = json.loads(codec.calibration_text(gallery.calibration))
    arrays: dict[str, NDArray[Any]] = {
        "vectors": np.array([one.vector for one in prototypes], np.float32).reshape(-1, gallery.dimension),
        "weights": np.array([one.weight for one in prototypes], np.float32),
        "qualities": np.array([one.quality for one in prototypes], np.float32),
        "origins": np.array([one.origin for one in prototypes], "U16"),
        **pictures,
    }
    try:
        path.with_suffix(".json").write_text(json.dumps({**head, "identities": identities}, indent=1), encoding="utf-8")
        _save(path.with_suffix(".npz"), arrays)
    except OSError as error:
        raise RecordingError(f"'{path}' cannot be written ({error.strerror}): free some room") from error
    return len(identities)


def _save(path: Path, arrays: dict[str, Any]) -> None:
    np.savez(path, **arrays)


def read_head(path: Path) -> dict[str, Any]:
    """What ``NAME.json`` says, ``model`` and ``dimension`` among it; raises RecordingError."""
    path = path.with_suffix(".json")
    try:
        head = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordingError(f"'{path}' is no JSON ({error}); give what 'mobinet gallery export' wrote") from error
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise RecordingError(f"'{path}': expected \"format\": \"{FORMAT}\"; give what 'mobinet gallery export' wrote")
    return head


def import_gallery(gallery: Gallery, path: Path) -> Imported:
    """Takes in what ``export_gallery`` wrote, into a gallery of the same network.

    Identities of which an id or alias is there already are left as they are.

    Raises:
        RecordingError: a file is missing, damaged or of another kind.
        ModelError: the vectors are another network's.
        GalleryError: the gallery cannot be written to.
    """
    head = read_head(path)
    if (head.get("model"), head.get("dimension")) != (gallery.model, gallery.dimension):
        raise ModelError(
            f"'{path}' holds vectors of network {head.get('model')} ({head.get('dimension')} numbers), the gallery "
            f"those of {gallery.model} ({gallery.dimension}): they never compare; import it into another gallery"
        )
    arrays = _read_arrays(path.with_suffix(".npz"), gallery.dimension)
    try:
        puts = [_put(identity, arrays) for identity in head["identities"]]
        calibration = codec.calibration_from_text(json.dumps(head["calibration"])) if "calibration" in head else None
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise RecordingError(f"'{path}': {type(error).__name__}: {error}; it is damaged, export it again") from error
    taken: set[str] = set()
    fresh, there = [], []
    for put in puts:
        ids = {put.known.identity_id, *put.known.aliases}
        if ids & taken or any(gallery.store.find(name) is not None for name in ids):
            there.append(put.known.identity_id)
        else:
            fresh.append(put)
            taken |= ids
    for start in range(0, len(fresh), _AT_ONCE):
        gallery.restore(fresh[start : start + _AT_ONCE])
    if calibration is not None and gallery.calibration is None:
        gallery.set_calibration(calibration)
    return Imported(len(fresh), tuple(there))


def _read_arrays(path: Path, dimension: int) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
            count = len(arrays["vectors"])
            if arrays["vectors"].shape != (count, dimension) or not np.isfinite(arrays["vectors"]).all():
                raise InputError(f"expected finite vectors (N, {dimension}), got {arrays['vectors'].shape}")
            if any(arrays[name].shape != (count,) for name in ("weights", "qualities", "origins")):
                raise InputError(f"expected {count} weights, qualities and origins")
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise RecordingError(f"'{path}' is no export of a gallery ({error}); export it again") from error
    lengths = np.linalg.norm(arrays["vectors"], axis=1)
    if (np.abs(lengths - 1) > 1e-2).any():
        raise RecordingError(f"'{path}': vector {int(np.abs(lengths - 1).argmax())} has not length 1; export it again")
    return arrays


def _put(identity: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Put:
    values = dict(identity)
    rows = [int(row) for row in values.pop("prototypes")]
    known: Known = codec.known_from_dict(values)
    ids = {known.identity_id, *known.aliases}
    prototypes = tuple(
        Prototype(
            np.asarray(arrays["vectors"][row], np.float32),
            float(arrays["weights"][row]),
            float(arrays["qualities"][row]),
            str(arrays["origins"][row]),
        )
        for row in rows
    )
    strange = sorted({prototype.origin for prototype in prototypes} - ids)
    if strange:
        raise ValueError(f"a prototype of {known.identity_id} is of {strange[0]}, which is none of its ids")
    picture = arrays.get(f"picture_{known.identity_id}")
    return Put(known, prototypes, None if picture is None else picture.astype(np.uint8).tobytes())
