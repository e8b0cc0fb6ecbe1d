"""A virtual camera that pans, tilts and zooms: a window of a wide picture that follows commands.

The picture stands still, so nothing is warped: pan and tilt say where in it the window's middle is, and the window's
intrinsics are those of the wide camera with the principal point moved. Rays of its pixels are rays of the wide camera.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from mobinet.camera import CameraModel
from mobinet.errors import SettingsError
from mobinet.geometry import OPTICAL2BODY
from mobinet.recordings.base import SourceImage, SourceSettings, Window
from mobinet.settings import check_settings, setting
from mobinet.targets.ptz_base import PtzState, camera2mount, direction_to_angles
from mobinet.targets.ptz_mount import PtzMount, PtzMountSettings
from mobinet.types import Image


@dataclass(frozen=True)
class PtzWindowSettings:
    """Whether the window of a camera obeys commands, and how fast."""

    ptz: bool = setting(
        False, "the window follows ptz/joint_trajectory; needs window_width, window_height and a known lens"
    )
    ptz_zoom: float = setting(4.0, "greatest zoom of the window", minimum=1.0, maximum=100.0)
    ptz_rate_deg: float = setting(90.0, "fastest turn, degrees per second", minimum=0.1, maximum=1000.0)
    ptz_acceleration_deg: float = setting(
        360.0, "greatest change of the rate, degrees per second squared", minimum=0.1, maximum=10_000.0
    )
    ptz_latency: float = setting(0.05, "from a command until the window moves, s", minimum=0.0, maximum=2.0)

    def __post_init__(self) -> None:
        check_settings(self)


class PtzWindow:
    """Cuts the window out of wide images.

    Args:
        model: of the wide camera; its body frame is that of the mount.
        source: the window's size at zoom 1, and the size to deliver.
        settings: how it moves. Its ends are those of the picture, and it never leaves it.

    Raises:
        SettingsError: no window, a path beside commands, a window larger than the picture, or a lens without rays.
    """

    def __init__(self, model: CameraModel, source: SourceSettings, settings: PtzWindowSettings) -> None:
        self._model, self._window = model, (source.window_width, source.window_height)
        if not source.window_width or source.window_path:
            raise SettingsError(
                "ptz: expected window_width and window_height, and no window_path, which would move it too; set them"
            )
        if self._window[0] > model.width or self._window[1] > model.height:
            raise SettingsError(
                f"window_width, window_height: expected at most {model.width} x {model.height} (the lens's picture), "
                f"got {self._window[0]} x {self._window[1]}; make the window smaller"
            )
        self._output = (source.width or self._window[0], source.height or self._window[1])
        self.mount = PtzMount(_mount_settings(model, settings))

    def window(self, state: PtzState) -> Window:
        """The window around a direction, whole pixels; at the picture's edge it stays inside."""
        axis = camera2mount(state.pan, state.tilt).rotation[:, :1].T
        x, y = self._model.project(axis @ OPTICAL2BODY.rotation)[0]
        width = max(round(self._window[0] / state.zoom), 1)
        height = max(round(self._window[1] / state.zoom), 1)
        left = min(max(round(x - (width - 1) / 2), 0), self._model.width - width)
        top = min(max(round(y - (height - 1) / 2), 0), self._model.height - height)
        return Window(left, top, width, height)

    def model(self, window: Window) -> CameraModel:
        """Intrinsics of a window as it is delivered."""
        return self._model.shifted(*window).scaled(*self._output)

    def cut(self, taken: SourceImage, stamp_ns: int) -> SourceImage:
        """The image as the camera shows it at a time; pixels are copied only if their number changes."""
        window = self.window(self.mount.at(stamp_ns))
        part = taken.image[window.y :, window.x :][: window.height, : window.width]
        return replace(taken, image=_resized(part, self._output), window=window)


def _mount_settings(model: CameraModel, settings: PtzWindowSettings) -> PtzMountSettings:
    """The middle of the window may reach the edges of the picture."""
    middle = np.array([(model.width - 1) / 2, (model.height - 1) / 2])
    edges = np.array([[0, middle[1]], [model.width - 1, middle[1]], [middle[0], 0], [middle[0], model.height - 1]])
    directions = model.pixels_to_rays(np.vstack([edges, middle])) @ OPTICAL2BODY.rotation.T
    if not np.isfinite(directions).all():
        raise SettingsError("ptz: this lens has no rays at the edges of its picture; use a smaller picture of it")
    left, right, top, bottom, home = ([math.degrees(a) for a in direction_to_angles(ray)] for ray in directions)
    return PtzMountSettings(
        pan_limits_deg=(right[0], left[0]),
        tilt_limits_deg=(bottom[1], top[1]),
        zoom_limits=(1.0, settings.ptz_zoom),
        max_rate_deg=settings.ptz_rate_deg,
        max_acceleration_deg=settings.ptz_acceleration_deg,
        latency=settings.ptz_latency,
        home_deg=(home[0], home[1]),
    )


def _resized(image: Image, size: tuple[int, int]) -> Image:
    if (image.shape[1], image.shape[0]) == size:
        return image
    way = cv2.INTER_AREA if size[0] < image.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=way), np.uint8)
