from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.errors import InputError, SettingsError, SourceError
from mobinet.recordings.base import SeekableSource
from mobinet.recordings.recorded import RecordedSource
from mobinet.recordings.sources import SourceSettings, is_live, open_source
from mobinet.types import Image

from .conftest import COUNT, RATE, number_of


def open_recording(path: Path, **settings: object) -> SeekableSource:
    source = open_source(SourceSettings(str(path), **settings))  # type: ignore[arg-type]
    assert isinstance(source, SeekableSource)
    return source


def test_video_delivers_every_image_once_at_its_own_rate(video: Path) -> None:
    source = open_recording(video)
    assert (source.rate, source.size, source.live) == (RATE, (64, 48), False)
    seen = [source.read() for _ in range(COUNT)]
    assert [number_of(s.image) for s in seen if s] == list(range(COUNT))
    assert [s.offset_ns for s in seen if s] == [index * 100_000_000 for index in range(COUNT)]
    assert source.read() is None
    source.close()


def test_a_set_rate_plays_all_images_faster(video: Path) -> None:
    source = open_recording(video, rate=40.0)
    second = [source.read(), source.read()][1]
    assert second is not None
    assert (second.index, second.offset_ns) == (1, 25_000_000)


@pytest.mark.parametrize("positions", [[0, 0, 5, 29], [29, 0], [10, 3, 3, 20]], ids=["forward", "back", "mixed"])
def test_images_are_found_by_number(video: Path, positions: list[int]) -> None:
    source = open_recording(video)
    found = [source.image_at(position) for position in positions]
    assert [number_of(image.image) for image in found if image] == positions


def test_loop_goes_on_over_the_end(video: Path) -> None:
    source = open_recording(video, loop=True)
    seen = [source.read() for _ in range(COUNT + 3)]
    assert [(s.index, number_of(s.image)) for s in seen[-3:] if s] == [(0, 0), (1, 1), (2, 2)]
    assert seen[-1] is not None
    assert seen[-1].offset_ns == (COUNT + 2) * 100_000_000  # time does not jump back


def test_loop_is_found_by_a_far_position_before_the_end_was_seen(video: Path) -> None:
    image = open_recording(video, loop=True).image_at(2 * COUNT + 7)
    assert image is not None
    assert (image.index, number_of(image.image)) == (7, 7)


def test_position_past_the_end_and_negative(video: Path) -> None:
    source = open_recording(video)
    assert source.image_at(COUNT) is None
    with pytest.raises(InputError, match="expected 0 or more"):
        source.image_at(-1)


def test_closed_source_is_at_its_end(video: Path) -> None:
    source = open_recording(video)
    source.close()
    assert source.read() is None


def test_folder_is_sorted_by_number(folder: Path) -> None:
    source = open_recording(folder, rate=5.0)
    numbers = [number_of(image.image) for image in iter(source.read, None)]
    assert numbers == list(range(12))


def test_grey_image_is_delivered_in_three_channels(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((4, 6), 77, np.uint8))
    image = open_recording(tmp_path, rate=1.0).read()
    assert image is not None
    assert image.image.shape == (4, 6, 3)
    assert (image.image == 77).all()


def test_resize_keeps_the_shape_when_one_side_is_given(video: Path) -> None:
    source = open_recording(video, width=32)
    image = source.read()
    assert image is not None
    assert (source.size, image.image.shape, image.window) == ((32, 24), (24, 32, 3), (0, 0, 64, 48))


def test_missing_source_names_what_can_be_given(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"does not exist; expected a video file, a folder of images"):
        open_recording(tmp_path / "absent.mp4")


@pytest.mark.parametrize("content", [b"", b"this is text, not a video" * 50], ids=["empty", "text"])
def test_file_that_is_no_video(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"cannot be opened.*convert"):
        open_recording(path)


