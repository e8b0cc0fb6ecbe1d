"""Tracks drawn on the image they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from mobinet.errors import InputError
from mobinet.settings import check_settings, setting
from mobinet.types import Float32, Float64, Frame, Image, Target, TargetState, Track, TrackState
from mobinet.viewing.colours import Rgb, identity_colour, target_colour, text_colour, track_colour
from mobinet.viewing.trails import Trails

Point = tuple[int, int]
_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True)
class OverlaySettings:
    """What the overlay shows."""

    show_class: bool = setting(True, "write the class name behind the id", live=True)
    show_score: bool = setting(False, "write the score in percent behind the class", live=True)
    show_tentative: bool = setting(True, "draw tracks that are not confirmed yet", live=True)
    trail_s: float = setting(2.0, "length of the trail of foot points in seconds", minimum=0.1, maximum=60.0)
    line_px: int = setting(0, "width of the lines in pixels, 0 to fit the image", minimum=0, maximum=20, live=True)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class _Pen:
    """Sizes that fit one image."""

    line: int
    font: float
    dash: int

    @classmethod
    def for_image(cls, image: Image, settings: OverlaySettings) -> _Pen:
        side = min(image.shape[:2])
        line = settings.line_px or max(1, round(side / 300))
        # below 0.38 the strokes of the font run together
        return cls(line, float(np.clip(0.2 + side / 1400, 0.38, 1.5)), 4 + 3 * line)


def draw_overlay(
    image: Image,
    tracks: Sequence[Track],
    identity_names: Mapping[int, str],
    settings: OverlaySettings | None = None,
    trails: Trails[int] | None = None,
    target: Target | None = None,
    target_name: str = "",
) -> Image:
    """A BGR copy of ``image`` with the tracks' boxes, ids, classes, states and trails, and the target.

    Confirmed tracks are drawn solid, coasting ones dashed, tentative ones dashed and thin. The colour is the
    identity's (see ``identity_colour``), pale while a track has none. The target has four corners in the colour of its
    state (see ``target_colour``), the frame of the image has that colour when it is LOST.

    Args:
        image: ``(H, W, 3)`` BGR or ``(H, W)`` grey, uint8; left as it is.
        tracks: boxes in pixels of this image; parts outside are cut off.
        identity_names: identity id by track id, for the tracks that have one.
        settings: what to show.
        trails: recent foot points in pixels by track id.
        target: the chosen object in this image, if there is one.
        target_name: what was asked for, written beside it.

    Returns:
        ``(H, W, 3)`` BGR uint8.

    Raises:
        InputError: the image's shape or type is wrong, a box is not finite.
    """
    settings = settings or OverlaySettings()
    image = Frame(0, "overlay", image).require_image()
    canvas = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image.copy()
    pen = _Pen.for_image(canvas, settings)
    shown = [t for t in tracks if settings.show_tentative or t.state != TrackState.TENTATIVE]
    # nearer objects stand lower in the image: drawn last, their labels stay readable
    shown.sort(key=lambda track: float(track.box[3]))
    for track in shown:
        if not np.isfinite(track.box).all():
            raise InputError(f"track {track.track_id}: box {track.box.tolist()} is not finite; drop such tracks")
        name = identity_names.get(track.track_id)
        colour = identity_colour(name) if name is not None else track_colour(track.track_id)
        if trails is not None:
            _draw_trail(canvas, trails.points(track.track_id), colour, pen)
        _draw_box(canvas, track, colour, pen)
        _draw_label(canvas, track.box, label_text(track, name, settings), colour, pen)
    if target is not None and target.state != TargetState.NONE:
        _draw_target(canvas, target, target_name, pen)
    return canvas


def target_text(target: Target, name: str) -> str:
    """State, what was asked for, and the confidence while it is seen: ``target 7 TRACKING 93%``."""
    words = ["target", name, target.state.name]
    if target.box is not None:
        words.append(f"{100 * target.confidence:.0f}%")
    return " ".join(filter(None, words))


def label_text(track: Track, identity_name: str | None, settings: OverlaySettings) -> str:
    """The identity, or ``#`` and the track id, then class and score as the settings ask."""
    words = [identity_name if identity_name is not None else f"#{track.track_id}"]
    if settings.show_class and track.class_name:
        words.append(track.class_name)
    if settings.show_score:
        words.append(f"{100 * track.score:.0f}%")
    return " ".join(words)


