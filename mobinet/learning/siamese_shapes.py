"""Examples of things that are nothing: random outlines with random surfaces, seen again before random backgrounds.

A network that only ever saw people and cars follows nothing else. Here a thing is turned, stretched and bent between
its two pictures, and others are beside it, some of which differ from it in colour or outline alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mobinet.learning.detector_losses import IGNORED
from mobinet.learning.siamese_crops import template_side
from mobinet.learning.siamese_network import LEARNT_SIZE, TEMPLATE_SIZE
from mobinet.learning.siamese_pairs import (
    ABSENT,
    PRESENT,
    SCALE,
    SHIFT_PX,
    TEMPLATE_SCALE,
    TEMPLATE_SHIFT_PX,
    TEMPLATES,
    Example,
    finish,
)
from mobinet.types import Float32, Float64, Image

Draw = np.random.Generator

_CANVAS = 160
_OUTLINE = 110.0
_ABSENT_SHARE = 0.2
_LEAST_VISIBILITY = 0.4
_SAME_BACKGROUND = 0.6
_PLAIN_BACKGROUND = 0.25
_LOOK_ALIKE = 0.5
_BENT = 0.5


@dataclass(frozen=True)
class Thing:
    """A surface and where it is.

    Args:
        surface: ``(160, 160, 3)`` BGR ``uint8``.
        mask: ``(160, 160)`` ``uint8``, 255 within the outline.
    """

    surface: Image
    mask: Image

    @property
    def box(self) -> Float32:
        """``(4,)`` xyxy around the outline."""
        x, y, width, height = cv2.boundingRect(self.mask)
        return np.array([x, y, x + width, y + height], np.float32)


def draw_shapes(backdrops: tuple[Image, Image], draw: Draw) -> Example:
    """An example, from two images that stand behind things and lie on some of them."""
    behind = _background(backdrops[0], draw)
    before = behind if draw.random() < _SAME_BACKGROUND else _background(backdrops[1], draw)
    things = [draw_thing(backdrops[1], draw)]
    for _ in range(TEMPLATES - 1):
        again = draw.random() < _LOOK_ALIKE
        things.append(_look_alike(things[0], backdrops[0], draw) if again else draw_thing(backdrops[0], draw))
    templates = [_template(thing, before, draw) for thing in things]
    region, owners = behind, np.full(behind.shape[:2], -1)
    boxes, labels = np.zeros((TEMPLATES, 4), np.float32), np.full(TEMPLATES, ABSENT)
    areas = np.zeros(TEMPLATES)
    for number in draw.permutation(TEMPLATES).tolist():
        if draw.random() < _ABSENT_SHARE:
            continue
        reach = SHIFT_PX if number == 0 else LEARNT_SIZE / 2
        later = _bent(things[number], draw) if draw.random() < _BENT else things[number]
        middle = LEARNT_SIZE / 2 + draw.uniform(-reach, reach, 2)
        region, mask = _put(region, later, _placement(things[number], middle, SCALE, 0.35, draw))
        x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
        boxes[number], areas[number] = (x, y, x + width, y + height), mask.sum()
        owners[mask] = number
    visible = np.array([(owners == number).sum() for number in range(TEMPLATES)]) / np.maximum(areas, 1)
    labels[areas > 0] = np.where(visible >= _LEAST_VISIBILITY, PRESENT, IGNORED)[areas > 0]
    return finish(Example(templates, region, boxes, labels), draw)


def _template(thing: Thing, before: Image, draw: Draw) -> Image:
    top, left = draw.integers(0, LEARNT_SIZE - TEMPLATE_SIZE, 2)
    canvas = before[top : top + TEMPLATE_SIZE, left : left + TEMPLATE_SIZE]
    middle = TEMPLATE_SIZE / 2 + draw.uniform(-TEMPLATE_SHIFT_PX, TEMPLATE_SHIFT_PX, 2)
    return _put(canvas, thing, _placement(thing, middle, TEMPLATE_SCALE, 0.1, draw))[0]


def draw_thing(backdrop: Image, draw: Draw) -> Thing:
    """Of any outline and surface; often of two surfaces, one above the other, as clothes are."""
    surface = _surface(backdrop, draw)
    if draw.random() < 0.5:
        split = int(draw.uniform(0.3, 0.7) * _CANVAS)
        surface[split:] = _surface(backdrop, draw)[split:]
    if draw.random() < 0.4:
        spot = _outline(draw, float(draw.uniform(0.15, 0.5)))
        surface[spot > 0] = _surface(backdrop, draw)[spot > 0]
    return Thing(surface, _outline(draw, 1.0))


def _surface(backdrop: Image, draw: Draw) -> Image:
    kind = draw.random()
    if kind < 0.25:
        return _piece(backdrop, _CANVAS, draw)
    if kind < 0.45:
        return np.asarray(np.full((_CANVAS, _CANVAS, 3), draw.integers(0, 256, 3), np.uint8))
    if kind < 0.8:
        return _clouds(_CANVAS, draw)
    return _stripes(draw)


def _piece(backdrop: Image, size: int, draw: Draw) -> Image:
    height, width = backdrop.shape[:2]
    side = int(draw.uniform(0.2, 1.0) * min(height, width))
    top, left = int(draw.integers(0, height - side + 1)), int(draw.integers(0, width - side + 1))
    part = backdrop[top : top + side, left : left + side]
    return np.asarray(cv2.resize(part, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)


def _clouds(size: int, draw: Draw) -> Image:
    """Colours that change from place to place, softly or in blocks."""
    cells = int(draw.choice([2, 3, 5, 8, 16, 32]))
    spread = float(draw.uniform(10, 80))
    colours = draw.uniform(20, 235, 3) + spread * draw.standard_normal((cells, cells, 1 if draw.random() < 0.5 else 3))
    way = cv2.INTER_NEAREST if draw.random() < 0.3 else cv2.INTER_CUBIC
    grown = cv2.resize(np.clip(colours, 0, 255).astype(np.float32), (size, size), interpolation=way)
    return np.asarray(np.clip(grown, 0, 255), np.uint8)


def _stripes(draw: Draw) -> Image:
    angle, period = draw.uniform(0, np.pi), draw.uniform(6, 50)
    rows, columns = np.mgrid[:_CANVAS, :_CANVAS].astype(np.float32)
    wave = np.sin((np.cos(angle) * columns + np.sin(angle) * rows) * (2 * np.pi / period))
    if draw.random() < 0.3:
        wave = wave * np.sin((np.cos(angle) * rows - np.sin(angle) * columns) * (2 * np.pi / period))
    share = np.clip(0.5 + draw.uniform(0.5, 3) * wave, 0, 1)[..., None]
    return np.asarray(share * draw.uniform(0, 255, 3) + (1 - share) * draw.uniform(0, 255, 3), np.uint8)


def _outline(draw: Draw, size: float) -> Image:
    """A rectangle, an ellipse, a star-shaped polygon, or two of them."""
    mask = np.zeros((_CANVAS, _CANVAS), np.uint8)
    ratio = np.exp(draw.uniform(-0.6, 0.6))
    for _ in range(1 + int(draw.random() < 0.35)):
        extent = size * _OUTLINE / 2 * np.array([ratio, 1 / ratio]) * draw.uniform(0.6, 1.0, 2)
        middle = _CANVAS / 2 + draw.uniform(-0.3, 0.3, 2) * extent
        corners = _corners(draw) * extent @ _turn(float(draw.normal(0, 0.3))).T + middle
        cv2.fillPoly(mask, [np.rint(corners).astype(np.int32)], 255)
    return mask


def _corners(draw: Draw) -> Float64:
    kind = draw.random()
    if kind < 0.25:
        return np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    count = 40 if kind < 0.55 else int(draw.integers(3, 13))
    angles = 2 * np.pi * (np.arange(count) + draw.uniform(0, 1)) / count
    radius = np.ones(count) if kind < 0.55 else draw.uniform(0.35, 1.0, count)
    return np.column_stack([np.cos(angles), np.sin(angles)]) * radius[:, None]


def _turn(angle: float) -> Float64:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _look_alike(thing: Thing, backdrop: Image, draw: Draw) -> Thing:
    """The same outline with another surface, another outline with the same one, or other colours."""
    kind = draw.random()
    if kind < 0.35:
        return Thing(draw_thing(backdrop, draw).surface, thing.mask)
    if kind < 0.6:
        return Thing(thing.surface, _outline(draw, 1.0))
    return Thing(np.ascontiguousarray(np.roll(thing.surface, int(draw.integers(1, 3)), axis=2)), thing.mask)


def _bent(thing: Thing, draw: Draw) -> Thing:
    """As cloth or a walking body: points move smoothly, by up to a tenth of the size."""
    cells = int(draw.integers(3, 6))
    moves = draw.normal(0, 5, (cells, cells, 2)).astype(np.float32)
    moves = cv2.resize(moves, (_CANVAS, _CANVAS), interpolation=cv2.INTER_CUBIC)
    rows, columns = np.mgrid[:_CANVAS, :_CANVAS].astype(np.float32)
    to_x, to_y = columns + moves[..., 0], rows + moves[..., 1]
    surface = cv2.remap(thing.surface, to_x, to_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.remap(thing.mask, to_x, to_y, cv2.INTER_LINEAR)
    return Thing(np.asarray(surface, np.uint8), np.asarray(mask, np.uint8))


def _placement(thing: Thing, middle: Float64, scale: float, angle: float, draw: Draw) -> Float64:
    """``(3, 3)`` from the thing's canvas to a region, in which it gets the size that a tracker would give it."""
    box = thing.box
    factor = TEMPLATE_SIZE / max(template_side(box), 1.0) * np.exp(draw.uniform(-scale, scale))
    stretch = np.exp(draw.uniform(-scale, scale) / 2)
    linear = _turn(float(draw.uniform(-angle, angle))) @ np.diag([factor * stretch, factor / stretch])
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = middle - linear @ ((box[:2] + box[2:]) / 2)
    tilt = np.eye(3)
    tilt[2, :2] = draw.uniform(-1, 1, 2) * scale * 2e-3
    tilt[2, 2] = 1 - tilt[2, :2] @ middle  # the middle stays where it is
    placed: Float64 = tilt @ matrix
    return placed


def _put(canvas: Image, thing: Thing, matrix: Float64) -> tuple[Image, NDArray[np.bool_]]:
    """A copy of the canvas with the thing on it, and where it is there."""
    size = canvas.shape[1], canvas.shape[0]
    surface = cv2.warpPerspective(thing.surface, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpPerspective(thing.mask, matrix, size, flags=cv2.INTER_LINEAR)
    shown = cv2.boundingRect(mask)
    part = np.s_[shown[1] : shown[1] + shown[3], shown[0] : shown[0] + shown[2]]
    share = mask[part][..., None].astype(np.float32) / 255
    mixed = canvas.copy()
    mixed[part] = (canvas[part] + share * (surface[part].astype(np.float32) - canvas[part])).astype(np.uint8)
    return mixed, mask > 127


def _background(backdrop: Image, draw: Draw) -> Image:
    plain = draw.random() < _PLAIN_BACKGROUND
    return _clouds(LEARNT_SIZE, draw) if plain else _piece(backdrop, LEARNT_SIZE, draw)
