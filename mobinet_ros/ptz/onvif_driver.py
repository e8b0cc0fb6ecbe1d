"""Network cameras that speak ONVIF (PTZ service, version 2), through the package onvif-python (MIT).

Requests take tens of milliseconds, so that a thread of its own makes them: always the newest command, then, a few times
a second, the status. Rates and positions are those of the generic spaces (ONVIF PTZ Service Specification, section
5.7): rates from -1 to 1 of the fastest, positions from -1 to 1 (zoom 0 to 1) over the camera's range; x counts to the
right, y upwards.
"""

from __future__ import annotations

import math
import os
import threading
import time
from dataclasses import dataclass
from typing import Any

from mobinet.errors import MissingDependencyError, SettingsError, SourceError
from mobinet.settings import check_settings, setting
from mobinet.targets.ptz_base import PtzCommand, PtzState
from mobinet_ros.lifecycle import StageNode
from mobinet_ros.ptz.base import StateCallback

_RETRY_S = 2.0
_MOVE_TIMEOUT_S = 1
_SAME = 0.004  # share of the fastest rate that is not worth a request
_REPEAT_S = 0.4


@dataclass(frozen=True)
class OnvifDriverSettings:
    """How the driver ``onvif`` reaches its camera, and what its generic spaces mean."""

    onvif_host: str = setting("", "driver onvif: address of the camera")
    onvif_port: int = setting(80, "driver onvif: port of its device service", minimum=1, maximum=65535)
    onvif_user: str = setting("", "driver onvif: user; empty for none")
    onvif_password_variable: str = setting(
        "MOBINET_ONVIF_PASSWORD", "driver onvif: environment variable that holds the password"
    )
    onvif_profile: str = setting("", "driver onvif: token of the media profile; empty for the first with PTZ")
    onvif_pan_range_deg: tuple[float, ...] = setting(
        (-180.0, 180.0), "driver onvif: pan at the positions x = 1 and x = -1, degrees", minimum=-360.0, maximum=360.0
    )
    onvif_tilt_range_deg: tuple[float, ...] = setting(
        (-90.0, 90.0), "driver onvif: tilt at the positions y = -1 and y = 1, degrees", minimum=-90.0, maximum=90.0
    )
    onvif_zoom: float = setting(10.0, "driver onvif: zoom at the position 1", minimum=1.0, maximum=100.0)
    onvif_rate_deg: float = setting(
        60.0, "driver onvif: turn at the rate 1, degrees per second", minimum=0.1, maximum=1000.0
    )
    onvif_zoom_rate: float = setting(
        0.5, "driver onvif: growth of ln(zoom) per second at the rate 1", minimum=0.01, maximum=10.0
    )
    onvif_status_rate: float = setting(5.0, "driver onvif: questions for the status, Hz", minimum=0.2, maximum=50.0)

    def __post_init__(self) -> None:
        check_settings(self)
        for name in ("onvif_pan_range_deg", "onvif_tilt_range_deg"):
            values = getattr(self, name)
            if len(values) != 2 or values[0] >= values[1]:
                raise SettingsError(f"{name}: expected two numbers, the lesser first, got {list(values)}")


class OnvifCamera:
    """The camera's PTZ service, in radians; each call is one request.

    Raises:
        MissingDependencyError: onvif-python is not installed.
        SourceError: the camera does not answer, refuses, or has no profile with PTZ.
    """

    def __init__(self, settings: OnvifDriverSettings) -> None:
        self._settings = settings
        onvif = _import_onvif()
        self._errors = (onvif.ONVIFOperationException,)
        user = settings.onvif_user or None
        password = os.environ.get(settings.onvif_password_variable) if user else None
        try:
            client = onvif.ONVIFClient(
                settings.onvif_host, settings.onvif_port, user, password, timeout=3, cache=onvif.CacheMode.MEM
            )
            self._ptz = client.ptz()
            self._profile = self._choose(client.media().GetProfiles())
        except self._errors as error:
            raise self._failed("connecting", error) from error

    def turn(self, command: PtzCommand) -> None:
        """``ContinuousMove``, which the camera ends by itself when nothing follows."""
        x, y, zoom = self.shares(command)
        velocity = {"PanTilt": {"x": x, "y": y}, "Zoom": {"x": zoom}}
        self._call("ContinuousMove", Velocity=velocity, Timeout=f"PT{_MOVE_TIMEOUT_S}S")

    def shares(self, command: PtzCommand) -> tuple[float, float, float]:
        """A command in the generic velocity spaces: -1 to 1 of x (to the right), y (up) and zoom."""
        fastest = math.radians(self._settings.onvif_rate_deg)
        rates = (
            -command.pan_rate / fastest,
            command.tilt_rate / fastest,
            command.zoom_rate / self._settings.onvif_zoom_rate,
        )
        x, y, zoom = (min(max(rate, -1.0), 1.0) for rate in rates)
        return x, y, zoom

    def halt(self) -> None:
        """``Stop`` of all axes."""
        self._call("Stop", PanTilt=True, Zoom=True)

    def state(self, stamp_ns: int) -> PtzState | None:
        """``GetStatus``; ``None`` from a camera that does not know where it looks."""
        position = getattr(self._call("GetStatus"), "Position", None)
        turn = getattr(position, "PanTilt", None)
        if turn is None:
            return None
        settings = self._settings
        pan = _within(settings.onvif_pan_range_deg, -float(turn.x))
        tilt = _within(settings.onvif_tilt_range_deg, float(turn.y))
        zoom = getattr(position, "Zoom", None)
        share = 0.0 if zoom is None else min(max(float(zoom.x), 0.0), 1.0)
        return PtzState(stamp_ns, pan, tilt, 1.0 + share * (settings.onvif_zoom - 1.0))

    def _choose(self, profiles: list[Any]) -> str:
        wanted = self._settings.onvif_profile
        tokens = [str(p.token) for p in profiles if getattr(p, "PTZConfiguration", None) is not None]
        if (wanted and wanted not in tokens) or not tokens:
            raise SourceError(
                f"onvif camera {self._settings.onvif_host}: expected "
                f"{f'the profile {wanted!r}' if wanted else 'a profile'} with PTZ, it has {tokens or 'none'}; "
                "set onvif_profile, or set PTZ up in the camera"
            )
        return wanted or tokens[0]

    def _call(self, operation: str, **arguments: Any) -> Any:
        try:
            return getattr(self._ptz, operation)(ProfileToken=self._profile, **arguments)
        except self._errors as error:
            raise self._failed(operation, error) from error

    def _failed(self, operation: str, error: Exception) -> SourceError:
        where = f"{self._settings.onvif_host}:{self._settings.onvif_port}"
        return SourceError(
            f"onvif camera {where}: {operation} failed: {error}; check address, user and "
            f"{self._settings.onvif_password_variable}, and that ONVIF is switched on in the camera"
        )


