"""Input that a tracker of one object must survive, with the modules behind the network and without.

The matcher sees a bright square in the search region instead of running a network; its template is the brightness.
"""

from __future__ import annotations

import gc
import sys
from itertools import count

import cv2
import numpy as np
import pytest

from mobinet.errors import InputError
from mobinet.targets.base import Response
from mobinet.targets.corrections import make_corrections
from mobinet.targets.history import FrameHistory, HistorySettings
from mobinet.targets.tracker import TargetTracker
from mobinet.types import Frame, TargetState

WIDTH, HEIGHT, SIDE = 64, 48, 8
STEP_NS = 40_000_000
CELLS = 9


class BrightestSquare:
    """A matcher: of 9 x 9 squares around a place, the one is best whose brightness is the template's."""

    def describe(self, image, box):
        return float(brightness(image, np.asarray(box)))

    def search(self, image, template, around, widen=1.0):
        size, middle = np.maximum(around[2:] - around[:2], 1.0), (around[:2] + around[2:]) / 2
        offsets = np.linspace(-1, 1, CELLS) * widen
        centres = middle + np.stack(np.meshgrid(offsets * size[0], offsets * size[1]), axis=-1)
        boxes = np.concatenate((centres - size / 2, centres + size / 2), axis=-1)
        scores = np.exp(-np.abs(brightness(image, boxes) - template) / 40).astype(np.float32)
        # of equal ones the middle one
        nearness = -np.abs(centres - middle).sum(axis=-1) / 1e6
        best = np.unravel_index(int((scores + nearness).argmax()), scores.shape)
        reach = (1 + widen) * size / 2
        region = np.concatenate((middle - reach, middle + reach))
        return Response(boxes[best], float(scores[best]), scores, boxes, region)

    def likeness(self, first, second):
        return float(np.exp(-abs(first - second) / 40))


def brightness(image, boxes):
    """Mean of the pixels in each of ``(..., 4)`` boxes, from an integral image; 0 beside the image."""
    sums = cv2.integral(image[:, :, 0])
    corners = np.round(np.clip(boxes, 0, np.tile(image.shape[1::-1], 2))).astype(int)
    left, top, right, bottom = np.moveaxis(corners, -1, 0)
    inside = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    return inside / np.maximum((right - left) * (bottom - top), 1)


def scene(left: float | None, width: int = WIDTH, height: int = HEIGHT):
    """A square on a dim ground; nothing but the ground for ``None``."""
    image = np.full((height, width, 3), 40, np.uint8)
    if left is not None:
        image[20 : 20 + SIDE, round(left) : round(left) + SIDE] = 220
    return image


def square(left: float) -> list[float]:
    return [left, 20, left + SIDE, 20 + SIDE]


class Stream:
    """Frames of one camera with stamps 40 ms apart."""

    def __init__(self) -> None:
        self._numbers = count()

    def frame(self, image) -> Frame:
        return Frame(next(self._numbers) * STEP_NS, "r1/front", image)

    def skip(self, frames: int) -> None:
        for _ in range(frames):
            next(self._numbers)


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture(params=["network alone", "with modules"])
def tracker(request) -> TargetTracker:
    return make_tracker(request.param == "with modules")


def make_tracker(modules: bool) -> TargetTracker:
    matcher = BrightestSquare()
    return TargetTracker(matcher, make_corrections(matcher) if modules else ())


def check(target) -> None:
    """What must hold of every answer."""
    assert 0.0 <= target.confidence <= 1.0
    assert (target.box is None) == (target.state in (TargetState.NONE, TargetState.LOST))
    if target.box is not None:
        assert np.isfinite(target.box).all()
        assert (target.box[2:] > target.box[:2]).all()


def follow(tracker, stream, images) -> list:
    targets = [tracker.update(stream.frame(image)) for image in images]
    for target in targets:
        check(target)
    return targets


def test_a_square_that_moves_is_followed(tracker, stream):
    # the other tests would mean little if it were not
    tracker.start(stream.frame(scene(20)), square(20))
    last = follow(tracker, stream, [scene(20 + 2 * i) for i in range(10)])[-1]
    assert last.state is TargetState.TRACKING
    assert np.abs(last.box - square(38)).max() <= 1


@pytest.mark.parametrize(
    "box",
    [
        # beside the image, and so far that it overflows
        [100, 20, 110, 30],
        [-30, -30, -10, -10],
        [1e300, 0, 2e300, 10],
        # of no size, inverted, no number, not four
        [20, 20, 20, 30],
        [20, 20, 20, 20],
        [30, 30, 20, 20],
        [np.nan, 20, 30, 30],
        [0, 0, np.inf, 10],
        [20, 20, 30],
        # only a corner is in the image
        [62, 46, 90, 90],
    ],
)
def test_a_box_that_shows_nothing_is_refused(tracker, stream, box):
    with pytest.raises(InputError, match=r"expected|box"):
        tracker.start(stream.frame(scene(20)), box)
    # nothing was chosen
    assert tracker.update(stream.frame(scene(20))).state is TargetState.NONE


def test_a_refused_box_leaves_the_target_that_was_followed(tracker, stream):
    tracker.start(stream.frame(scene(20)), square(20))
    with pytest.raises(InputError):
        tracker.start(stream.frame(scene(20)), [100, 20, 110, 30])
    assert follow(tracker, stream, [scene(20)])[0].state is TargetState.TRACKING


