"""Cameras and streams as sources: always the newest image, and reconnection when one dies."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import cv2
import numpy as np

from mobinet.errors import SourceError
from mobinet.recordings.base import SourceImage, SourceSettings
from mobinet.recordings.opencv_log import without_warnings
from mobinet.types import Image

OPEN_TIMEOUT_MS = 5000
READ_TIMEOUT_MS = 5000
CLOSE_TIMEOUT_S = 2.0
# OpenCV gives some drivers' buffers times that are not of the monotonic clock; such ages are not believed.
OLDEST_BUFFER_S = 2.0


class Capture(Protocol):
    """The part of ``cv2.VideoCapture`` that is used."""

    def read(self) -> tuple[bool, Any]: ...

    def get(self, key: int, /) -> float: ...

    def release(self) -> None: ...


class LiveState(Enum):
    """Where a camera is between its deaths."""

    CONNECTING = "connecting"
    STREAMING = "streaming"
    LOST = "lost"


@dataclass(frozen=True)
class Backoff:
    """How long to wait before the next attempt to reconnect, seconds: doubled after each failure."""

    first_s: float = 0.5
    longest_s: float = 10.0

    def delay_s(self, failures: int) -> float:
        """After the given number of failures in a row, from 1."""
        return min(self.first_s * 2.0 ** min(failures - 1, 30), self.longest_s)


class LiveSource:
    """The newest image of a camera, read by a thread of its own so that no old ones pile up.

    Args:
        name: for messages.
        connect: opens the camera; raises SourceError.
        rate: images per second to thin out to, 0 for all.
        buffer_clock: whether the camera tells when an image was taken (V4L2: milliseconds of the monotonic clock).
        timeout_s: how long ``read`` waits for an image.
        backoff: pause between attempts to connect.
    """

    live = True

    def __init__(
        self,
        name: str,
        connect: Callable[[], Capture],
        rate: float = 0.0,
        *,
        buffer_clock: bool = False,
        timeout_s: float = 1.0,
        backoff: Backoff | None = None,
    ) -> None:
        self.rate = rate
        self.size = (0, 0)
        self.state = LiveState.CONNECTING
        self._name = name
        self._connect = connect
        self._buffer_clock = buffer_clock
        self._timeout_s = timeout_s
        self._backoff = backoff or Backoff()
        self._start_ns = time.monotonic_ns()
        self._due_s = 0.0
        self._count = 0
        self._failures = 0
        self._newest: SourceImage | None = None
        self._problem = "it has not answered yet"
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"camera {name}", daemon=True)
        self._thread.start()

    def read(self) -> SourceImage | None:
        """The newest image that was not read yet, waiting for one; ``None`` only after ``close``.

        Raises:
            SourceError: none came in time. The camera goes on being tried: read again.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._stopping.is_set(), self._timeout_s)
            if self._stopping.is_set():
                return None
            newest, self._newest = self._newest, None
            state, problem = self.state, self._problem
        if newest is None:
            reason = "it is connected but silent" if state is LiveState.STREAMING else problem
            raise SourceError(
                f"camera '{self._name}': no image for {self._timeout_s:g} s, {reason}; check its cable, power "
                "or address; it is tried again until it comes back"
            )
        return newest

    def close(self) -> None:
        """Ends the reading; a camera that hangs inside a read is left to its thread, which releases it later."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join(timeout=CLOSE_TIMEOUT_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                capture = self._connect()
            except SourceError as error:
                self._lost(str(error))
            else:
                try:
                    self._stream(capture)
                finally:
                    capture.release()
                self._lost("it stopped delivering")
            self._stopping.wait(self._backoff.delay_s(self._failures))

    def _stream(self, capture: Capture) -> None:
        while not self._stopping.is_set():
            found, image = capture.read()
            now_ns = time.monotonic_ns()
            if not found or image is None:
                return
            self._failures = 0
            if self._is_due(now_ns):
                self._keep(np.asarray(image, np.uint8), now_ns - self._age_ns(capture, now_ns))

    def _keep(self, image: Image, taken_ns: int) -> None:
        stamp_ns = time.time_ns() - (time.monotonic_ns() - taken_ns)
        with self._changed:
            self.state = LiveState.STREAMING
            self.size = (image.shape[1], image.shape[0])
            self._newest = SourceImage(self._count, image, max(taken_ns - self._start_ns, 0), None, stamp_ns)
            self._count += 1
            self._changed.notify_all()

    def _lost(self, problem: str) -> None:
        self._failures += 1
        with self._changed:
            self.state = LiveState.LOST
            self._problem = problem

    def _is_due(self, now_ns: int) -> bool:
        """Thins the images out to the rate, evenly on average."""
        now_s = now_ns * 1e-9
        # a quarter early is on time: a camera that runs at just this rate jitters
        if self.rate and now_s < self._due_s - 0.25 / self.rate:
            return False
        self._due_s = max(self._due_s + 1 / self.rate, now_s) if self.rate else now_s
        return True

    def _age_ns(self, capture: Capture, now_ns: int) -> int:
        if not self._buffer_clock:
            return 0
        age_ns = now_ns - int(capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
        return age_ns if 0 <= age_ns <= OLDEST_BUFFER_S * 1e9 else 0


def open_device(settings: SourceSettings) -> LiveSource:
    """A V4L2 camera; its width, height and rate are asked for, and whatever it grants is delivered."""
    match = re.fullmatch(r"v4l2:(\d+|/.+)|(/dev/.+)", settings.source)
    if match is None:
        raise SourceError(f"'{settings.source}' is no V4L2 device; give '/dev/video0' or 'v4l2:0'")
    device = match[1] or match[2]

    def connect() -> Capture:
        with without_warnings():
            capture = cv2.VideoCapture(int(device) if device.isdigit() else device, cv2.CAP_V4L2)
        if not capture.isOpened():
            raise SourceError(
                f"'{settings.source}' cannot be opened; see which cameras there are with 'v4l2-ctl --list-devices', "
                "that no other program uses it and that you are in the group 'video'"
            )
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        for key, wanted in ((cv2.CAP_PROP_FRAME_WIDTH, settings.width), (cv2.CAP_PROP_FRAME_HEIGHT, settings.height)):
            if wanted and not settings.window_width:
                capture.set(key, wanted)
        if settings.rate:
            capture.set(cv2.CAP_PROP_FPS, settings.rate)
        return capture

    return LiveSource(settings.source, connect, settings.rate, buffer_clock=True)


def open_stream(settings: SourceSettings) -> LiveSource:
    """A stream by its address (RTSP, HTTP), through FFmpeg; RTSP over TCP, since lost packets smear images."""
    # a name and password in the address do not belong into logs
    name = re.sub(r"//[^/@]*@", "//", settings.source)
    # these options hold for the whole process: "fflags;nobuffer" would cost video files their first images
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")

    def connect() -> Capture:
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_TIMEOUT_MS]
        with without_warnings():
            capture = cv2.VideoCapture(settings.source, cv2.CAP_FFMPEG, limits)
        if not capture.isOpened():
            raise SourceError(f"stream '{name}' cannot be opened; check its address, password and network")
        return capture

    return LiveSource(name, connect, settings.rate)
