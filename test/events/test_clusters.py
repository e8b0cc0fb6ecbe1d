"""Objects before a still camera: how many there are, where, and what is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobinet.boxes import iou_matrix
from mobinet.errors import InputError, SettingsError
from mobinet.events import BackgroundActivityFilter, ClusterDetector, ClusterSettings, Events, Window
from mobinet.types import Detections, Float64

from .moving_points import PERIOD_NS, SIZE, box_of_points, fire, noise, together, window

PERSON = 100.0, 60.0, 124.0, 140.0


def walk(boxes: list[tuple[float, ...]], velocities: list[tuple[float, float]], windows: int) -> list[Detections]:
    """Detections of each window; objects are where their box says at time 0."""
    rng, detector = np.random.default_rng(7), ClusterDetector(*SIZE)
    objects = [box_of_points(box, 300, rng) for box in boxes]
    found = []
    for index in range(windows):
        parts = [fire(points, v, window(index), 1.0, rng) for points, v in zip(objects, velocities, strict=True)]
        found.append(detector.detect(together(*parts, noise(window(index), 0.1, rng)), window(index)))
    return found


def moved(box: tuple[float, ...], velocity: tuple[float, float], windows: int) -> Float64:
    return np.array(box) + np.tile(velocity, 2) * windows * PERIOD_NS * 1e-9


@settings(max_examples=15)
@given(
    places=st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True),
    height=st.integers(24, 70),
    speed=st.integers(-80, 80),
)
def test_separate_objects_are_counted_and_boxed(places: list[int], height: int, speed: int) -> None:
    boxes = [(25.0 + 50 * place, 80.0, 25.0 + 50 * place + height / 2.5, 80.0 + height) for place in places]
    found = walk(boxes, [(0.3 * speed, 0.0)] * len(boxes), 5)[-1]
    truth = np.stack([moved(box, (0.3 * speed, 0.0), 5) for box in boxes])
    overlaps = iou_matrix(truth, found.boxes.astype(np.float64))
    assert len(found) == len(boxes)
    assert (overlaps.max(axis=1) > 0.6).all()


def test_boxes_are_where_a_fast_object_is_at_the_end() -> None:
    velocity = 400.0, 0.0
    box = 20.0, 80.0, 50.0, 150.0
    found = walk([box], [velocity], 6)
    for index in (2, 3, 4, 5):
        truth = moved(box, velocity, index + 1)
        assert len(found[index]) == 1
        # a third of its width, as in 50 ms it goes two thirds
        assert np.abs(found[index].boxes[0] - truth).max() < 10


def test_a_shift_by_whole_cells_shifts_the_boxes() -> None:
    rng = np.random.default_rng(3)
    events = [fire(box_of_points(PERSON, 200, rng), (30, 0), window(index), 1.0, rng) for index in range(5)]
    first, second = ClusterDetector(*SIZE), ClusterDetector(*SIZE)
    for index, each in enumerate(events):
        shifted = Events(each.t_ns, each.x + np.uint16(40), each.y + np.uint16(16), each.polarity)
        here, there = first.detect(each, window(index)), second.detect(shifted, window(index))
        assert np.allclose(there.boxes - here.boxes, (40, 16, 40, 16), atol=1e-3)
        assert np.allclose(here.scores, there.scores)
    assert len(here) == 1


def test_two_that_pass_each_other_stay_two() -> None:
    boxes = [(60.0, 60.0, 90.0, 140.0), (160.0, 64.0, 190.0, 144.0)]
    found = walk(boxes, [(80.0, 0.0), (-80.0, 0.0)], 26)
    # they touch from window 8 to window 16, and are in one place between 12 and 13
    counts = [len(each) for each in found[3:]]
    assert set(counts) <= {1, 2}
    assert counts.count(1) <= 5
    assert np.allclose(np.sort(found[-1].boxes[:, 0]), (160 - 80 * 1.3, 60 + 80 * 1.3), atol=8)


def test_a_person_whose_legs_rest_keeps_its_box_for_a_while() -> None:
    rng, detector = np.random.default_rng(5), ClusterDetector(*SIZE)
    whole, head = box_of_points(PERSON, 300, rng), box_of_points((100, 60, 124, 90), 100, rng)
    for index in range(10):
        detector.detect(fire(whole, (0, 0), window(index), 1.0, rng), window(index))
    found = detector.detect(fire(head, (0, 0), window(10), 1.0, rng), window(10))
    assert len(found) == 1
    assert iou_matrix(found.boxes.astype(float), np.array([PERSON]))[0, 0] > 0.7


def test_head_and_legs_alone_are_one_person() -> None:
    head, legs = (106.0, 60.0, 118.0, 80.0), (100.0, 96.0, 124.0, 140.0)
    found = walk([head, legs], [(20.0, 0.0)] * 2, 5)[-1]
    assert len(found) == 1
    assert iou_matrix(found.boxes.astype(float), moved(PERSON, (20, 0), 5)[None])[0, 0] > 0.8


def test_what_is_slow_shows_in_time() -> None:
    rng, detector = np.random.default_rng(9), ClusterDetector(*SIZE)
    points = box_of_points(PERSON, 300, rng)
    counts = []
    for index in range(130):
        # when the noise is known, 24 events a window on 1900 pixels
        slow = [fire(points, (0, 0), window(index), 0.08, rng)] if index >= 100 else []
        counts.append(len(detector.detect(together(*slow, noise(window(index), 0.02, rng)), window(index))))
    assert sum(counts[:102]) == 0
    assert min(counts[-10:]) >= 1


@pytest.mark.parametrize("rate_hz", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("filtered", [False, True])
def test_noise_is_no_object(rate_hz: float, filtered: bool) -> None:
    rng, detector = np.random.default_rng(1), ClusterDetector(*SIZE)
    activity = BackgroundActivityFilter(*SIZE, 0.01)
    hot = box_of_points((0, 0, 319, 239), 5, rng)
    for index in range(30):
        # five pixels fire 200 times a second
        events = together(noise(window(index), rate_hz, rng), fire(hot, (0, 0), window(index), 10.0, rng))
        events = events[activity.keep(events)] if filtered else events
        assert len(detector.detect(events, window(index))) == 0


def test_what_flickers_in_its_place_is_forgotten() -> None:
    rng, detector = np.random.default_rng(2), ClusterDetector(*SIZE)
    screen = box_of_points((200, 100, 260, 180), 4800, rng)
    found = [
        detector.detect(fire(screen, (0, 0), window(index), 0.02, rng), window(index)).scores.max(initial=0.0)
        for index in range(80)
    ]
    assert max(found[40:]) == 0


def test_answers_repeat_and_reset_forgets() -> None:
    rng = np.random.default_rng(4)
    events = [
        together(fire(box_of_points(PERSON, 200, rng), (50, 0), window(i), 1.0, rng), noise(window(i), 1.0, rng))
        for i in range(6)
    ]
    detector = ClusterDetector(*SIZE)
    runs = []
    for _ in range(2):
        runs.append([detector.detect(each, window(index)) for index, each in enumerate(events)])
        detector.reset()
    for first, second in zip(*runs, strict=True):
        assert np.array_equal(first.boxes, second.boxes)
        assert np.array_equal(first.scores, second.scores)
        assert set(first.class_names) <= {""}


@pytest.mark.parametrize(
    "events",
    [
        Events.empty(),
        Events(np.array([5]), np.array([3]), np.array([4]), np.array([True])),
        # all in one pixel
        Events(np.arange(5000), np.full(5000, 9), np.full(5000, 7), np.ones(5000, bool)),
        # 30 million a second, everywhere
        Events(
            np.arange(1_500_000) * 33,
            np.arange(1_500_000) % 320,
            np.arange(1_500_000) // 320 % 240,
            np.ones(1_500_000, bool),
        ),
    ],
    ids=["none", "one", "one_pixel", "flood"],
)
def test_windows_out_of_the_ordinary(events: Events) -> None:
    detector = ClusterDetector(*SIZE)
    assert len(detector.detect(events, window(0))) == 0
    assert len(detector.detect(Events.empty(), window(1))) == 0


def test_windows_that_go_back_are_refused() -> None:
    detector = ClusterDetector(*SIZE)
    detector.detect(Events.empty(), window(3))
    with pytest.raises(InputError, match="begins at 200000000 ns or later"):
        detector.detect(Events.empty(), window(2))
    with pytest.raises(InputError, match="ends after it begins"):
        detector.detect(Events.empty(), Window(900_000_000, 900_000_000))
    detector.reset()
    detector.detect(Events.empty(), window(0))


def test_events_outside_are_refused() -> None:
    outside = Events(np.array([5]), np.array([320]), np.array([4]), np.array([True]))
    with pytest.raises(InputError, match="outside the sensor of 320 x 240"):
        ClusterDetector(*SIZE).detect(outside, window(0))


@pytest.mark.parametrize("memories", [(), (0.2, 0.1)])
def test_settings_that_make_no_sense(memories: tuple[float, ...]) -> None:
    with pytest.raises(SettingsError, match="rising"):
        ClusterSettings(cluster_memories_s=memories)
