"""What views share by accident, orientation, background and camera, as parts of a vector with a sign of their own.

Zhu et al., "VOC-ReID: Vehicle Re-identification based on Vehicle-Orientation-Camera" (2020), equation 4:
``D = D_id - a D_orientation - b D_background``. With ``D`` squared Euclidean distances, and a penalty ``p`` on two
views of one camera written as ``- p`` on two of different ones (the same but for a constant), all of it is the one form
``sum_i s_i (x_i - y_i)^2`` of joined vectors, some of whose signs ``s_i`` are negative. So neighbours can be searched,
and re-ranked, by the corrected distance without the matrix of all by all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import InputError
from mobinet.types import Float32, Float64, Int64

_PAIRS, _LEAST_PAIRS, _AT_ONCE = 100_000, 100, 10_000


@dataclass(frozen=True)
class BiasVectors:
    """Of N views; ``None`` for what is not known.

    Args:
        orientations: ``(N, O)`` float32 unit vectors: from which side the object is seen.
        backgrounds: ``(N, B)`` float32 unit vectors: what surrounds it, and the light.
        cameras: ``(N,)`` integers or strings.
    """

    orientations: Float32 | None = None
    backgrounds: Float32 | None = None
    cameras: NDArray[Any] | None = None


@dataclass(frozen=True)
class BiasWeights:
    """How much is taken off a cosine distance for each unit of the distance in orientation and in background, and added
    for one camera."""

    orientation: float = 0.0
    background: float = 0.0
    camera: float = 0.0


def explained_by_bias(vectors: Float32, bias: BiasVectors, tracks: Int64 | None = None) -> BiasWeights:
    """What distances of different objects owe to bias: slopes of a linear regression, none below 0.

    Nearly all pairs of views are of different objects, so what orientation, background and camera predict of their
    distance is what has to be taken off, and little where there is no bias. VOC-ReID chooses the weights by hand.

    Args:
        vectors: ``(N, D)`` unit vectors.
        bias: of the same views.
        tracks: ``(N,)``: pairs of one track, alike in all, are left out; without, pairs of one camera are.
    """
    draw = np.random.default_rng(0)
    one, other = draw.integers(0, len(vectors), (2, _PAIRS)) if len(vectors) else np.zeros((2, 0), np.int64)
    cameras = None if bias.cameras is None else np.asarray(bias.cameras)
    apart = tracks if tracks is not None else cameras
    differ = one != other if apart is None else apart[one] != apart[other]
    one, other = one[differ], other[differ]
    columns, names = [], []
    for name, values in (("orientation", bias.orientations), ("background", bias.backgrounds)):
        if values is not None:
            columns.append(_cosine_distances(values, one, other))
            names.append(name)
    if cameras is not None and tracks is not None:
        # one camera is nearer: what is missing there is the penalty
        columns.append((cameras[one] != cameras[other]).astype(np.float64))
        names.append("camera")
    if len(one) <= _LEAST_PAIRS or not columns:
        return BiasWeights()
    design = np.stack([np.ones(len(one)), *columns], axis=1)
    slopes = np.linalg.lstsq(design, _cosine_distances(vectors, one, other), rcond=None)[0][1:]
    return BiasWeights(**{name: max(float(slope), 0.0) for name, slope in zip(names, slopes, strict=True)})


def _cosine_distances(vectors: Float32, one: Int64, other: Int64) -> Float64:
    parts = [slice(start, start + _AT_ONCE) for start in range(0, len(one), _AT_ONCE)]
    found = [1 - np.einsum("ij,ij->i", vectors[one[part]], vectors[other[part]]) for part in parts]
    distances: Float64 = np.concatenate([*found, np.zeros(0)]).astype(np.float64)
    return distances


def join_bias(
    queries: Float32,
    gallery: Float32,
    query_bias: BiasVectors,
    gallery_bias: BiasVectors,
    weights: BiasWeights,
) -> tuple[Float32, Float32, Float32 | None]:
    """Joined vectors ``(Q, J)`` and ``(G, J)``, and their signs ``(J,)`` of 1 and -1; ``None`` where all are 1.

    Parts of weight 0, and parts that queries or gallery lack, are left out.

    Args:
        weights: a, b and the penalty.

    Raises:
        InputError: bias vectors of queries and gallery differ in length.
    """
    parts = [(queries, gallery)]
    for name, one, other, weight in (
        ("orientations", query_bias.orientations, gallery_bias.orientations, weights.orientation),
        ("backgrounds", query_bias.backgrounds, gallery_bias.backgrounds, weights.background),
    ):
        if weight == 0 or one is None or other is None:
            continue
        if one.shape[1] != other.shape[1]:
            raise InputError(f"{name}: queries have {one.shape[1]} numbers and the gallery {other.shape[1]}")
        parts.append((one * np.float32(weight**0.5), other * np.float32(weight**0.5)))
    if weights.camera > 0 and query_bias.cameras is not None and gallery_bias.cameras is not None:
        parts.append(_one_hot(query_bias.cameras, gallery_bias.cameras, weights.camera))
    if len(parts) == 1:
        return queries, gallery, None
    signs = np.concatenate([np.full(one.shape[1], -1.0 if index else 1.0) for index, (one, _) in enumerate(parts)])
    asked, reference = (np.concatenate(side, axis=1) for side in zip(*parts, strict=True))
    return asked, reference, signs.astype(np.float32)


def _one_hot(queries: NDArray[Any], gallery: NDArray[Any], penalty: float) -> tuple[Float32, Float32]:
    """Vectors whose half squared distance is the penalty for two cameras and 0 for one."""
    names, rows = np.unique(np.concatenate([np.asarray(queries), np.asarray(gallery)]), return_inverse=True)
    vectors = (np.eye(len(names), dtype=np.float32) * np.float32(penalty**0.5))[rows.ravel()]
    return vectors[: len(queries)], vectors[len(queries) :]
