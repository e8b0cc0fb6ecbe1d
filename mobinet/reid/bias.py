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
from mobinet.types import Float32


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


def join_bias(
    queries: Float32,
    gallery: Float32,
    query_bias: BiasVectors,
    gallery_bias: BiasVectors,
    orientation_weight: float,
    background_weight: float,
    camera_penalty: float,
) -> tuple[Float32, Float32, Float32 | None]:
    """Joined vectors ``(Q, J)`` and ``(G, J)``, and their signs ``(J,)`` of 1 and -1; ``None`` where all are 1.

    Parts of weight 0, and parts that queries or gallery lack, are left out.

    Args:
        orientation_weight, background_weight: a and b, of cosine distances.
        camera_penalty: in cosine distance too.

    Raises:
        InputError: bias vectors of queries and gallery differ in length.
    """
    parts = [(queries, gallery)]
    for name, one, other, weight in (
        ("orientations", query_bias.orientations, gallery_bias.orientations, orientation_weight),
        ("backgrounds", query_bias.backgrounds, gallery_bias.backgrounds, background_weight),
    ):
        if weight == 0 or one is None or other is None:
            continue
        if one.shape[1] != other.shape[1]:
            raise InputError(f"{name}: queries have {one.shape[1]} numbers and the gallery {other.shape[1]}")
        parts.append((one * np.float32(weight**0.5), other * np.float32(weight**0.5)))
    if camera_penalty > 0 and query_bias.cameras is not None and gallery_bias.cameras is not None:
        parts.append(_one_hot(query_bias.cameras, gallery_bias.cameras, camera_penalty))
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
