"""The Rerun view: what reaches a browser, and what is refused."""

from __future__ import annotations

import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mobinet.errors import InputError, MissingDependencyError, SettingsError
from mobinet.geometry import Transform
from mobinet.types import Identity, Track, TrackState
from mobinet.viewing import rerun_view
from mobinet.viewing.colours import identity_colour
from mobinet.viewing.rerun_layout import CameraKey
from mobinet.viewing.rerun_view import RerunSettings, RerunView, merge_identities

sys.path.insert(0, str(Path(__file__).parent))
from browser import CHROMIUM, Browser

SECOND = 1_000_000_000
MAGENTA = (255, 0, 255)
CYAN = (255, 255, 0)


def make_identity(identity_id: str, last_seen_ns: int = 0, x: float = 0.0) -> Identity:
    zeros, ones = np.zeros(3), np.eye(3)
    return Identity(identity_id, (), "person", 0.9, np.array([x, 0, 0]), ones, zeros, ones, (), 0, last_seen_ns)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def image_of(colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((240, 320, 3), colour, np.uint8)


@pytest.fixture
def view() -> Iterator[RerunView]:
    pytest.importorskip("rerun", reason="needs rerun-sdk: pip install rerun-sdk")
    view = RerunView([CameraKey("r1", "front")])
    yield view
    view.close()


def test_the_newest_word_on_an_identity_counts() -> None:
    merged = merge_identities(
        {"r1": [make_identity("b", 5, x=1.0), make_identity("a", 1)], "r2": [make_identity("b", 7, x=2.0)]}
    )
    assert [one.identity_id for one in merged] == ["a", "b"]
    assert merged[1].position[0] == 2.0


def test_a_damaged_image_is_refused(view: RerunView) -> None:
    with pytest.raises(InputError, match="r1/front"):
        view.log_image("r1", "front", 0, np.zeros((2, 2, 4), np.uint8))


@pytest.mark.parametrize("which", ["port", "web_port"])
def test_a_taken_port_is_named(view: RerunView, which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rerun_view, "PORT_WAIT_S", 0.1)
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        ports = {"port": free_port(), "web_port": free_port(), which: taken.getsockname()[1]}
        with pytest.raises(SettingsError, match=str(ports[which])):
            view.serve(**ports)


def test_a_closed_view_frees_its_ports(view: RerunView) -> None:
    port, web_port = free_port(), free_port()
    first = view.serve(port, web_port)
    view.close()
    again = RerunView([CameraKey("r1", "front")])
    assert again.serve(port, web_port) == first
    again.close()


def make_track(track_id: int, box: tuple[float, float, float, float]) -> Track:
    return Track(track_id, np.array(box, np.float32), 0.9, "person", TrackState.CONFIRMED, np.zeros(2), 0, 0, 0)


def test_boxes_end_at_the_image_s_border(view: RerunView, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: dict[str, Any] = {}
    monkeypatch.setattr(view, "_log", lambda path, _stamp_ns, entity: logged.update({path: entity}))
    view.log_image("r1", "front", 0, image_of((0, 0, 0)))
    # half out at the left, wholly out at the right, as a track coasts
    tracks = [make_track(1, (-30, 20, 30, 60)), make_track(2, (330, 20, 360, 60))]
    view.log_tracks("r1", "front", 0, tracks)
    drawn = logged["cameras/r1/front/tracks"]
    assert drawn.half_sizes.as_arrow_array().to_pylist() == [[15.0, 20.0]]
    assert drawn.labels.as_arrow_array().to_pylist() == ["#1 person"]
    view.log_truth("r1", "front", 0, np.array([[310, 0, 400, 40]], np.float32))
    assert logged["cameras/r1/front/truth"].half_sizes.as_arrow_array().to_pylist() == [[5.0, 20.0]]


def test_simulated_time_counts_from_its_beginning(view: RerunView) -> None:
    times: list[tuple[str, Any]] = []
    recording = SimpleNamespace(
        set_time=lambda name, **when: times.append((name, *when)), log=lambda *_: None, flush=lambda: None,
        disconnect=lambda: None,
    )  # fmt: skip
    view._recordings = [recording]
    for stamp_ns in (10_000 * SECOND, 1_795_000_000 * SECOND):
        view.log_metrics("r1", "front", stamp_ns, 5.0, 20.0)
    assert times[0] == ("stamp", "duration")
    assert times[-1] == ("stamp", "timestamp")


def test_without_rerun_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rerun", None)
    with pytest.raises(MissingDependencyError, match="pip install 'rerun-sdk'"):
        RerunView([])


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(SettingsError, match="jpeg_quality"):
        RerunSettings(jpeg_quality=0)


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium to look at the page")
def test_a_browser_shows_it_and_follows_a_replay_that_starts_again(view: RerunView) -> None:
    url = view.serve(free_port(), free_port())
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        Browser(Path(profile), 800, 500) as browser,
    ):
        browser.open(url)
        log_scene(view, 100 * SECOND, MAGENTA)
        wait_for(lambda: share_of(browser.picture(), MAGENTA) > 0.05, browser)
        picture = browser.picture()
        # the box of the track in the colour of its identity
        assert share_of(picture, identity_colour("r1-5")[::-1]) > 0.0005
        # 90 s earlier: the browser leaves the old recording
        log_scene(view, 10 * SECOND, CYAN)
        wait_for(lambda: share_of(browser.picture(), CYAN) > 0.05, browser)


def log_scene(view: RerunView, stamp_ns: int, colour: tuple[int, int, int]) -> None:
    track = Track(
        3, np.array([80, 60, 240, 200], np.float32), 0.9, "", TrackState.CONFIRMED, np.zeros(2, np.float32), 0, 0
    )
    view.log_image("r1", "front", stamp_ns, image_of(colour))
    view.log_tracks("r1", "front", stamp_ns, [track], {3: "r1-5"})
    view.log_identities(stamp_ns, [make_identity("r1-5")])
    view.log_robot("r1", stamp_ns, Transform.identity())
    view.log_metrics("r1", "front", stamp_ns, rate_hz=15.0, age_ms=20.0)


def share_of(picture: np.ndarray, colour: tuple[int, ...]) -> float:
    """Part of the pixels that have this BGR colour, JPEG's losses granted."""
    return float((np.abs(picture.astype(int) - np.array(colour)) < 30).all(axis=2).mean())


def wait_for(condition: Callable[[], bool], browser: Browser, limit_s: float = 90.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"not seen within {limit_s} s; the page says {browser.console[-3:]}"
        time.sleep(0.3)
