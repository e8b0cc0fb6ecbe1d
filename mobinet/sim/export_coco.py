"""COCO's instances: one file for all cameras, with masks.

``coco/instances.json`` follows Lin et al., "Microsoft COCO: Common objects in context", 2014: ``bbox`` and ``area`` are
those of the visible pixels, ``segmentation`` is their run-length code, uncompressed. Objects without a visible pixel
are left out. Keys beyond COCO's: ``identity``, ``name``, ``visibility``, ``hidden_by`` and ``amodal_bbox`` (the full
silhouette) of an annotation, ``camera``, ``frame`` and ``stamp_ns`` of an image.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.sim.export_folder import write_json
from mobinet.sim.export_layout import Shot, rounded, sees_colours, xywh
from mobinet.sim.simulation import CameraView
from mobinet.sim.truth import TrueObject
from mobinet.sim.world import ObjectClass

CATEGORIES = tuple({"id": int(kind), "name": kind.label, "supercategory": "object"} for kind in ObjectClass)


class CocoLayout:
    """See Layout; shots need ``identities``."""

    def __init__(self, folder: Path, title: str) -> None:
        self._path = folder / "coco/instances.json"
        self._title = title
        self._images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []

    def wants(self, view: CameraView, number: int) -> bool:  # noqa: ARG002
        return sees_colours(view)

    def add(self, shot: Shot) -> None:
        model = shot.view.camera.model
        image: dict[str, Any] = {
            "id": len(self._images) + 1,
            "file_name": shot.file_name,
            "width": model.width,
            "height": model.height,
            "camera": shot.view.name,
            "frame": shot.number,
            "stamp_ns": shot.stamp_ns,
        }
        self._images.append(image)
        assert shot.identities is not None
        for thing in shot.objects:
            mask = shot.identities == thing.identity
            if thing.visibility > 0 and mask.any():
                self._annotations.append(self._annotation(thing, mask, image["id"]))

    def finish(self) -> None:
        content = {
            "info": {"description": self._title},
            "licenses": [],
            "images": self._images,
            "annotations": self._annotations,
            "categories": list(CATEGORIES),
        }
        write_json(self._path, content)

    def _annotation(self, thing: TrueObject, mask: NDArray[np.bool_], image_id: int) -> dict[str, Any]:
        return {
            "id": len(self._annotations) + 1,
            "image_id": image_id,
            "category_id": int(thing.object_class),
            "bbox": xywh(thing, visible=True),
            "area": int(mask.sum()),
            "iscrowd": 0,
            "segmentation": {"size": list(mask.shape), "counts": run_lengths(mask)},
            "identity": thing.identity,
            "name": thing.name,
            "visibility": round(thing.visibility, 4),
            "hidden_by": rounded(dict(thing.hidden_by)),
            "amodal_bbox": xywh(thing, visible=False),
        }


def run_lengths(mask: NDArray[np.bool_]) -> list[int]:
    """Lengths of runs of false and true pixels in turn, false first, down the columns of ``(H, W)``."""
    pixels = np.concatenate([[False], mask.T.ravel(), [False]])
    changes = np.flatnonzero(pixels[1:] != pixels[:-1])
    counts: list[int] = np.diff(changes, prepend=0).tolist()
    rest = mask.size - (int(changes[-1]) if len(changes) else 0)
    return [*counts, rest] if rest else counts