def test_truncated_video_delivers_its_head_then_says_so(video: Path) -> None:
    data = video.read_bytes()
    video.write_bytes(data[: len(data) // 2])
    source = open_recording(video)
    first = source.read()
    assert first is not None
    assert number_of(first.image) == 0
    with pytest.raises(SourceError, match=r"breaks off after \d+ of 30 images.*copy or record it again"):
        list(iter(source.read, None))
    assert source.read() is None  # and then it has ended


def test_folder_without_images_and_without_rate(tmp_path: Path, folder: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(SourceError, match="holds no images"):
        open_recording(empty, rate=1.0)
    with pytest.raises(SettingsError, match=r"rate: .* has none of its own"):
        open_recording(folder)


def test_odd_images_of_a_folder_are_named_and_passed(folder: Path) -> None:
    cv2.imwrite(str(folder / "image3.png"), np.zeros((10, 20, 3), np.uint8))
    (folder / "image4.png").write_bytes(b"damaged")
    source = open_recording(folder, rate=1.0)
    assert [number_of(s.image) for s in (source.read(), source.read(), source.read()) if s] == [0, 1, 2]
    with pytest.raises(SourceError, match=r"image3.png' is 20x10, expected 64x48 like 'image0.png'"):
        source.read()
    with pytest.raises(SourceError, match=r"image4.png' cannot be decoded"):
        source.read()
    after = source.read()
    assert after is not None
    assert number_of(after.image) == 5


@pytest.mark.parametrize(
    ("name", "live"),
    [
        ("/dev/video0", True),
        ("v4l2:1", True),
        ("rtsp://user:word@host/stream", True),
        ("http://host/stream.mjpg", True),
        ("video.mp4", False),
        ("/data/rtsp", False),
    ],
)
def test_cameras_are_told_from_recordings(name: str, live: bool) -> None:
    assert is_live(name) is live


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rate": -1.0}, "rate: -1.0 is out of range"),
        ({"window_width": 10}, "set both"),
        ({"window_path": (0.0, 1.0, 2.0, 1.0)}, "needs a window"),
        ({"window_width": 4, "window_height": 4, "window_path": (0.0, 1.0, 2.0)}, "four numbers a keyframe"),
        ({"window_width": 4, "window_height": 4, "window_path": (1.0, 2.0, 2.0, 1.0) * 2}, "times that grow"),
        ({"window_width": 4, "window_height": 4, "window_path": (1.0, 2.0, 2.0, 0.0)}, "zooms above 0"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        SourceSettings("video.mp4", **settings)  # type: ignore[arg-type]


class Numbers:
    """A sequence that learns its length at its end, like a video."""

    size = (1, 1)

    def __init__(self, length: int) -> None:
        self.length = length
        self.count: int | None = None

    def image(self, index: int) -> Image | None:
        if index >= self.length:
            self.count = self.length
            return None
        return np.full((1, 1, 3), index, np.uint8)

    def close(self) -> None: ...


@given(length=st.integers(1, 20), positions=st.lists(st.integers(0, 100), max_size=20))
def test_two_sources_of_one_recording_show_the_same_instant(length: int, positions: list[int]) -> None:
    # however they got there: one reads all positions, the other only the last
    first = RecordedSource(Numbers(length), 10.0, loop=True)
    for position in positions:
        image, alone = first.image_at(position), RecordedSource(Numbers(length), 10.0, loop=True).image_at(position)
        assert image is not None
        assert alone is not None
        assert image.index == alone.index == position % length
        assert image.image[0, 0, 0] == image.index


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("name", "rate", "size", "count"),
    [
        ("mot/PETS09-S2L1/vtest_480x360_795.avi", 10.0, (480, 360), 795),
        ("mot/TUD-Campus/TUD-Campus.mp4", 25.0, (640, 480), 71),
        ("sot/tld_05_pedestrian3/pedestrian3.mpg", 25.0, (320, 240), 184),  # its container promises 182
    ],
)
def test_real_recordings(data_dir: Path, name: str, rate: float, size: tuple[int, int], count: int) -> None:
    source = open_recording(data_dir / name)
    assert (source.rate, source.size) == (rate, size)
    assert sum(1 for _ in iter(source.read, None)) == count