@pytest.mark.parametrize("box", [[-20, -20, 30, 30], [50, 10, 200, 300], [0, 0, WIDTH, HEIGHT], [-1e6, -1e6, 1e6, 1e6]])
def test_a_box_that_reaches_out_is_cut(tracker, stream, box):
    target = tracker.start(stream.frame(scene(20)), box)
    check(target)
    assert (target.box >= 0).all()
    assert (target.box <= [WIDTH, HEIGHT, WIDTH, HEIGHT]).all()
    follow(tracker, stream, [scene(20)] * 5)


@pytest.mark.parametrize("size", [(128, 96), (24, 24), (9, 300), (1, 1)])
def test_an_image_that_changes_its_size(tracker, stream, size):
    tracker.start(stream.frame(scene(40)), square(40))
    follow(tracker, stream, [scene(40)] * 5)
    follow(tracker, stream, [np.full((size[1], size[0], 3), 40, np.uint8)] * 30)
    follow(tracker, stream, [scene(40)] * 30)


@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_images(tracker, stream, level):
    tracker.start(stream.frame(scene(20)), square(20))
    follow(tracker, stream, [scene(20)] * 5)
    follow(tracker, stream, [np.full((HEIGHT, WIDTH, 3), level, np.uint8)] * 60)
    # the lamp is on again
    follow(tracker, stream, [scene(20)] * 30)


def test_a_target_on_a_black_image(tracker, stream):
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    tracker.start(stream.frame(black), square(20))
    follow(tracker, stream, [black] * 20)


def test_the_same_image_again_and_again(tracker, stream):
    tracker.start(stream.frame(scene(20)), square(20))
    targets = follow(tracker, stream, [scene(20)] * 100)
    assert {target.state for target in targets} == {TargetState.TRACKING}
    assert np.abs(targets[-1].box - square(20)).max() < 1


def test_a_frame_given_twice_or_too_late_is_refused_and_harmless(tracker, stream):
    tracker.start(stream.frame(scene(20)), square(20))
    newest = stream.frame(scene(20))
    tracker.update(newest)
    for stamp_ns in (newest.stamp_ns, newest.stamp_ns - 1, 0):
        with pytest.raises(InputError, match="expected a stamp after"):
            tracker.update(Frame(stamp_ns, newest.camera, newest.image))
    assert follow(tracker, stream, [scene(20)])[0].state is TargetState.TRACKING


@pytest.mark.parametrize("seconds", [1, 60, 86_400])
def test_a_stream_that_stopped(tracker, stream, seconds):
    tracker.start(stream.frame(scene(20)), square(20))
    follow(tracker, stream, [scene(20 + 2 * i) for i in range(10)])
    stream.skip(0)
    later_ns = stream.frame(None).stamp_ns + seconds * 10**9
    for number in range(10):
        check(tracker.update(Frame(later_ns + number * STEP_NS, "r1/front", scene(38))))


@pytest.mark.parametrize("image", [None, np.zeros((0, 0, 3), np.uint8), np.zeros((48, 64, 3), np.float32)])
def test_an_image_that_is_none_is_refused_and_harmless(tracker, stream, image):
    tracker.start(stream.frame(scene(20)), square(20))
    with pytest.raises(InputError):
        tracker.update(stream.frame(image))
    assert follow(tracker, stream, [scene(20)])[0].state is TargetState.TRACKING


def test_a_target_that_never_returns_is_said_to_be_lost(stream):
    tracker = make_tracker(modules=True)
    tracker.start(stream.frame(scene(20)), square(20))
    follow(tracker, stream, [scene(20)] * 20)
    states = [target.state for target in follow(tracker, stream, [scene(None)] * 160)]
    assert TargetState.OCCLUDED in states
    assert set(states[120:]) == {TargetState.LOST}


def size_of(thing: object) -> int:
    """Bytes of everything that an object holds, arrays with their data."""
    sizes: dict[int, int] = {}
    waiting = [thing]
    while waiting:
        one = waiting.pop()
        if id(one) in sizes or isinstance(one, type) or callable(one) or type(one).__name__ == "module":
            continue
        sizes[id(one)] = sys.getsizeof(one)
        base = getattr(one, "base", None)
        waiting += [*gc.get_referents(one), *([base] if isinstance(base, np.ndarray) else [])]
    return sum(sizes.values())


def test_memory_is_bounded_while_the_target_does_not_return(stream):
    matcher = BrightestSquare()
    tracker = TargetTracker(matcher, make_corrections(matcher, history=HistorySettings(max_seconds=2.0)))
    tracker.start(stream.frame(scene(20)), square(20))
    follow(tracker, stream, [scene(20)] * 30)
    sizes = []
    for _ in range(3):
        follow(tracker, stream, [scene(None)] * 80)
        sizes.append(size_of(tracker))
    assert sizes[0] > 50 * scene(None).nbytes  # what is kept was found by the sum
    assert max(sizes[1:]) < 1.02 * sizes[0]


def test_an_hour_of_images_keeps_seconds_of_them():
    history = FrameHistory(HistorySettings(max_seconds=2.0))
    image = np.zeros((6, 8, 3), np.uint8)
    most = 0
    for number in range(90_000):
        history.add(Frame(number * STEP_NS, "r1/front", image))
        most = max(most, history.n_bytes)
    assert len(history) == 51
    assert most == 51 * image.nbytes


def test_large_images_keep_within_the_bytes_allowed():
    history = FrameHistory(HistorySettings(max_seconds=60.0, max_bytes=1_000_000))
    for number in range(40):
        history.add(Frame(number * STEP_NS, "r1/front", np.zeros((240, 320, 3), np.uint8)))
    assert history.n_bytes == size_of_images(history) <= 1_000_000
    assert len(history) == 4


def size_of_images(history: FrameHistory) -> int:
    return sum(kept.image.nbytes for kept in history.backwards(1 << 62))