class OnvifDriver:
    """Talks to the camera in a thread; what is not sent when the next command comes is not sent at all.

    Args:
        on_state: gets each status, in the node's time at the middle of its request.

    Raises:
        MissingDependencyError: onvif-python is not installed.
        SettingsError: no host.
    """

    def __init__(self, node: StageNode, settings: OnvifDriverSettings, on_state: StateCallback) -> None:
        if not settings.onvif_host:
            raise SettingsError("onvif_host: expected the address of the camera, got nothing; set it")
        _import_onvif()
        self._node, self._settings, self._on_state = node, settings, on_state
        self._changed = threading.Condition()
        self._newest: PtzCommand | None = None
        self._halts = self._ends = False
        self._thread = threading.Thread(target=self._run, name="onvif", daemon=True)
        self._thread.start()

    def send(self, command: PtzCommand) -> None:
        with self._changed:
            self._newest = command
            self._changed.notify()

    def stop(self) -> None:
        with self._changed:
            self._newest, self._halts = None, True
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._ends = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while not self._ends:
            try:
                self._talk(OnvifCamera(self._settings))
            except SourceError as error:
                self._node.report("onvif", str(error))
                with self._changed:
                    self._changed.wait_for(lambda: self._ends, _RETRY_S)

    def _talk(self, camera: OnvifCamera) -> None:
        """Until the end, or an error."""
        period_s, asked_s = 1 / self._settings.onvif_status_rate, 0.0
        sent, sent_s = (0.0, 0.0, 0.0), 0.0
        while True:
            with self._changed:
                wait_s = max(asked_s + period_s - time.monotonic(), 0.0)
                self._changed.wait_for(lambda: self._newest or self._halts or self._ends, wait_s)
                command, self._newest = self._newest, None
                halts, self._halts, ends = self._halts, False, self._ends
            if halts:
                camera.halt()
                sent = (0.0, 0.0, 0.0)
            if ends:
                return
            now_s = time.monotonic()
            if command is not None:
                shares = camera.shares(command)
                moving = any(shares)
                same = max(abs(new - old) for new, old in zip(shares, sent, strict=True)) < _SAME
                if (not moving and any(sent)) or (moving and (not same or now_s - sent_s > _REPEAT_S)):
                    camera.turn(command) if moving else camera.halt()
                    sent, sent_s = shares, now_s
            if now_s - asked_s >= period_s:
                asked_s = now_s
                self._ask(camera)

    def _ask(self, camera: OnvifCamera) -> None:
        before_ns = self._node.now_ns
        state = camera.state(before_ns)
        if state is not None:
            middle_ns = (before_ns + self._node.now_ns) // 2
            self._on_state(PtzState(middle_ns, state.pan, state.tilt, state.zoom))


def _within(degrees: tuple[float, ...], share: float) -> float:
    """The angle, radians, at a share from -1 to 1 of a range."""
    low, high = (math.radians(value) for value in degrees)
    return low + (min(max(share, -1.0), 1.0) + 1) / 2 * (high - low)


def _import_onvif() -> Any:
    try:
        import onvif
    except ImportError as error:
        raise MissingDependencyError(
            "onvif-python", "driver onvif", "pip install 'mobinet[onvif]', or pip install onvif-python"
        ) from error
    if not hasattr(onvif, "ONVIFClient"):
        raise MissingDependencyError(
            "onvif-python",
            "driver onvif",
            "another package gives the module 'onvif': pip uninstall onvif-zeep onvif-zeep-async, then "
            "pip install onvif-python",
        )
    return onvif
