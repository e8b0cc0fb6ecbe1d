"""Markers of identities: what RViz is told, and when it is told to forget."""

from __future__ import annotations

import math

import numpy as np
import pytest
from visualization_msgs.msg import Marker

from mobinet.types import Identity
from mobinet_ros.conversions import make_header
from mobinet_ros.markers import LARGEST_ELLIPSE_M, MarkerMaker, MarkerSettings, covariance_ellipse, heading

SECOND = 1_000_000_000


def make_identity(
    identity_id: str = "r1-1",
    name: str = "person",
    at: tuple[float, ...] = (1, 2, 0),
    speed: tuple[float, ...] = (0, 0, 0),
) -> Identity:
    covariance = np.diag([0.25, 0.04, 0.01])
    return Identity(identity_id, (), name, 0.9, np.array(at, float), covariance, np.array(speed, float), np.eye(3))


@pytest.fixture
def maker() -> MarkerMaker:
    return MarkerMaker("r1", MarkerSettings())


def update(maker: MarkerMaker, second: int, *identities: Identity) -> dict[tuple[str, int], Marker]:
    markers = maker.update(make_header(second * SECOND, "map"), identities).markers
    found = {(m.ns, m.id): m for m in markers}
    assert len(found) == len(markers), "two markers share namespace and id"
    return found


def test_a_person_stands_on_its_position(maker: MarkerMaker) -> None:
    body = update(maker, 0, make_identity())[("r1/body", 0)]
    assert (body.type, body.action, body.header.frame_id) == (Marker.CYLINDER, Marker.ADD, "map")
    assert (body.pose.position.x, body.pose.position.y) == (1, 2)
    assert body.pose.position.z == pytest.approx(body.scale.z / 2)
    assert body.lifetime.sec == 2


def test_the_name_says_id_and_class(maker: MarkerMaker) -> None:
    assert update(maker, 0, make_identity("r2-7", "car"))[("r1/name", 0)].text == "r2-7 car"


def test_the_ellipse_has_the_standard_deviations(maker: MarkerMaker) -> None:
    scale = update(maker, 0, make_identity())[("r1/uncertainty", 0)].scale
    assert (scale.x, scale.y) == pytest.approx((4 * 0.5, 4 * 0.2))  # two sigmas on either side


def test_a_moving_body_looks_where_it_goes(maker: MarkerMaker) -> None:
    orientation = update(maker, 0, make_identity(name="car", speed=(0, 3, 0)))[("r1/body", 0)].pose.orientation
    assert 2 * math.atan2(orientation.z, orientation.w) == pytest.approx(math.pi / 2)


def test_a_trail_grows_from_the_second_position_on(maker: MarkerMaker) -> None:
    assert ("r1/trail", 0) not in update(maker, 0, make_identity())
    trail = update(maker, 1, make_identity(at=(3, 4, 0)))[("r1/trail", 0)]
    assert [(p.x, p.y) for p in trail.points] == [(1, 2), (3, 4)]


def test_ids_stay_with_their_identity_and_are_deleted_with_it(maker: MarkerMaker) -> None:
    update(maker, 0, make_identity("a"), make_identity("b"))
    left = update(maker, 1, make_identity("b"), make_identity("c"))
    assert {key for key, m in left.items() if m.action == Marker.DELETE} == {
        (f"r1/{part}", 0) for part in ("body", "name", "uncertainty", "trail")
    }
    assert left[("r1/name", 1)].text.startswith("b")
    # an id is not given again at once: a late message must not hit the wrong marker
    assert left[("r1/name", 2)].text.startswith("c")


def test_nothing_is_deleted_twice(maker: MarkerMaker) -> None:
    update(maker, 0, make_identity())
    assert len(update(maker, 1)) == 4
    assert update(maker, 2) == {}


@pytest.mark.parametrize(
    ("covariance", "long", "short", "yaw"),
    [
        (np.diag([1.0, 4.0, 9.0]), 4.0, 2.0, math.pi / 2),
        (np.array([[2.0, 1.0, 0], [1.0, 2.0, 0], [0, 0, 1]]), 2 * math.sqrt(3), 2.0, math.pi / 4),
        (np.diag([np.nan, 1.0, 1.0]), LARGEST_ELLIPSE_M, LARGEST_ELLIPSE_M, 0.0),
        (np.diag([1e9, 1e9, 1.0]), LARGEST_ELLIPSE_M, LARGEST_ELLIPSE_M, math.pi / 2),
    ],
)
def test_ellipse(covariance: np.ndarray, long: float, short: float, yaw: float) -> None:
    got = covariance_ellipse(covariance, 1.0)
    assert got[:2] == pytest.approx((long, short))
    assert abs(math.sin(got[2] - yaw)) < 1e-9  # an axis has no direction


def test_an_impossible_covariance_is_shown_small() -> None:
    assert max(covariance_ellipse(np.diag([-1.0, -1.0, 0.0]), 1.0)[:2]) < 0.02


def test_what_hardly_moves_does_not_spin() -> None:
    assert heading(np.array([0.01, -0.02, 0.0])) == 0.0
