"""The window that obeys commands: where it is, what lens it has, and that it never leaves the picture."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mobinet.camera import CameraModel
from mobinet.errors import SettingsError
from mobinet.recordings.base import SourceImage, SourceSettings
from mobinet.recordings.ptz_window import PtzWindow, PtzWindowSettings
from mobinet.targets.ptz_base import PtzState

WIDE = CameraModel.pinhole(640, 360, math.radians(90))


def window(**given: object) -> PtzWindow:
    source = SourceSettings(source="x", **{"window_width": 160, "window_height": 120, **given})
    return PtzWindow(WIDE, source, PtzWindowSettings(ptz=True))


@pytest.mark.parametrize(
    ("pan", "tilt", "zoom", "expected"),
    [
        (0.0, 0.0, 1.0, (240, 120, 160, 120)),
        # a pinhole of 90 degrees has its edge at 45: half way in tangents
        (math.atan(0.5), 0.0, 1.0, (80, 120, 160, 120)),
        (0.0, 0.0, 2.0, (280, 150, 80, 60)),
        # beyond the edge it stays inside
        (1.5, 1.0, 1.0, (0, 0, 160, 120)),
    ],
)
def test_window_is_around_its_direction(pan: float, tilt: float, zoom: float, expected: tuple[int, ...]) -> None:
    assert tuple(window().window(PtzState(0, pan, tilt, zoom))) == pytest.approx(expected, abs=1)


def test_lens_of_the_window_gives_the_rays_of_the_wide_picture() -> None:
    made = window(width=320, height=240)
    shown = made.window(PtzState(0, 0.2, 0.1, 2.0))
    model = made.model(shown)
    assert (model.width, model.height) == (320, 240)
    middle = WIDE.pixels_to_rays(np.array([[shown.x + (shown.width - 1) / 2, shown.y + (shown.height - 1) / 2]]))
    np.testing.assert_allclose(model.pixels_to_rays(np.array([[159.5, 119.5]])), middle, atol=1e-9)


def test_image_is_that_of_the_time() -> None:
    """A command at zero has moved the window a second later."""
    columns = np.broadcast_to(np.linspace(0, 255, 640).astype(np.uint8)[None, :, None], (360, 640, 3))
    made, taken = window(), SourceImage(0, np.ascontiguousarray(columns), 0)
    before = made.cut(taken, 0)
    made.mount.go_to(0, math.atan(0.5), 0.0, 1.0)
    after = made.cut(taken, 3_000_000_000)
    assert after.image.shape == before.image.shape == (120, 160, 3)
    assert after.image.mean() < before.image.mean() - 50
    assert after.window is not None
    assert after.window.x == pytest.approx(80, abs=2)


def test_ends_of_the_mount_are_the_edges_of_the_picture() -> None:
    limits = window().mount.settings
    assert limits.pan_limits_deg == pytest.approx((-45.0, 45.0), abs=0.2)
    assert limits.tilt_limits_deg == pytest.approx((-29.4, 29.4), abs=0.2)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"window_width": 0, "window_height": 0}, "window_width"),
        ({"window_width": 1000, "window_height": 100}, "at most 640 x 360"),
        ({"window_path": (0.0, 320.0, 180.0, 1.0)}, "window_path"),
    ],
)
def test_windows_that_cannot_be_are_refused(given: dict[str, object], match: str) -> None:
    with pytest.raises(SettingsError, match=match):
        window(**given)
