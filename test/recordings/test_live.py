"""Cameras that die and come back. No device can be had here, so the capture is a fake; streams are real, below."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import pytest

from mobinet.errors import SourceError
from mobinet.recordings import live
from mobinet.recordings.base import SourceImage, SourceSettings
from mobinet.recordings.live import Backoff, Capture, LiveSource, LiveState, open_device
from mobinet.recordings.opencv_log import without_warnings

from .conftest import number_of, numbered_image

QUICK = Backoff(first_s=0.01, longest_s=0.02)


class FakeCapture:
    """Delivers the numbers it is given, then fails."""

    def __init__(
        self, numbers: Iterator[int], period_s: float = 0.0, stamp_ms: Callable[[], float] | None = None
    ) -> None:
        self._numbers = numbers
        self._period_s = period_s
        self._stamp_ms = stamp_ms
        self.released = False

    def read(self) -> tuple[bool, Any]:
        time.sleep(self._period_s)
        number = next(self._numbers, None)
        return (False, None) if number is None else (True, numbered_image(number))

    def get(self, key: int, /) -> float:
        return self._stamp_ms() if key == cv2.CAP_PROP_POS_MSEC and self._stamp_ms else 0.0

    def release(self) -> None:
        self.released = True


def wait_for_image(source: LiveSource) -> SourceImage:
    for _ in range(50):
        try:
            image = source.read()
        except SourceError:
            continue
        assert image is not None
        return image
    raise AssertionError("no image came")


def test_a_camera_that_dies_and_comes_back() -> None:
    alive, dead = threading.Event(), threading.Event()
    captures: list[FakeCapture] = []

    def numbers(value: int) -> Iterator[int]:
        yield value
        dead.wait(5)  # until the test takes the camera away

    def connect() -> Capture:
        if captures and not alive.is_set():
            raise SourceError("no such device")
        captures.append(FakeCapture(numbers(7 if captures else 3)))
        return captures[-1]

    source = LiveSource("front", connect, timeout_s=0.1, backoff=QUICK)
    assert number_of(wait_for_image(source).image) == 3
    assert source.size == (64, 48)

    dead.set()
    with pytest.raises(SourceError, match=r"camera 'front': no image for 0.1 s.*tried again"):
        source.read()
    time.sleep(0.05)
    with pytest.raises(SourceError, match="no such device"):
        source.read()
    assert source.state is LiveState.LOST
    assert captures[0].released

    dead.clear()
    alive.set()
    assert number_of(wait_for_image(source).image) == 7
    assert source.state is LiveState.STREAMING
    dead.set()
    source.close()
    assert source.read() is None


def test_only_the_newest_image_is_kept() -> None:
    delivered, finish = threading.Event(), threading.Event()

    def numbers() -> Iterator[int]:
        yield from range(10)
        delivered.set()
        finish.wait(5)

    source = LiveSource("front", lambda: FakeCapture(numbers()), timeout_s=0.1, backoff=QUICK)
    assert delivered.wait(5)
    newest = source.read()
    assert newest is not None
    assert (newest.index, number_of(newest.image)) == (9, 9)
    with pytest.raises(SourceError, match="connected but silent"):
        source.read()
    finish.set()
    source.close()


def test_images_are_thinned_out_to_the_rate() -> None:
    delivered, finish = threading.Event(), threading.Event()

    def numbers() -> Iterator[int]:
        yield from range(20)
        delivered.set()
        finish.wait(5)

    start = time.monotonic()
    source = LiveSource("front", lambda: FakeCapture(numbers(), 0.01), rate=20.0, timeout_s=0.1, backoff=QUICK)
    assert delivered.wait(5)
    seconds = time.monotonic() - start
    newest = source.read()
    assert newest is not None
    assert newest.index + 1 <= seconds * 20 + 2  # however slow the machine is
    finish.set()
    source.close()


@pytest.mark.parametrize(
    ("age_s", "expected_s"),
    [
        (0.5, 0.5),  # the buffer waited
        (-3.0, 0.0),  # a time in the future is not believed
        (1e6, 0.0),  # nor one of another clock
    ],
)
def test_stamp_is_that_of_the_buffer(age_s: float, expected_s: float) -> None:
    finish = threading.Event()

    def numbers() -> Iterator[int]:
        yield 1
        finish.wait(5)

    capture = FakeCapture(numbers(), stamp_ms=lambda: (time.monotonic() - age_s) * 1e3)
    before_ns = time.time_ns()
    source = LiveSource("front", lambda: capture, buffer_clock=True, timeout_s=5.0, backoff=QUICK)
    image = source.read()
    after_ns = time.time_ns()
    assert image is not None
    assert image.stamp_ns is not None
    assert before_ns - 1_000_000 <= image.stamp_ns + expected_s * 1e9 <= after_ns + 1_000_000
    finish.set()
    source.close()


def test_a_camera_that_hangs_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "CLOSE_TIMEOUT_S", 0.05)
    hangs, come_back, left = threading.Event(), threading.Event(), threading.Event()

    def numbers() -> Iterator[int]:
        hangs.set()
        come_back.wait(4)  # less than a read may take
        left.set()
        yield 1

    capture = FakeCapture(numbers())
    source = LiveSource("front", lambda: capture, backoff=QUICK)
    assert hangs.wait(5)
    source.close()
    assert not left.is_set()
    assert source.read() is None
    come_back.set()
    source._thread.join(5)
    assert capture.released


@pytest.mark.parametrize(("failures", "delay_s"), [(1, 0.5), (2, 1.0), (4, 4.0), (5, 8.0), (6, 10.0), (1000, 10.0)])
def test_backoff_doubles_up_to_its_longest(failures: int, delay_s: float) -> None:
    assert Backoff(0.5, 10.0).delay_s(failures) == delay_s


def test_absent_device_is_named_with_its_cure() -> None:
    source = open_device(SourceSettings("v4l2:/dev/video-absent"))
    with pytest.raises(SourceError, match="v4l2-ctl --list-devices"):
        source.read()
    source.close()
    assert source.size == (0, 0)


needs_log_level = pytest.mark.skipif(
    not hasattr(cv2.utils, "logging"), reason="this build of OpenCV cannot set its log level"
)


@needs_log_level
def test_retries_of_an_absent_device_leave_standard_error_alone(capfd: pytest.CaptureFixture[str]) -> None:
    level = cv2.utils.logging.getLogLevel()
    source = open_device(SourceSettings("v4l2:/dev/video-absent"))
    with pytest.raises(SourceError, match="cannot be opened"):
        source.read()
    source.close()
    assert capfd.readouterr().err == ""
    assert cv2.utils.logging.getLogLevel() == level
    # others' warnings show again
    cv2.VideoCapture("/dev/video-absent", cv2.CAP_V4L2)
    assert "WARN" in capfd.readouterr().err


@needs_log_level
def test_warnings_return_after_the_last_of_several_opens() -> None:
    # two cameras of one process connect at the same time, and end in any order
    level = cv2.utils.logging.getLogLevel()
    first, second = without_warnings(), without_warnings()
    with first:
        second.__enter__()
    assert cv2.utils.logging.getLogLevel() == cv2.utils.logging.LOG_LEVEL_ERROR
    second.__exit__(None, None, None)
    assert cv2.utils.logging.getLogLevel() == level
