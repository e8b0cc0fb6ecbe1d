"""Finds an object by an example of it: what SiamFC began and SiamRPN, SiamBAN and NanoTrack went on with.

The example and a larger region around where the object was go through one network; its answer to the region, cell by
cell, is how much it looks like the example, and a box. Of these, one is chosen: changes of size and shape cost, places
far from the last one cost (cosine window), and the size follows slowly (Li et al., "High performance visual tracking
with siamese region proposal network", 2018, section 4.3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.boxes import cxcywh_to_xyxy, xyxy_to_cxcywh
from mobinet.errors import InputError, ModelError
from mobinet.targets.base import Response
from mobinet.targets.choice import Weights, best_of_each_cell, choose
from mobinet.targets.crops import checked_box, checked_corners, context_side, cut, mean_colour, square
from mobinet.targets.heads import Cells, decode, decode_heatmaps
from mobinet.targets.network import Features, SiameseNetwork
from mobinet.targets.settings import TargetSettings
from mobinet.targets.tiles import Look, Tiling, search_tiles
from mobinet.types import Float32, Float64, Image

_WIDEST = 20.0


@dataclass(frozen=True)
class Template:
    """What the network keeps of a target.

    Args:
        features: of its crop.
        fill: BGR, what is seen beyond the image.
    """

    features: Features
    fill: tuple[float, float, float]


class SiameseMatcher:
    """See Matcher and Comparer. It may be shared by trackers and threads.

    Args:
        network: what compares.
        settings: what to choose by, where it is not as the network's sidecar says.
    """

    def __init__(self, network: SiameseNetwork, settings: TargetSettings) -> None:
        self._network = network
        self._sidecar = network.sidecar
        self._smallest_px = settings.smallest_px
        self._weights = Weights.of(network.sidecar, settings)

    def describe(self, image: Image, box: Float64) -> Template:
        """See Matcher.

        Raises:
            InputError: the box is malformed or not in the image.
        """
        # half a pixel: what remains of a box of one whose middle is on the border, as `search` may give it
        x, y, width, height = xyxy_to_cxcywh(checked_box(box, image, 0.5)[None])[0]
        fill = mean_colour(image)
        region = square(x, y, context_side(width, height, self._sidecar.context))
        return Template(self._network.describe(cut(image, region, self._sidecar.exemplar_size, fill)), fill)

    def search(self, image: Image, template: Template, around: Float64, widen: float = 1.0) -> Response:
        """See Matcher.

        Raises:
            InputError: ``around`` is no box, or ``widen`` is not from 0 to 20.
            ModelError: the network gives something that is no number.
        """
        if not 0 <= widen <= _WIDEST:
            raise InputError(f"widen: expected 0 to {_WIDEST:g} times the usual region, got {widen}")
        x, y, width, height = xyxy_to_cxcywh(checked_corners(around)[None])[0]
        zoom = self._sidecar.exemplar_size / context_side(width, height, self._sidecar.context)
        size = (width * zoom, height * zoom)
        middle = np.array((x, y))

        tiling = self._network.tiling(widen)
        side = self._sidecar.search_size + (tiling.count - 1) * tiling.pixels
        region = square(x, y, side / zoom)
        if tiling.count > 1 and self._network.slides:
            look = self._look_over(cut(image, region, round(side), template.fill), template, tiling)
        else:

            def look(offset: Float64) -> Cells:
                return self._propose(image, template, middle + offset / zoom, zoom, size)

        cells = search_tiles(look, tiling)
        best, factors = choose(cells, size, self._weights)
        score = _checked_score(cells, best)
        share = self._weights.smoothing * score * float(factors[best])
        proposal, row, column = best
        dx, dy, new_width, new_height = cells.boxes[:, proposal, row, column] / zoom
        chosen = (x + dx, y + dy, width + share * (new_width - width), height + share * (new_height - height))
        scores, proposed = best_of_each_cell(cells)
        boxes = proposed.reshape(4, -1).T / zoom + (x, y, 0, 0)
        return Response(
            box=_inside(np.array(chosen), image, self._smallest_px),
            score=score,
            score_map=scores,
            boxes=cxcywh_to_xyxy(boxes).reshape(*scores.shape, 4),
            region=region,
        )

    def likeness(self, first: Template, second: Template) -> float:
        """See Comparer; the mean over the network's maps, where a template has several."""
        pairs = zip(first.features, second.features, strict=True)
        return float(np.mean([_cosine(_middle(one), _middle(other)) for one, other in pairs]))

    def _look_over(self, crop: Image, template: Template, tiling: Tiling) -> Look:
        """Proposals of parts of a crop that the backbone runs over once, and the head part by part."""
        network, seen = self._network, self._network.see(crop)

        def look(offset: Float64) -> Cells:
            column, row = np.round(offset / network.cell_px + (tiling.count - 1) * tiling.cells / 2).astype(int)
            maps = network.compare(network.window(seen, column, row), template.features)
            return decode(network.kind, self._sidecar, maps)

        return look

    def _propose(
        self, image: Image, template: Template, middle: Float64, zoom: float, size: tuple[float, float]
    ) -> Cells:
        """Proposals in one crop; a heatmap knows no sizes, and has to look at several."""
        network, sidecar = self._network, self._sidecar
        scales = sidecar.scales if network.kind == "heatmap" else (1.0,)
        maps = []
        for scale in scales:
            region = square(middle[0], middle[1], sidecar.search_size * scale / zoom)
            maps.append(network.search(cut(image, region, sidecar.search_size, template.fill), template.features))
        if network.kind == "heatmap":
            return decode_heatmaps(sidecar, [outputs[0] for outputs in maps], size)
        return decode(network.kind, sidecar, maps[0])


def _checked_score(cells: Cells, best: tuple[int, int, int]) -> float:
    score, box = float(cells.scores[best]), cells.boxes[:, best[0], best[1], best[2]]
    if not (math.isfinite(score) and np.isfinite(box).all()):
        raise ModelError(
            f"the siamese network gave score {score} and box {box.tolist()}, expected finite numbers; check the "
            "preprocessing in its YAML file, fetch it again or export it again"
        )
    return score


def _middle(features: NDArray[Any]) -> Float32:
    """What a map says of the target itself: the context around it makes about half of a template's side."""
    height, width = features.shape[-2:]
    inner: Float32 = features[..., height // 4 : height - height // 4, width // 4 : width - width // 4]
    return inner.ravel()


def _cosine(one: Float32, other: Float32) -> float:
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    if lengths == 0:
        # of nothing, as in a black image: like itself alone
        return float(one.any() == other.any())
    return float(one @ other) / lengths


def _inside(box: Float64, image: Image, smallest_px: float) -> Float64:
    """Centre and size as corners: the centre in the image, and no side larger than it."""
    height, width = image.shape[:2]
    limits = np.array((width, height), np.float64)
    centre = np.clip(box[:2], 0, limits)
    size = np.clip(box[2:], np.minimum(smallest_px, limits), limits)
    corners: Float64 = np.concatenate((centre - size / 2, centre + size / 2))
    return corners
