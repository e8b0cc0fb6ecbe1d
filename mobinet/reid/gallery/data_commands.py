"""``mobinet gallery`` for the gallery as a whole: export, import, check, calibrate, compact."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mobinet.errors import GalleryError, InputError
from mobinet.reid.gallery.calibration import calibrate
from mobinet.reid.gallery.exchange import export_gallery, import_gallery, read_head
from mobinet.reid.gallery.opening import open_gallery, repair
from mobinet.reid.gallery.settings import GallerySettings
from mobinet.types import Float64

Add = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]


def register_data_commands(add: Add) -> None:
    """Adds the actions by ``add(name, run, purpose)``."""
    export = add("export", _export, "write it as NAME.json and NAME.npz")
    export.add_argument("path", metavar="NAME", type=Path)
    export.add_argument("--thumbnails", action="store_true", help="with pictures")
    taking = add("import", _import, "take in an export; makes the gallery when absent")
    taking.add_argument("path", metavar="NAME", type=Path)
    taking.add_argument("--thumbnails", action="store_true", help="with pictures")
    add("check", _check, "read everything, say what is damaged").add_argument(
        "--repair", action="store_true", help="drop what is damaged"
    )
    calibrating = add("calibrate", _calibrate, "set the thresholds by what is known of who is who")
    calibrating.add_argument(
        "--data", metavar="FILE", type=Path, help=".npz with 'vectors' (N, D) and 'objects' (N,); default: the gallery"
    )
    for name in ("false_accepts", "false_news"):
        option = f"--{name.replace('_', '-')}"
        default = getattr(GallerySettings(), name)
        calibrating.add_argument(option, type=float, default=default, help=f"to show (default: {default})")
    add("compact", _compact, "give back room; build the graph of a large one")


def _export(arguments: argparse.Namespace) -> int:
    with open_gallery(arguments.gallery, read_only=True, load=False) as gallery:
        count = export_gallery(gallery, arguments.path, arguments.thumbnails)
    print(f"{count} identities in {arguments.path.with_suffix('.json')} and {arguments.path.with_suffix('.npz')}")
    return 0


def _import(arguments: argparse.Namespace) -> int:
    head = read_head(arguments.path)
    settings = GallerySettings(thumbnails=arguments.thumbnails)
    model, dimension = str(head.get("model", "")), int(head.get("dimension", 0))
    with open_gallery(arguments.gallery, model, dimension, settings, load=False) as gallery:
        imported = import_gallery(gallery, arguments.path)
    print(f"{imported.count} identities taken in, {len(imported.there)} were there already")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    if arguments.repair:
        for line in repair(arguments.gallery):
            print(f"dropped: {line}")
    try:
        with open_gallery(arguments.gallery, read_only=True, load=False) as gallery:
            found, count = gallery.store.check(), len(gallery)
    except GalleryError as error:
        found, count = [str(error)], 0
    for line in found:
        print(line)
    if not found:
        print(f"{count} identities, all sound")
    return 1 if found else 0


def _calibrate(arguments: argparse.Namespace) -> int:
    with open_gallery(arguments.gallery, load=False) as gallery:
        if arguments.data is not None:
            try:
                with np.load(arguments.data, allow_pickle=False) as given:
                    vectors, objects = given["vectors"].astype(np.float32), given["objects"]
            except (OSError, KeyError, ValueError, AttributeError) as error:
                raise InputError(f"'{arguments.data}': expected .npz with 'vectors' and 'objects' ({error})") from error
            if vectors.ndim != 2 or vectors.shape[1] != gallery.dimension:
                raise InputError(f"'{arguments.data}': expected vectors (N, {gallery.dimension}), got {vectors.shape}")
        else:
            ids = [known.identity_id for known in gallery.identities()]
            pairs = [(prototype.vector, name) for name in ids for prototype in gallery.prototypes(name)]
            vectors = np.array([vector for vector, _ in pairs], np.float32).reshape(-1, gallery.dimension)
            objects = np.array([name for _, name in pairs])
        calibration = calibrate(vectors, objects)
        gallery.set_calibration(calibration)
        limits = calibration.thresholds(arguments.false_accepts, arguments.false_news, len(gallery))
    genuine, impostor = np.array(calibration.genuine), np.array(calibration.impostor)
    print(f"{calibration.samples[0]} scores of the same, {calibration.samples[1]} of others")
    print(f"of the same: {_spread(genuine)}; of the most alike other: {_spread(impostor)}")
    print(f"known from {limits.known:.3f}, new below {limits.new:.3f}, unsure between")
    return 0


def _compact(arguments: argparse.Namespace) -> int:
    with open_gallery(arguments.gallery) as gallery:
        gallery.compact()
        print(f"{len(gallery)} identities, {gallery.store.prototype_count()} prototypes")
    return 0


def _spread(scores: Float64) -> str:
    low, middle, high = np.quantile(scores, [0.05, 0.5, 0.95])
    return f"{middle:.3f} (5 to 95 %: {low:.3f} to {high:.3f})"
