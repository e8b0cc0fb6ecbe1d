"""Identities as RViz markers: body, name, uncertainty, trail."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from geometry_msgs.msg import Vector3
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from mobinet.settings import check_settings, setting
from mobinet.types import Float64, Identity
from mobinet.viewing import Trails, identity_colour
from mobinet_ros.conversions import NANOSECONDS, array_to_point, ns_to_duration, stamp_to_ns

# class -> (marker type, length, width, height in metres), the usual size of such a thing
BODIES: dict[str, tuple[int, float, float, float]] = {
    "person": (Marker.CYLINDER, 0.5, 0.5, 1.7),
    "bicycle": (Marker.CUBE, 1.7, 0.6, 1.5),
    "motorcycle": (Marker.CUBE, 2.1, 0.8, 1.5),
    "car": (Marker.CUBE, 4.3, 1.8, 1.5),
    "bus": (Marker.CUBE, 11.0, 2.5, 3.2),
    "truck": (Marker.CUBE, 7.0, 2.5, 3.0),
}
UNKNOWN_BODY = (Marker.CUBE, 0.6, 0.6, 0.6)
SLOWEST_HEADING_M_S = 0.3
FLAT_M = 0.01
LARGEST_ELLIPSE_M = 20.0


@dataclass(frozen=True)
class MarkerSettings:
    """How identities look in RViz."""

    robot: str = setting("", "prefix of the markers' namespaces; empty: the last part of the node's namespace")
    lifetime: float = setting(
        2.0, "a marker that is not renewed vanishes after this time, s", minimum=0.1, maximum=3600.0
    )
    trail_s: float = setting(10.0, "length of the trails, s", minimum=0.1, maximum=600.0)
    sigmas: float = setting(2.0, "size of the ellipse in standard deviations", minimum=0.1, maximum=10.0, live=True)
    text_height: float = setting(0.4, "height of the names, m", minimum=0.05, maximum=10.0, live=True)

    def __post_init__(self) -> None:
        check_settings(self)


class MarkerMaker:
    """Turns each list of identities into markers; remembers which are shown, to delete those that are gone.

    Args:
        robot: prefix of the namespaces, so that the markers of several robots can share a topic.
        settings: how they look.
    """

    def __init__(self, robot: str, settings: MarkerSettings) -> None:
        self.settings = settings
        self._prefix = f"{robot}/" if robot else ""
        self._trails: Trails[str] = Trails(settings.trail_s)
        self._numbers: dict[str, int] = {}
        self._next = 0

    def update(self, header: Header, identities: Sequence[Identity]) -> MarkerArray:
        """Markers of the identities as of ``header``, and deletions of those that were shown before and are gone."""
        present = {identity.identity_id for identity in identities}
        gone = [name for name in self._numbers if name not in present]
        markers = [marker for name in gone for marker in self._deletions(header, self._numbers.pop(name))]
        self._trails.update(stamp_to_ns(header.stamp), {one.identity_id: one.position for one in identities})
        for identity in identities:
            number = self._numbers.get(identity.identity_id)
            if number is None:
                number = self._numbers[identity.identity_id] = self._next
                self._next = (self._next + 1) % 2**31
            markers += self._markers(header, number, identity)
        return MarkerArray(markers=markers)

    def _markers(self, header: Header, number: int, identity: Identity) -> list[Marker]:
        kind, length, width, height = BODIES.get(identity.class_name, UNKNOWN_BODY)
        colour = identity_colour(identity.identity_id)
        body = self._marker(header, "body", number, kind, colour, 0.8)
        body.pose.position = array_to_point(identity.position + np.array([0.0, 0.0, height / 2]))
        body.scale = Vector3(x=length, y=width, z=height)
        _turn(body, heading(identity.velocity))
        name = self._marker(header, "name", number, Marker.TEXT_VIEW_FACING, colour, 1.0)
        name.text = " ".join(word for word in (identity.identity_id, identity.class_name) if word)
        name.scale.z = self.settings.text_height
        name.pose.position = array_to_point(identity.position + np.array([0.0, 0.0, height + name.scale.z]))
        ellipse = self._marker(header, "uncertainty", number, Marker.CYLINDER, colour, 0.3)
        ellipse.pose.position = array_to_point(identity.position)
        long, short, yaw = covariance_ellipse(identity.covariance, self.settings.sigmas)
        ellipse.scale = Vector3(x=long, y=short, z=FLAT_M)
        _turn(ellipse, yaw)
        return [body, name, ellipse, *self._trail(header, number, identity.identity_id, colour)]

    def _trail(self, header: Header, number: int, identity_id: str, colour: tuple[int, int, int]) -> list[Marker]:
        points = self._trails.points(identity_id)
        if len(points) < 2:
            return []
        trail = self._marker(header, "trail", number, Marker.LINE_STRIP, colour, 0.8)
        trail.scale.x = 0.06
        trail.points = [array_to_point(point) for point in points]
        return [trail]

    def _marker(
        self, header: Header, part: str, number: int, kind: int, colour: tuple[int, int, int], alpha: float
    ) -> Marker:
        marker = Marker(header=header, ns=f"{self._prefix}{part}", id=number, type=kind, action=Marker.ADD)
        marker.lifetime = ns_to_duration(round(self.settings.lifetime * NANOSECONDS))
        red, green, blue = (value / 255 for value in colour)
        marker.color = ColorRGBA(r=red, g=green, b=blue, a=alpha)
        marker.pose.orientation.w = 1.0
        return marker

    def _deletions(self, header: Header, number: int) -> list[Marker]:
        parts = ("body", "name", "uncertainty", "trail")
        return [Marker(header=header, ns=f"{self._prefix}{part}", id=number, action=Marker.DELETE) for part in parts]


def heading(velocity: Float64) -> float:
    """Direction of motion on the ground, radians about z from x; 0 for what hardly moves: its velocity is noise."""
    if math.hypot(velocity[0], velocity[1]) < SLOWEST_HEADING_M_S:
        return 0.0
    return math.atan2(velocity[1], velocity[0])


def covariance_ellipse(covariance: Float64, sigmas: float) -> tuple[float, float, float]:
    """The ellipse on the ground that holds a position.

    Args:
        covariance: ``(3, 3)`` metres squared; only x and y count. One that is not positive gives the smallest ellipse.
        sigmas: semi-axes in standard deviations.

    Returns:
        Long axis and short axis (whole lengths, metres, bounded), and the direction of the long one in radians.
    """
    ground = (covariance[:2, :2] + covariance[:2, :2].T) / 2
    if not np.isfinite(ground).all():
        return LARGEST_ELLIPSE_M, LARGEST_ELLIPSE_M, 0.0
    variances, axes = np.linalg.eigh(ground)
    short, long = np.clip(2 * sigmas * np.sqrt(np.maximum(variances, 0.0)), FLAT_M, LARGEST_ELLIPSE_M)
    return float(long), float(short), math.atan2(axes[1, 1], axes[0, 1])


def _turn(marker: Marker, yaw: float) -> None:
    marker.pose.orientation.z, marker.pose.orientation.w = math.sin(yaw / 2), math.cos(yaw / 2)
