"""Search regions of rendered images with templates of objects that are in them, and of others that are not.

An object's template is from another time, another camera or, seldom, the same image. Several templates share a region:
what one of them has to find, the others have to leave alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mobinet.learning.augmentation import cover, disturb
from mobinet.learning.detector_losses import IGNORED, PADDING
from mobinet.learning.images import LabelledImage
from mobinet.learning.siamese_crops import Jitter, cut_search, cut_template
from mobinet.learning.siamese_network import LEARNT_SIZE
from mobinet.types import Float32, Image, Int64

Flags: TypeAlias = NDArray[np.bool_]

TEMPLATES = 3
"""Templates of a region."""
PRESENT, ABSENT = 0, PADDING
SHIFT_PX, SCALE, STRETCH = 48.0, 0.3, 0.08
TEMPLATE_SHIFT_PX, TEMPLATE_SCALE = 4.0, 0.06

_TEMPLATE_VISIBILITY, _REGION_VISIBILITY = 0.6, 0.35
_LEAST_SIDE_PX, _LEAST_HEIGHT_PX = 8.0, 20.0
_SAME_IMAGE, _SAME_CAMERA = 0.2, 0.65
_NEIGHBOUR, _SAME_KIND = 0.6, 0.7
_COVERED = 0.25
_DISTURBED_REGION, _DISTURBED_TEMPLATE = 0.4, 0.15


class Example(NamedTuple):
    """A region and what is looked for in it.

    Args:
        templates: each ``(127, 127, 3)`` BGR ``uint8``.
        region: ``(191, 191, 3)`` BGR ``uint8``.
        boxes: ``(K, 4)`` float32 xyxy pixels of the region, of each template's object.
        labels: ``(K,)`` PRESENT, ABSENT, or IGNORED for what is hardly to be seen.
    """

    templates: Sequence[Image]
    region: Image
    boxes: Float32
    labels: Int64


class View(NamedTuple):
    """One object in one image: number of the image, place in its lists."""

    image: int
    place: int


class RenderedPairs:
    """Draws examples from images of random worlds.

    Args:
        images: with at least one object that is large and visible enough.
    """

    def __init__(self, images: Sequence[LabelledImage]) -> None:
        self._images = images
        self.views: list[View] = []
        self._templates: dict[str, dict[int, list[View]]] = {}
        for number, image in enumerate(images):
            self._list(number, image)

    def draw(self, draw: np.random.Generator) -> Example:
        """An example; the same for the same state of the generator."""
        view = self.views[int(draw.integers(len(self.views)))]
        image = self._images[view.image]
        around = image.boxes[view.place]
        jitter = Jitter.draw(draw, SHIFT_PX, SCALE, STRETCH)
        region, boxes = cut_search(image.load(), around, image.boxes, LEARNT_SIZE, jitter)
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2
        within = np.all((middles > 0) & (middles < LEARNT_SIZE), axis=1)
        wanted = [image.identities[view.place]]
        wanted += [self._other(view, within, draw) for _ in range(TEMPLATES - 1)]
        found = [_place_of(who, image, boxes, within) for who in wanted]
        templates = [self._template(view, who, draw) for who in wanted]
        places, labels = np.stack([box for box, _ in found]), np.array([label for _, label in found], np.int64)
        return finish(Example(templates, region, places, labels), draw)

    def image(self, draw: np.random.Generator) -> Image:
        """Any image, as a background."""
        return self._images[int(draw.integers(len(self._images)))].load()

    def _list(self, number: int, image: LabelledImage) -> None:
        sides = image.boxes[:, 2:] - image.boxes[:, :2]
        large = (sides >= (_LEAST_SIDE_PX, _LEAST_HEIGHT_PX)).all(axis=1)
        known = self._templates.setdefault(image.world, {})
        for place in np.flatnonzero(large & (image.visibility >= _TEMPLATE_VISIBILITY)).tolist():
            known.setdefault(image.identities[place], []).append(View(number, place))
            self.views.append(View(number, place))

    def _template(self, view: View, identity: int, draw: np.random.Generator) -> Image:
        """Of an object of the view's world."""
        place = self._seen_before(view, identity, draw)
        image = self._images[place.image]
        jitter = Jitter.draw(draw, TEMPLATE_SHIFT_PX, TEMPLATE_SCALE)
        return cut_template(image.load(), image.boxes[place.place], jitter)

    def _seen_before(self, view: View, identity: int, draw: np.random.Generator) -> View:
        image = self._images[view.image]
        views = self._templates[image.world][identity]
        others = [other for other in views if other.image != view.image]
        near = [other for other in others if self._images[other.image].camera == image.camera]
        chance = draw.random()
        if chance < _SAME_IMAGE and len(others) < len(views):
            return next(other for other in views if other.image == view.image)
        chosen = near if near and chance < _SAME_IMAGE + _SAME_CAMERA else others or views
        return chosen[int(draw.integers(len(chosen)))]

    def _other(self, view: View, within: Flags, draw: np.random.Generator) -> int:
        """Identity of another object of the world: often one of the region, often one of the same kind."""
        image = self._images[view.image]
        own = image.identities[view.place]
        known = self._templates[image.world]
        others = [who for who in known if who != own]
        neighbours = {who for who, inside in zip(image.identities, within, strict=True) if inside}
        if draw.random() < _NEIGHBOUR:
            others = [who for who in others if who in neighbours] or others
        elif draw.random() < _SAME_KIND:
            kind = image.labels[view.place]
            others = [who for who in others if self._kind(known[who][0]) == kind] or others
        return others[int(draw.integers(len(others)))] if others else own

    def _kind(self, view: View) -> str:
        return self._images[view.image].labels[view.place]


def _place_of(who: int, image: LabelledImage, boxes: Float32, within: Flags) -> tuple[Float32, int]:
    """Box in the region and label of an object."""
    if who not in image.identities:
        return np.zeros(4, np.float32), ABSENT
    place = image.identities.index(who)
    seen = within[place] and image.visibility[place] >= _REGION_VISIBILITY
    return boxes[place], PRESENT if seen else IGNORED


def finish(example: Example, draw: np.random.Generator) -> Example:
    """What may befall all pictures: mirrored together, something before an object, what cameras do."""
    templates, region, boxes, labels = example
    region = cover(region, boxes[labels == PRESENT], draw, share=_COVERED)
    if draw.random() < _DISTURBED_REGION:
        region = disturb(region, draw)
    templates = [disturb(image, draw) if draw.random() < _DISTURBED_TEMPLATE else image for image in templates]
    if draw.random() < 0.5:
        templates, region = [image[:, ::-1] for image in templates], region[:, ::-1]
        width = region.shape[1]
        boxes = np.column_stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]])
    return Example(templates, region, boxes.astype(np.float32), labels)
