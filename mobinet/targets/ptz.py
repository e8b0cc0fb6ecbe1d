"""Turns a camera after its target: from boxes in images that are late to rates of pan, tilt and zoom.

The target's direction is taken into the frame of the mount with the pan and tilt at the image's own time, so that the
camera's motion does not look like the target's. There it is followed with constant velocity and predicted to the time
at which a command takes effect; the camera is predicted to the same time from the commands on their way. The error
between the two has no delay in it (Smith's predictor), and a fast camera does not swing about its target.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np

from mobinet.camera import CameraModel
from mobinet.errors import InputError
from mobinet.geometry import OPTICAL2BODY
from mobinet.targets.ptz_axis import AxisController, AxisError, AxisLimits
from mobinet.targets.ptz_base import PtzCommand, PtzState, camera2mount, direction_to_angles, wrapped
from mobinet.targets.ptz_history import PtzHistory
from mobinet.targets.ptz_motion import Heading, TargetMotion
from mobinet.targets.ptz_settings import PtzSettings
from mobinet.targets.ptz_zoom import ZoomController, ZoomView
from mobinet.types import Float64, Target, TargetState

_LONGEST_STEP_S = 0.2
_JUMP_NS = 1_000_000_000
_EDGE_PX = 1.5
_HOME_SHARE = 0.5  # of the fastest rate
_NOT_SEEN = (TargetState.NONE, TargetState.OCCLUDED, TargetState.LOST)


class PtzMode(Enum):
    """What the controller does."""

    IDLE = "idle"  # no target was chosen
    FOLLOWING = "following"
    HOLDING = "holding"  # within the dead band
    LOST = "lost"
    HOMING = "homing"


@dataclass(frozen=True)
class PtzReport:
    """What the last command was made from, for diagnostics.

    Args:
        mode: what the controller does.
        pan_error, tilt_error: of the camera against the target when the command takes effect, radians.
        latency_ns: from the newest image to the command.
        wanted_zoom: what the zoom is on its way to.
    """

    mode: PtzMode = PtzMode.IDLE
    pan_error: float = 0.0
    tilt_error: float = 0.0
    latency_ns: int = 0
    wanted_zoom: float = 1.0


class PtzController:
    """Feed it with ``observe`` and ``measure`` as things arrive, and ask for ``command`` at an even rate.

    Args:
        settings: may be replaced while it works (``controller.settings = ...``), but for limits of the mount, picture
            and intrinsics.
    """

    def __init__(self, settings: PtzSettings | None = None) -> None:
        self.settings = settings or PtzSettings()
        self.report = PtzReport()
        self._history = PtzHistory(round(self.settings.actuation * 1e9))
        self._motion = TargetMotion()
        self._pan, self._tilt, self._zoom = AxisController(), AxisController(), ZoomController()
        self._half_angle = math.radians(20.0)
        self._target: Target | None = None
        self._chosen = False
        self._arrived_ns = 0
        self._lost_ns: int | None = None
        self._command: PtzCommand | None = None

    def reset(self) -> None:
        """Forgets the target and what the camera did: time jumped, or another camera."""
        self._history.forget()
        self._forget_target()
        self._pan, self._tilt = AxisController(), AxisController()
        self._command, self._chosen = None, False
        self.report = PtzReport()

    def measure(self, state: PtzState) -> None:
        """Notes where the camera looked at ``state.stamp_ns``."""
        self._history.measure(state)

    def observe(self, target: Target, camera: CameraModel, now_ns: int) -> None:
        """Takes in what is known of the target in an image that arrives at ``now_ns``.

        Args:
            target: a new ``stamp_ns`` each time; NONE gives it up. Without a box, or OCCLUDED, it was not seen: a box
                that was predicted in the image goes along with the camera, which would turn away after it.
            camera: intrinsics of that image, see ``PtzSettings.intrinsics``.

        Raises:
            InputError: a box outside of what the lens can see.
        """
        self._target = target
        self._chosen = target.state is not TargetState.NONE
        if not self._chosen:
            self._forget_target()
        if target.box is None or target.state in _NOT_SEEN:
            return
        shown = self._history.at(target.stamp_ns)
        camera = self._present(camera, shown)
        angles, height = self._place(target.box, camera, shown)
        if not (np.isfinite([*angles, height]).all() and height > 0):
            raise InputError(
                f"target: the box {np.round(target.box, 1).tolist()} has corners that this lens cannot see; check "
                "camera_info"
            )
        if self._motion.stamp_ns is not None and target.stamp_ns - self._motion.stamp_ns > _JUMP_NS:
            self._motion.forget()
        last_ns = self._motion.stamp_ns
        seconds = 0.0 if last_ns is None else (target.stamp_ns - last_ns) * 1e-9
        self._zoom.observe(height, max(seconds, 0.0), _is_whole(target.box, camera))
        settings = self.settings
        self._motion.observe(target.stamp_ns, angles, height, settings.box_noise, settings.target_acceleration)
        self._half_angle = math.atan(camera.height / 2 / (float(camera.matrix[1, 1]) / shown.zoom))
        self._arrived_ns = now_ns

    def command(self, now_ns: int) -> PtzCommand:
        """What to tell the camera now; the same as before where no time has passed since."""
        last = self._command
        if last is not None and (now_ns < last.stamp_ns - _JUMP_NS):
            self.reset()
            last = None
        if last is not None and now_ns <= last.stamp_ns:
            return last
        seconds = 0.02 if last is None else min((now_ns - last.stamp_ns) * 1e-9, _LONGEST_STEP_S)
        self._history.actuation_ns = round(self.settings.actuation * 1e9)
        camera = self._history.at(now_ns + self._history.actuation_ns)
        rates = self._rates(now_ns, camera, seconds)
        goal = PtzState(
            camera.stamp_ns + round(seconds * 1e9),
            camera.pan + rates[0] * seconds,
            camera.tilt + rates[1] * seconds,
            camera.zoom * math.exp(rates[2] * seconds),
        )
        self._command = PtzCommand(now_ns, *rates, goal)
        self._history.command(self._command)
        return self._command

    def _rates(self, now_ns: int, camera: PtzState, seconds: float) -> tuple[float, float, float]:
        if self._followed(now_ns):
            self._lost_ns = None
            return self._follow(now_ns, camera, seconds)
        if self._motion.stamp_ns is not None:
            # a target that comes back may be anywhere, and its old velocity says nothing
            self._motion.forget()
            self._lost_ns = now_ns
        return self._without_target(now_ns, camera, seconds)

    def _followed(self, now_ns: int) -> bool:
        return (
            self._chosen
            and self._motion.stamp_ns is not None
            and now_ns - self._arrived_ns <= self.settings.lost_after * 1e9
        )

    def _follow(self, now_ns: int, camera: PtzState, seconds: float) -> tuple[float, float, float]:
        settings, seen_ns = self.settings, self._motion.stamp_ns
        heading = self._motion.at(camera.stamp_ns)
        errors = (wrapped(float(heading.angles[0]) - camera.pan), float(heading.angles[1]) - camera.tilt)
        picture = 2 * math.atan(math.tan(self._half_angle) / camera.zoom)
        bands = settings.dead_band * picture, settings.settle_band * picture
        gains = settings.gain, settings.integral
        ahead = settings.feed_forward * heading.rates
        pan_limits, tilt_limits = self._limits()
        pan = AxisError(errors[0], float(ahead[0]), *bands)
        tilt = AxisError(errors[1], float(ahead[1]), *bands)
        rates = (
            self._pan.follow(pan, camera.pan, gains, pan_limits, seconds),
            self._tilt.follow(tilt, camera.tilt, gains, tilt_limits, seconds),
        )
        view = self._zoom_view(camera, heading, errors)
        mode = PtzMode.HOLDING if self._pan.resting and self._tilt.resting else PtzMode.FOLLOWING
        self.report = PtzReport(
            mode, *errors, now_ns - (now_ns if seen_ns is None else seen_ns), self._zoom.wanted(view, settings)
        )
        return *rates, self._bounded_zoom(self._zoom.follow(view, settings, seconds), camera, seconds)

    def _zoom_view(self, camera: PtzState, heading: Heading, errors: tuple[float, float]) -> ZoomView:
        certain = self._target is not None and self._target.state in (TargetState.TRACKING, TargetState.REFOUND)
        return ZoomView(camera.zoom, self._half_angle, math.hypot(*errors), heading.sigma, certain)

    def _without_target(self, now_ns: int, camera: PtzState, seconds: float) -> tuple[float, float, float]:
        """Stops, and zooms out or turns home as the settings say."""
        settings = self.settings
        pan_limits, tilt_limits = self._limits()
        lost_s = 0.0 if self._lost_ns is None else (now_ns - self._lost_ns) * 1e-9
        homes = settings.lost == "home" and self._lost_ns is not None and lost_s >= settings.home_after
        widens = settings.lost != "hold" and self._lost_ns is not None and camera.zoom > settings.zoom_limits[0]
        zoom = self._zoom.move(-settings.zoom_rate if widens else 0.0, settings, seconds)
        zoom = self._bounded_zoom(zoom, camera, seconds)
        mode = PtzMode.HOMING if homes else PtzMode.LOST if self._lost_ns is not None else PtzMode.IDLE
        self.report = PtzReport(mode, wanted_zoom=settings.zoom_limits[0] if widens else camera.zoom)
        if not homes:
            pan = self._pan.move(0.0, camera.pan, pan_limits, seconds)
            return pan, self._tilt.move(0.0, camera.tilt, tilt_limits, seconds), zoom
        goal = [math.radians(angle) for angle in settings.home_deg]
        gain = settings.gain * _HOME_SHARE
        pan = self._pan.approach(goal[0], camera.pan, gain, pan_limits, seconds)
        return pan, self._tilt.approach(goal[1], camera.tilt, gain, tilt_limits, seconds), zoom

    def _bounded_zoom(self, rate: float, camera: PtzState, seconds: float) -> float:
        low, high = self.settings.zoom_limits
        slowest = min(math.log(low / camera.zoom), 0.0) / seconds
        fastest = max(math.log(high / camera.zoom), 0.0) / seconds
        return min(max(rate, slowest), fastest)

    def _limits(self) -> tuple[AxisLimits, AxisLimits]:
        settings = self.settings
        most = [math.radians(v) for v in (settings.max_rate_deg, settings.max_acceleration_deg, settings.max_jerk_deg)]
        pan, tilt = (
            [math.radians(angle) for angle in limits] for limits in (settings.pan_limits_deg, settings.tilt_limits_deg)
        )
        return AxisLimits(*pan, *most), AxisLimits(*tilt, *most)

    def _present(self, camera: CameraModel, shown: PtzState) -> CameraModel:
        """The intrinsics at the image's zoom."""
        return camera if self.settings.intrinsics == "present" else camera.zoomed(shown.zoom)

    def _place(self, box: Float64, camera: CameraModel, shown: PtzState) -> tuple[Float64, float]:
        """Pan and tilt that bring the target into the middle, ``(2,)`` radians, and its angular height."""
        x1, y1, x2, y2 = np.asarray(box, np.float64).tolist()
        x, aim = (x1 + x2) / 2, y1 + self.settings.aim * (y2 - y1)
        rays = camera.pixels_to_rays(np.array([[x, aim], [x, y1], [x, y2]]))
        directions = rays @ OPTICAL2BODY.rotation.T
        height = float(np.arccos(np.clip(directions[1] @ directions[2], -1.0, 1.0)))
        if self.settings.picture == "turns":
            directions = camera2mount(shown.pan, shown.tilt).apply(directions)
        return np.array(direction_to_angles(directions[0])), height

    def _forget_target(self) -> None:
        self._motion.forget()
        self._zoom.forget()
        self._lost_ns = None


def _is_whole(box: Float64, camera: CameraModel) -> bool:
    return bool(box[1] > _EDGE_PX and box[3] < camera.height - _EDGE_PX)
