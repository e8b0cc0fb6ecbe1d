"""What is really there: boxes, identities, visibility and occluders of one picture, counted from label pictures.

An object's full silhouette is counted in a picture that it is drawn in alone; objects whose silhouettes cannot touch
share one such picture. Visibility is the share of these pixels that show the object when everything is drawn; who
shows instead is who hides it. Silhouettes end at the border of the image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobinet.camera import CameraModel
from mobinet.geometry import Transform
from mobinet.sim.scene import NEAR_M
from mobinet.sim.shapes import Placement
from mobinet.sim.world import ObjectClass
from mobinet.types import Float32, Float64

_MARGIN_PX = 3.0
_LEAST_SHARE = 0.01


@dataclass(frozen=True)
class TrueObject:
    """One object in one image.

    Args:
        name, identity, object_class: who it is.
        box: ``(4,)`` float32 xyxy pixels around the full silhouette, hidden parts included, cut at the image's border;
            pixel edges, so a silhouette of one pixel at (3, 5) has the box 3, 5, 4, 6.
        visible_box: ``(4,)`` around the visible pixels; zeros when none is.
        visibility: share of the silhouette's pixels that are visible, 0..1.
        hidden_by: share of the silhouette that others hide, by their name, largest first; scenery included.
        position, velocity: ``(3,)`` metres and metres per second, map frame, on the ground.
    """

    name: str
    identity: int
    object_class: ObjectClass
    box: Float32
    visible_box: Float32
    visibility: float
    hidden_by: Mapping[str, float]
    position: Float64
    velocity: Float64


def mask_box(mask: NDArray[np.bool_]) -> Float32:
    """``(4,)`` xyxy around the true pixels of ``(H, W)``, zeros when there is none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return np.zeros(4, np.float32)
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)


def occluders(alone: NDArray[np.bool_], full: NDArray[np.int32], own: int, names: Sequence[str]) -> dict[str, float]:
    """Share of the silhouette ``alone`` that shows another label in ``full``, by name, largest first.

    Shares below one percent are left out: soles sink into the ground by a pixel.
    """
    labels, counts = np.unique(full[alone], return_counts=True)
    total = int(alone.sum())
    shares = {
        names[label]: float(count / total)
        for label, count in zip(labels.tolist(), counts.tolist(), strict=True)
        if label not in (own, -1) and count >= _LEAST_SHARE * total
    }
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def rough_box(camera: CameraModel, map2optical: Transform, body: Placement, corners: Float64) -> Float64 | None:
    """``(4,)`` xyxy pixels that hold an object's silhouette; ``None`` for one that is out of the picture.

    Args:
        camera: an ideal one.
        map2optical: its pose.
        body: the object's parts in the map.
        corners: ``(P, 8, 3)`` corners of the box around each part, in the part's frame.
    """
    points = np.einsum("pij,pkj->pki", body.rotations, corners) + body.positions[:, None, :]
    seen = map2optical.apply(points.reshape(-1, 3))
    if (seen[:, 2] <= 0).all():
        return None
    if (seen[:, 2] <= NEAR_M).any():
        # it reaches behind the camera: no bound
        return np.array([0.0, 0.0, camera.width, camera.height])
    pixels = camera.project(seen)
    box = np.concatenate([pixels.min(axis=0) - _MARGIN_PX, pixels.max(axis=0) + _MARGIN_PX])
    if box[0] >= camera.width or box[1] >= camera.height or box[2] <= 0 or box[3] <= 0:
        return None
    return np.asarray(box, np.float64)


def whole_pixels(boxes: Sequence[Float64], size: tuple[int, int]) -> NDArray[np.int64]:
    """``(N, 4)`` xyxy: the pixels of a picture of ``size`` (width, height) that the boxes touch."""
    found = np.array(boxes).reshape(-1, 4)
    found[:, :2], found[:, 2:] = np.floor(found[:, :2]), np.ceil(found[:, 2:])
    return np.clip(found, 0, np.array([*size, *size])).astype(np.int64)


def share_pictures(boxes: Mapping[int, Float64]) -> list[list[int]]:
    """Groups of labels whose boxes do not touch within a group: greedy, in order."""
    groups: list[list[int]] = []
    for label, box in boxes.items():
        for group in groups:
            if not any(_touch(box, boxes[other]) for other in group):
                group.append(label)
                break
        else:
            groups.append([label])
    return groups


def _touch(a: Float64, b: Float64) -> bool:
    return bool(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3])
