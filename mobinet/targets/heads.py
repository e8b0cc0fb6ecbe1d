"""From what a network's head gives to scores and boxes, in pixels of the searched crop from its middle.

Every kind of head ends in the same form, K proposals a cell: ``scores (K, H, W)`` float32 in 0..1 and
``boxes (4, K, H, W)`` float32, centre and size.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mobinet.errors import ModelError
from mobinet.targets.sidecar import SiameseSidecar
from mobinet.types import Float32

_CORNERS = 4


@dataclass(frozen=True)
class Cells:
    """K proposals in each of H x W cells.

    Args:
        scores: ``(K, H, W)`` float32 in 0..1.
        boxes: ``(4, K, H, W)`` float32: centre and size in pixels of the crop, the centre from the crop's middle.
    """

    scores: Float32
    boxes: Float32


def kind_of(path: Path, sidecar: SiameseSidecar, outputs: list[NDArray[Any]]) -> str:
    """``distances``, ``anchors`` or ``heatmap``: as the sidecar says, else as the channels tell.

    Raises:
        ModelError: the outputs do not fit, with what is missing in the sidecar.
    """
    shapes = ", ".join(str(output.shape) for output in outputs)
    channels = sorted(output.shape[1] for output in outputs if output.ndim == 4)
    if len(channels) != len(outputs) or len({output.shape[2:] for output in outputs}) != 1:
        raise ModelError(
            f"{path}: expected maps (1, channels, H, W) of one size, got {shapes}; give the head of a siamese network"
        )
    anchors = len(sidecar.anchor_ratios) * len(sidecar.anchor_scales)
    kind = sidecar.kind or ("anchors" if anchors else _told_by(channels))
    wanted = {
        "distances": ([1, _CORNERS], [2, _CORNERS]),
        "anchors": ([anchors, _CORNERS * anchors], [2 * anchors, _CORNERS * anchors]),
        "heatmap": ([1], [2]),
    }
    if kind and channels in wanted[kind]:
        return kind
    if not kind and len(channels) == 2 and channels[1] % _CORNERS == 0:
        cure = "name anchor_ratios and anchor_scales in its YAML file, if they are anchors"
    elif kind == "anchors":
        cure = (
            f"its YAML file names {anchors} anchors a cell (anchor_ratios x anchor_scales): name those of its training"
        )
    else:
        cure = "give one map, or a map of 1 or 2 scores and one of 4 distances, or name 'kind' in its YAML file"
    raise ModelError(f"{path}: the channels {channels} of {shapes} are not those of {kind or 'a known head'}; {cure}")


def decode(kind: str, sidecar: SiameseSidecar, outputs: list[NDArray[Any]]) -> Cells:
    """Proposals of a checked head that gives boxes (not of a heatmap)."""
    score, box = sorted(outputs, key=lambda output: int(output.shape[1]))
    scores = probabilities(sidecar, score[0])
    if kind == "anchors":
        return Cells(scores, _from_anchors(sidecar, box[0].reshape(_CORNERS, *scores.shape)))
    return Cells(scores, _from_distances(sidecar, box[0]))


def probabilities(sidecar: SiameseSidecar, raw: Float32) -> Float32:
    """``(C, H, W)`` scores of a network as ``(K, H, W)`` in 0..1; two channels a proposal where it is a softmax."""
    if sidecar.score == "softmax" or (not sidecar.score and raw.shape[0] % 2 == 0):
        pair = raw.reshape(2, -1, *raw.shape[1:])
        return sigmoid(pair[sidecar.foreground] - pair[1 - sidecar.foreground])
    return raw.clip(0, 1) if sidecar.score == "probability" else sigmoid(raw)


def sigmoid(values: Float32) -> Float32:
    """The logistic function; of a difference of two, their softmax."""
    result: Float32 = np.reciprocal(1 + np.exp(-values.clip(-60, 60)))
    return result


def decode_heatmaps(sidecar: SiameseSidecar, maps: list[NDArray[Any]], size: tuple[float, float]) -> Cells:
    """Proposals of a network that gives scores alone, from maps of crops of several sizes (Bertinetto et al. 2016).

    Args:
        sidecar: its ``scales`` are those of the crops.
        maps: ``(1, 1 or 2, H, W)`` raw scores for each scale.
        size: width and height of the target so far, in pixels of the crop.
    """
    factor, scales = sidecar.enlarge, np.array(sidecar.scales, np.float32)
    raw = np.concatenate([_one_channel(sidecar, np.asarray(scores[0], np.float32)) for scores in maps])
    if factor > 1:
        raw = np.stack([cv2.resize(m, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC) for m in raw])
    count, height, width = raw.shape
    boxes = np.empty((_CORNERS, count, height, width), np.float32)
    boxes[0] = scales[:, None, None] * places(width // factor, sidecar.stride, factor)[None, None, :]
    boxes[1] = scales[:, None, None] * places(height // factor, sidecar.stride, factor)[None, :, None]
    boxes[2], boxes[3] = (scales[:, None, None] * side for side in size)
    return Cells(raw.clip(0, 1) if sidecar.score == "probability" else sigmoid(raw), boxes)


def places(count: int, stride: float, factor: int = 1) -> Float32:
    """Where the cells of a row are, in pixels from the crop's middle; ``factor`` new cells in each of ``count``.

    The cell ``count // 2`` is the middle, as the networks are trained.
    """
    return (((np.arange(count * factor) + 0.5) / factor - 0.5 - count // 2) * stride).astype(np.float32)


def _one_channel(sidecar: SiameseSidecar, raw: Float32) -> Float32:
    """``(1, H, W)`` of which the logistic function is the score."""
    return raw if len(raw) == 1 else raw[sidecar.foreground, None] - raw[1 - sidecar.foreground, None]


def _told_by(channels: list[int]) -> str:
    if channels in ([1, _CORNERS], [2, _CORNERS]):
        return "distances"
    return "heatmap" if channels == [1] else ""


def _from_distances(sidecar: SiameseSidecar, distances: Float32) -> Float32:
    """Distances of the four sides from each cell (FCOS; Tian et al. 2019) as centres and sizes."""
    left, top, right, bottom = distances
    x = places(left.shape[1], sidecar.stride)[None, :]
    y = places(left.shape[0], sidecar.stride)[:, None]
    boxes = np.stack((x + (right - left) / 2, y + (bottom - top) / 2, left + right, top + bottom))
    return np.asarray(boxes[:, None], np.float32)


def _from_anchors(sidecar: SiameseSidecar, offsets: Float32) -> Float32:
    """Offsets ``(4, K, H, W)`` from anchors (Faster R-CNN; Li et al. 2018, eq. 12) as centres and sizes."""
    sizes = anchor_sizes(sidecar)
    width, height = (sizes[:, axis, None, None] for axis in (0, 1))
    x = places(offsets.shape[3], sidecar.stride)[None, None, :]
    y = places(offsets.shape[2], sidecar.stride)[None, :, None]
    dx, dy, dw, dh = offsets
    # e^4 is far beyond what the penalty lets through, and keeps a wild network from overflow
    grown = np.exp(np.clip((dw, dh), -4, 4))
    boxes = np.stack((x + dx * width, y + dy * height, grown[0] * width, grown[1] * height))
    return np.asarray(boxes, np.float32)


def anchor_sizes(sidecar: SiameseSidecar) -> Float32:
    """``(K, 2)`` widths and heights, scales within ratios; whole pixels before the scale, as in PySOT."""
    sizes = []
    for ratio in sidecar.anchor_ratios:
        width = int(np.sqrt(sidecar.stride**2 / ratio))
        height = int(width * ratio)
        sizes += [(width * scale, height * scale) for scale in sidecar.anchor_scales]
    return np.array(sizes, np.float32)
