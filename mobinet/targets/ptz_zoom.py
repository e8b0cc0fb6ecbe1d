"""Zoom that keeps a target's height in the picture: slow, with hysteresis, and wider while little is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mobinet.targets.ptz_settings import PtzSettings

_SMOOTHING_S = 0.5
_GAIN = 1.0  # zoom rate for each error of ln(zoom), 1/s
_SETTLED_SHARE = 0.25  # of the band, at which a zoom that has begun ends
_RATE_RISE_S = 0.5  # to the fastest zoom
_SAFE_SHARE = 0.8  # of half the picture, within which the target is kept


@dataclass(frozen=True)
class ZoomView:
    """What the zoom has to hold.

    Args:
        zoom: present one.
        half_angle: half of the picture's height, radians, at zoom 1.
        error: of the camera against the target, radians.
        sigma: standard deviation of where the target is, radians.
        certain: whether the target is surely where its box is.
    """

    zoom: float
    half_angle: float
    error: float
    sigma: float
    certain: bool


class ZoomController:
    """Works on the target's angular height, which does not change with the zoom: its delay cannot make it swing."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """A new target."""
        self._log_height: float | None = None
        self._zooming = False
        self._rate = 0.0

    @property
    def height(self) -> float | None:
        """Of the target, radians; None before it was seen."""
        return None if self._log_height is None else math.exp(self._log_height)

    def observe(self, height: float, seconds: float, whole: bool) -> None:
        """Takes in the target's angular height, ``seconds`` after the last one.

        Args:
            height: radians.
            whole: False where the picture cuts the target, which is then at least as high.
        """
        log_height = math.log(height)
        if self._log_height is None:
            self._log_height = log_height
        elif whole or log_height > self._log_height:
            self._log_height += (1 - math.exp(-seconds / _SMOOTHING_S)) * (log_height - self._log_height)

    def wanted(self, view: ZoomView, settings: PtzSettings) -> float:
        """The zoom to have: for the chosen height, but so that the target stays in the picture."""
        low, high = settings.zoom_limits
        height = self.height
        if height is None:
            return min(max(view.zoom, low), high)
        share = settings.target_height * (1.0 if view.certain else settings.uncertain_height)
        zoom = share * 2 * math.tan(view.half_angle) / height
        reach = abs(view.error) + 2 * view.sigma + height / 2
        zoom = min(zoom, _SAFE_SHARE * math.tan(view.half_angle) / math.tan(min(reach, 1.5)))
        return min(max(zoom, low), high)

    def follow(self, view: ZoomView, settings: PtzSettings, seconds: float) -> float:
        """Growth of ln(zoom) per second after a step of time."""
        gap = math.log(self.wanted(view, settings) / view.zoom)
        band = math.log1p(settings.zoom_band)
        self._zooming = abs(gap) > (band * _SETTLED_SHARE if self._zooming else band)
        return self.move(_GAIN * gap if self._zooming else 0.0, settings, seconds)

    def move(self, wanted: float, settings: PtzSettings, seconds: float) -> float:
        """Growth of ln(zoom) per second after a step of time towards a wanted one."""
        most = settings.zoom_rate
        step = most * seconds / _RATE_RISE_S
        wanted = min(max(wanted, -most), most)
        self._rate = min(max(wanted, self._rate - step), self._rate + step)
        return self._rate
