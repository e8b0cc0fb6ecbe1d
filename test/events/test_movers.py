"""Objects before a camera that moves: exactly what moves by itself."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.boxes import iou_matrix
from mobinet.errors import InputError, SettingsError
from mobinet.events import (
    EventDetectorSettings,
    Events,
    MoverDetector,
    MoverSettings,
    Window,
    make_event_detector,
)
from mobinet.types import Detections, Float64

from .moving_points import PERIOD_NS, SIZE, box_of_points, fire, noise, together, window

PATCH = 120.0, 80.0, 150.0, 160.0
CAMERA = -40.0, 10.0
SHIFT = np.array([[1, 0, CAMERA[0] * 0.05], [0, 1, CAMERA[1] * 0.05], [0, 0, 1.0]])


def drive(
    patches: list[tuple[tuple[float, ...], tuple[float, float]]], motion: Float64 | None, windows: int = 6
) -> list[Detections]:
    """Detections of each window: a scene that shifts, and patches that hide it and move by themselves."""
    rng, detector = np.random.default_rng(3), MoverDetector(*SIZE)
    scene = box_of_points((0, -10, 360, 250), 2500, rng)
    patch_points = [box_of_points(box, 40, rng) for box, _ in patches]
    found = []
    for index in range(windows):
        background = fire(scene, CAMERA, window(index), 4.0, rng)
        for box, velocity in patches:
            background = background[~hidden(background, box, velocity)]
        parts = [
            # an edge fires some times in each pixel that it passes
            fire(points, velocity, window(index), 3 * np.hypot(*velocity) * 0.05, rng)
            for points, (_, velocity) in zip(patch_points, patches, strict=True)
        ]
        found.append(
            detector.detect(together(background, *parts, noise(window(index), 0.1, rng)), window(index), motion)
        )
    return found


def hidden(events: Events, box: tuple[float, ...], velocity: tuple[float, float]) -> np.ndarray:
    """``(N,)`` which events a moving box hides."""
    seconds = events.t_ns * 1e-9
    x, y = events.x - velocity[0] * seconds, events.y - velocity[1] * seconds
    inside: np.ndarray = (x > box[0]) & (y > box[1]) & (x < box[2]) & (y < box[3])
    return inside


def at(box: tuple[float, ...], velocity: tuple[float, float], windows: int) -> Float64:
    return np.array([box]) + np.tile(velocity, 2) * windows * PERIOD_NS * 1e-9


@pytest.mark.parametrize("motion", [None, SHIFT], ids=["sought", "given"])
@pytest.mark.parametrize("velocity", [(120.0, 0.0), (60.0, -60.0), (-200.0, 0.0)])
def test_exactly_the_patch(motion: Float64 | None, velocity: tuple[float, float]) -> None:
    found = drive([(PATCH, velocity)], motion)[-1]
    assert len(found) == 1
    assert iou_matrix(found.boxes.astype(float), at(PATCH, velocity, 6))[0, 0] > 0.5


def test_two_patches() -> None:
    patches = [((60.0, 60.0, 85.0, 130.0), (120.0, 0.0)), ((200.0, 100.0, 230.0, 180.0), (-150.0, 0.0))]
    found = drive(patches, SHIFT, 5)[-1]
    truth = np.concatenate([at(box, velocity, 5) for box, velocity in patches])
    assert len(found) == 2
    assert (iou_matrix(truth, found.boxes.astype(float)).max(axis=1) > 0.5).all()


@pytest.mark.parametrize("motion", [None, SHIFT], ids=["sought", "given"])
def test_a_scene_alone_has_none(motion: Float64 | None) -> None:
    assert [len(found) for found in drive([], motion, 8)] == [0] * 8


def test_a_wrong_motion_is_not_taken_for_movers_everywhere_without_being_given() -> None:
    rng, detector = np.random.default_rng(5), MoverDetector(*SIZE)
    scene = box_of_points((0, -10, 360, 250), 2500, rng)
    counts = [
        len(detector.detect(fire(scene, CAMERA, window(index), 4.0, rng), window(index), None)) for index in range(6)
    ]
    assert counts == [0] * 6


@pytest.mark.parametrize("rate_hz", [0.1, 1.0, 10.0])
def test_noise_is_no_object(rate_hz: float) -> None:
    rng, detector = np.random.default_rng(1), MoverDetector(*SIZE)
    hot = box_of_points((0, 0, 319, 239), 5, rng)
    for index in range(20):
        events = together(noise(window(index), rate_hz, rng), fire(hot, (0, 0), window(index), 10.0, rng))
        assert len(detector.detect(events, window(index))) == 0


def test_answers_repeat() -> None:
    first, second = (drive([(PATCH, (120.0, 0.0))], None) for _ in range(2))
    for here, there in zip(first, second, strict=True):
        assert np.array_equal(here.boxes, there.boxes)
        assert np.array_equal(here.scores, there.scores)


@pytest.mark.parametrize(
    "events",
    [
        Events.empty(),
        Events(np.array([5]), np.array([3]), np.array([4]), np.array([True])),
        Events(np.arange(5000), np.full(5000, 9), np.full(5000, 7), np.ones(5000, bool)),
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
    detector = MoverDetector(*SIZE)
    assert len(detector.detect(events, window(0))) == 0
    for index in (1, 2, 3):
        assert len(detector.detect(Events.empty(), window(index))) == 0


@pytest.mark.parametrize(
    "motion", [np.zeros((3, 3)), np.full((3, 3), np.nan), np.eye(2)], ids=["zeros", "nan", "shape"]
)
def test_motions_that_are_none_are_refused(motion: Float64) -> None:
    with pytest.raises(InputError, match="finite, invertible"):
        MoverDetector(*SIZE).detect(Events.empty(), window(0), motion)


def test_windows_that_go_back_and_events_outside_are_refused() -> None:
    detector = MoverDetector(*SIZE)
    detector.detect(Events.empty(), window(3))
    with pytest.raises(InputError, match="begins at 200000000 ns or later"):
        detector.detect(Events.empty(), window(2))
    with pytest.raises(InputError, match="ends after it begins"):
        detector.detect(Events.empty(), Window(900_000_000, 900_000_000))
    outside = Events(np.array([5]), np.array([320]), np.array([4]), np.array([True]))
    with pytest.raises(InputError, match="outside the sensor"):
        detector.detect(outside, window(4))
    detector.reset()
    detector.detect(Events.empty(), window(0))


def test_settings_without_a_span() -> None:
    with pytest.raises(SettingsError, match="at least one time"):
        MoverSettings(mover_spans_s=())


def test_the_factory_makes_them() -> None:
    settings = MoverSettings(mover_period_s=0.02)
    detector = make_event_detector(EventDetectorSettings("movers"), *SIZE, movers=settings)
    assert detector.class_names == ("",)
    assert detector.window_settings.period_s == 0.02
