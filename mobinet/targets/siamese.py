"""Finds an object by an example of it: what SiamFC began and SiamRPN, SiamBAN and NanoTrack went on with.

The example and a larger region around where the object was go through one network; its answer to the region, cell by
cell, is how much it looks like the example, and a box. Of these, one is chosen: changes of size and shape cost, places
far from the last one cost (cosine window), and the size follows slowly (Li et al., "High performance visual tracking
with siamese region proposal network", 2018, section 4.3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mobinet.boxes import cxcywh_to_xyxy, xyxy_to_cxcywh
from mobinet.errors import ModelError
from mobinet.targets.base import Response
from mobinet.targets.choice import Choice, best_of_each_cell, choose
from mobinet.targets.crops import checked_box, context_side, cut, mean_colour, square
from mobinet.targets.network import Features, SiameseNetwork
from mobinet.targets.settings import TargetSettings
from mobinet.targets.tiles import search_tiles
from mobinet.types import Float64, Image


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
    """See Matcher.

    Args:
        network: what compares.
        settings: what to choose by, where it is not as the network's sidecar says.
    """

    def __init__(self, network: SiameseNetwork, settings: TargetSettings) -> None:
        self._network = network
        self._settings = settings
        self._weights = Choice.of(network.sidecar, settings)

    def describe(self, image: Image, box: Float64) -> Template:
        """See Matcher.

        Raises:
            InputError: the box is malformed or not in the image.
        """
        box = checked_box(box, image, 1.0)
        (x, y, width, height), sidecar = xyxy_to_cxcywh(box[None])[0], self._network.sidecar
        fill = mean_colour(image)
        region = square(x, y, context_side(width, height, sidecar.context))
        return Template(self._network.describe(cut(image, region, sidecar.exemplar_size, fill)), fill)

    def search(self, image: Image, template: Template, around: Float64, widen: float = 1.0) -> Response:
        """See Matcher.

        Raises:
            ModelError: the network gives something that is no number.
        """
        sidecar = self._network.sidecar
        x, y, width, height = xyxy_to_cxcywh(np.asarray(around, np.float64)[None])[0]
        zoom = sidecar.exemplar_size / context_side(width, height, sidecar.context)
        cells, side = search_tiles(self._network, image, template.features, template.fill, (x, y), zoom, widen)
        best, penalty = choose(cells, (width * zoom, height * zoom), self._weights)
        score = float(cells.scores[best])
        if not math.isfinite(score):
            raise ModelError("the siamese network gave a score that is no number; export it again, or fetch it again")
        share = self._weights.smoothing * score * float(penalty[best])
        proposal, row, column = best
        dx, dy, new_width, new_height = cells.boxes[:, proposal, row, column] / zoom
        size = (1 - share) * np.array((width, height)) + share * np.array((new_width, new_height))
        scores, proposed = best_of_each_cell(cells)
        boxes = proposed.reshape(4, -1).T / zoom + (x, y, 0, 0)
        return Response(
            box=_inside(np.array((x + dx, y + dy, *size)), image, self._settings.smallest_px),
            score=min(max(score, 0.0), 1.0),
            score_map=scores,
            boxes=cxcywh_to_xyxy(boxes).reshape(*scores.shape, 4),
            region=square(x, y, side / zoom),
        )


def _inside(box: Float64, image: Image, smallest_px: float) -> Float64:
    """Centre and size as corners: the centre in the image, and no side larger than it."""
    height, width = image.shape[:2]
    limits = np.array((width, height), np.float64)
    centre = np.clip(box[:2], 0, limits)
    size = np.clip(box[2:], np.minimum(smallest_px, limits), limits)
    corners: Float64 = np.concatenate((centre - size / 2, centre + size / 2))
    return corners
