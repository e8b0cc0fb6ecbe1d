from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.errors import SettingsError
from mobinet.recordings.base import SeekableSource
from mobinet.recordings.sources import SourceSettings, WindowPath, open_source

SIZE = (200, 100)


def path(*keyframes: tuple[float, float, float, float], width: int = 40, height: int = 20) -> WindowPath:
    flat = tuple(float(value) for keyframe in keyframes for value in keyframe)
    return WindowPath(SourceSettings("x", window_width=width, window_height=height, window_path=flat), SIZE)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, (0, 0, 40, 20)),  # first keyframe
        (-5.0, (0, 0, 40, 20)),  # rests before it
        (5.0, (40, 20, 40, 20)),  # half way
        (10.0, (80, 40, 40, 20)),  # last keyframe
        (99.0, (80, 40, 40, 20)),  # rests after it
    ],
)
def test_window_moves_along_its_keyframes(seconds: float, expected: tuple[int, int, int, int]) -> None:
    assert path((0, 20, 10, 1), (10, 100, 50, 1)).at(seconds) == expected


def test_zoom_two_halves_the_window() -> None:
    assert path((0, 100, 50, 2)).at(0.0) == (90, 45, 20, 10)


def test_window_without_path_rests_in_the_middle() -> None:
    settings = SourceSettings("x", window_width=40, window_height=20)
    assert WindowPath(settings, SIZE).at(3.0) == (80, 40, 40, 20)


def test_motion_is_smooth() -> None:
    # no jump of speed where three keyframes turn round: the second difference stays small against a corner's 8 pixels
    curve = path((0, 20, 50, 1), (10, 100, 50, 1), (20, 20, 50, 1))
    x = np.array([curve.at(t).x for t in np.arange(0, 20, 0.5)])
    assert np.abs(np.diff(x, 2)).max() <= 2
    assert x.max() == 80


@given(
    keyframes=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0.5, 4)), min_size=1, max_size=5),
    seconds=st.floats(-10, 60),
)
def test_window_never_leaves_the_recording(keyframes: list[tuple[float, float, float]], seconds: float) -> None:
    frames = []
    for index, (x, y, zoom) in enumerate(keyframes):
        width, height = 40 / zoom, 20 / zoom
        frames.append((10 * index, width / 2 + x * (200 - width), height / 2 + y * (100 - height), zoom))
    window = path(*frames).at(seconds)
    assert window.x >= 0
    assert window.y >= 0
    assert window.x + window.width <= 200
    assert window.y + window.height <= 100
    assert window.width >= 1
    assert window.height >= 1


@pytest.mark.parametrize(
    "keyframe",
    [(0, 10, 50, 1), (0, 195, 50, 1), (0, 100, 95, 1), (0, 100, 50, 0.1)],
    ids=["left", "right", "low", "wide"],
)
def test_window_outside_of_the_recording_is_refused(keyframe: tuple[float, float, float, float]) -> None:
    with pytest.raises(SettingsError, match=r"the recording is 200x100; move its centre"):
        path(keyframe)


def virtual(folder: Path, **settings: object) -> SeekableSource:
    source = open_source(SourceSettings(str(folder), rate=10.0, **settings))  # type: ignore[arg-type]
    assert isinstance(source, SeekableSource)
    return source


def test_images_are_the_pixels_of_the_window(gradient: Callable[[int], Path]) -> None:
    source = virtual(
        gradient(11), window_width=40, window_height=20, window_path=(0.0, 20.0, 10.0, 1.0, 1.0, 180.0, 90.0, 1.0)
    )
    assert source.size == (40, 20)
    windows = []
    for image in iter(source.read, None):
        assert image.window is not None
        x, y, width, height = image.window
        windows.append(image.window)
        assert image.image.shape == (20, 40, 3)
        assert (image.image[0, 0, 0], image.image[0, 0, 1]) == (x, y)
        assert (image.image[-1, -1, 0], image.image[-1, -1, 1]) == (x + width - 1, y + height - 1)
    assert windows[0] == (0, 0, 40, 20)
    assert windows[-1] == (160, 80, 40, 20)


def test_zoomed_window_is_resized_to_the_camera(gradient: Callable[[int], Path]) -> None:
    image = virtual(gradient(1), window_width=40, window_height=20, window_path=(0.0, 100.0, 50.0, 2.0)).read()
    assert image is not None
    assert image.window == (90, 45, 20, 10)
    assert image.image.shape == (20, 40, 3)
    # the middle of the window is shown in the middle of the image
    assert abs(float(image.image[9:11, 19:21, 0].mean()) - 99.5) < 0.6


def test_window_starts_again_with_the_recording(gradient: Callable[[int], Path]) -> None:
    source = virtual(
        gradient(4),
        loop=True,
        window_width=40,
        window_height=20,
        window_path=(0.0, 20.0, 10.0, 1.0, 0.3, 180.0, 90.0, 1.0),
    )
    first, again = source.image_at(1), source.image_at(5)
    assert first is not None
    assert again is not None
    assert first.window == again.window
    assert again.offset_ns == 500_000_000


def test_two_cameras_of_one_recording_agree_where_they_overlap(gradient: Callable[[int], Path]) -> None:
    folder = gradient(2)
    one = virtual(folder, window_width=100, window_height=100, window_path=(0.0, 60.0, 50.0, 1.0)).image_at(1)
    two = virtual(folder, window_width=100, window_height=100, window_path=(0.0, 110.0, 50.0, 1.0)).image_at(1)
    assert one is not None
    assert two is not None
    np.testing.assert_array_equal(one.image[:, 50:], two.image[:, :50])


def test_size_given_beside_the_window_is_delivered(gradient: Callable[[int], Path]) -> None:
    source = virtual(gradient(1), window_width=40, window_height=20, width=80)
    image = source.read()
    assert image is not None
    assert source.size == (80, 40)
    assert image.image.shape == (40, 80, 3)


@pytest.mark.recordings
def test_virtual_cameras_over_a_real_recording(data_dir: Path) -> None:
    video = data_dir / "mot/PETS09-S2L1/vtest_480x360_795.avi"
    moving = open_source(
        SourceSettings(
            str(video),
            window_width=240,
            window_height=180,
            window_path=(0.0, 120.0, 90.0, 1.0, 10.0, 360.0, 270.0, 1.0),
        )
    )
    whole = open_source(SourceSettings(str(video)))
    assert isinstance(moving, SeekableSource)
    assert isinstance(whole, SeekableSource)
    for position in (0, 50, 100):
        part, full = moving.image_at(position), whole.image_at(position)
        assert part is not None
        assert full is not None
        assert part.window is not None
        x, y, width, height = part.window
        np.testing.assert_array_equal(part.image, full.image[y : y + height, x : x + width])
