"""Streams, against a real RTSP server on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from mobinet.errors import SourceError
from mobinet.recordings.base import SourceImage, SourceSettings
from mobinet.recordings.live import Backoff, LiveSource, LiveState, open_stream
from mobinet.recordings.sources import open_source

from .conftest import number_of, numbered_image
from .rtsp_server import RtspServer


def wait_for(source: LiveSource, condition: Callable[[SourceImage], bool], timeout_s: float = 30.0) -> SourceImage:
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s:
        try:
            taken = source.read()
        except SourceError:
            continue
        assert taken is not None
        if condition(taken):
            return taken
    raise AssertionError("no such image came")


def read_many(source: LiveSource) -> None:
    for _ in range(100):
        source.read()


def test_stream_is_received_and_comes_back_after_its_camera_died() -> None:
    server = RtspServer(lambda number: numbered_image(10 + number % 2))
    port = server.port
    source = open_stream(SourceSettings(f"rtsp://user:secret@127.0.0.1:{port}/stream"))
    try:
        first = wait_for(source, lambda taken: taken.index >= 3)
        assert number_of(first.image) in (10, 11)
        assert source.size == (64, 48)
        assert first.stamp_ns is not None
        assert abs(first.stamp_ns - time.time_ns()) < 30e9

        server.close()
        with pytest.raises(SourceError, match="tried again") as caught:
            read_many(source)
        assert "secret" not in str(caught.value)

        server = RtspServer(lambda number: numbered_image(20 + number % 2), port=port)
        again = wait_for(source, lambda taken: number_of(taken.image) >= 20)
        assert again.index > first.index
        assert source.state is LiveState.STREAMING
    finally:
        source.close()
        server.close()


def test_virtual_camera_over_a_stream() -> None:
    server = RtspServer(lambda number: numbered_image(5))
    settings = SourceSettings(f"rtsp://127.0.0.1:{server.port}/stream", window_width=32, window_height=16)
    source = open_source(settings)
    assert source.live
    try:
        taken = None
        for _ in range(30):
            try:
                taken = source.read()
            except SourceError:
                continue
            break
        assert taken is not None
        assert (taken.window, taken.image.shape) == ((16, 16, 32, 16), (16, 32, 3))
    finally:
        source.close()
        server.close()


def test_absent_stream_is_named_without_its_password() -> None:
    source = open_stream(SourceSettings("rtsp://user:secret@127.0.0.1:9/none"))
    time.sleep(Backoff().first_s)
    with pytest.raises(
        SourceError, match=r"stream 'rtsp://127.0.0.1:9/none' cannot be opened; check its address"
    ) as caught:
        source.read()
    assert "secret" not in str(caught.value)
    source.close()