def _draw_target(canvas: Image, target: Target, name: str, pen: _Pen) -> None:
    colour, height, width = target_colour(target.state), canvas.shape[0], canvas.shape[1]
    if target.box is None:
        box = np.array([0, 0, width - 1, height - 1], np.float64)
        cv2.rectangle(canvas, (0, 0), (width - 1, height - 1), colour[::-1], 4 * pen.line)
        _draw_label(canvas, box, target_text(target, name), colour, pen)
        return
    low, high = _corners(canvas, target.box)
    reach = 0.3 * np.subtract(high, low)
    for x, inward_x in ((low[0], reach[0]), (high[0], -reach[0])):
        for y, inward_y in ((low[1], reach[1]), (high[1], -reach[1])):
            ends = (_pixel(np.array([x + inward_x, y])), _pixel(np.array([x, y + inward_y])))
            for end in ends:
                cv2.line(canvas, (x, y), end, colour[::-1], 3 * pen.line)
    # below the box, where no track's label is; a line of text is about 30 pixels high at size 1
    below = np.tile((target.box[0], target.box[3] + 6 * pen.line + 30 * pen.font), 2)
    _draw_label(canvas, below, target_text(target, name), colour, pen)


def _draw_box(canvas: Image, track: Track, colour: Rgb, pen: _Pen) -> None:
    low, high = _corners(canvas, track.box)
    if track.state == TrackState.CONFIRMED:
        cv2.rectangle(canvas, low, high, colour[::-1], pen.line)
        return
    width = pen.line if track.state == TrackState.COASTING else max(1, pen.line // 2)
    dash = pen.dash if track.state == TrackState.COASTING else max(2, pen.dash // 2)
    corners = [low, (high[0], low[1]), high, (low[0], high[1])]
    for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
        _draw_dashes(canvas, start, end, colour, width, dash)


def _draw_dashes(canvas: Image, start: Point, end: Point, colour: Rgb, width: int, dash: int) -> None:
    first, last = np.array(start, np.float64), np.array(end, np.float64)
    length = float(np.linalg.norm(last - first))
    count = max(1, int(length / (2 * dash)))
    along = (last - first) / count
    for index in range(count):
        begin = first + index * along
        half = begin + along * 0.5
        cv2.line(canvas, _pixel(begin), _pixel(half), colour[::-1], width)


def _draw_trail(canvas: Image, points: Float64, colour: Rgb, pen: _Pen) -> None:
    if len(points) == 0:
        return
    limit = 4 * max(canvas.shape)
    pixels = np.clip(np.round(points), -limit, limit).astype(np.int32)
    cv2.polylines(canvas, [pixels.reshape(-1, 1, 2)], False, colour[::-1], pen.line, cv2.LINE_AA)
    cv2.circle(canvas, _pixel(pixels[-1]), 2 * pen.line, colour[::-1], cv2.FILLED, cv2.LINE_AA)


def _draw_label(canvas: Image, of: Float32 | Float64, text: str, colour: Rgb, pen: _Pen) -> None:
    text = text.encode("ascii", "replace").decode()  # the font has no other letters
    thickness = max(1, round(pen.font * 1.8))
    (width, height), descent = cv2.getTextSize(text, _FONT, pen.font, thickness)
    pad = pen.line + 1
    low, _ = _corners(canvas, of)
    left = int(np.clip(low[0], 0, max(0, canvas.shape[1] - width - 2 * pad)))
    bottom = int(np.clip(low[1], height + descent + 2 * pad, max(canvas.shape[0], height + descent + 2 * pad)))
    top = bottom - height - descent - 2 * pad
    cv2.rectangle(canvas, (left, top), (left + width + 2 * pad, bottom), colour[::-1], cv2.FILLED)
    origin = (left + pad, bottom - descent - pad)
    cv2.putText(canvas, text, origin, _FONT, pen.font, text_colour(colour)[::-1], thickness, cv2.LINE_AA)


def _corners(canvas: Image, of: Float32 | Float64) -> tuple[Point, Point]:
    """The box in whole pixels, kept near the image: OpenCV overflows on far coordinates."""
    height, width = canvas.shape[:2]
    low = np.array([-width, -height])
    box = np.clip(np.round(of), np.tile(low, 2), np.tile(-2 * low, 2)).astype(int)
    return _pixel(box[:2]), _pixel(box[2:])


def _pixel(point: Float64) -> Point:
    return round(float(point[0])), round(float(point[1]))
