"""The network's own path: how long it may be the target's."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.targets.base import Response
from mobinet.targets.plain import PlainPath
from mobinet.types import Float64
from test.targets.correlation import box_at

HOME = box_at(50, 50)


def _response(box: Float64, score: float = 0.9) -> Response:
    return Response(box, score, np.zeros((1, 1), np.float32), box[None, None], box)


def _path() -> PlainPath:
    return PlainPath(0.8, HOME, HOME, 0.0)


def test_a_smooth_path_lives_on_wherever_it_leads() -> None:
    path = _path()
    for step in range(1, 101):
        path.follow(_response(box_at(50 + 5 * step, 50)), -6.0, is_background=False)
    assert path.alive
    assert path.held == 100
    # what it looks like is kept as a running mean
    assert -6.0 < path.odds < -5.9


@pytest.mark.parametrize(
    ("box", "score", "is_background"),
    [
        (HOME, 0.5, False),  # the network is on nothing
        (HOME, 0.9, True),  # an edge that was there before
        (np.array((20.0, 20.0, 100.0, 140.0)), 0.9, False),  # nine times the area
        (np.array((58.0, 62.0, 66.0, 74.0)), 0.9, False),  # a ninth of the area
    ],
)
def test_it_ends_after_three_images_in_a_row(box: Float64, score: float, is_background: bool) -> None:
    path = _path()
    path.follow(_response(box, score), 0.0, is_background)
    path.follow(_response(box, score), 0.0, is_background)
    assert path.alive
    path.follow(_response(box, score), 0.0, is_background)
    assert not path.alive
    assert path.held == 0


def test_one_doubtful_image_does_not_end_it() -> None:
    path = _path()
    for index in range(20):
        path.follow(_response(HOME, 0.5 if index % 3 == 0 else 0.9), 0.0, is_background=False)
    assert path.alive


def test_a_leap_is_not_smooth() -> None:
    path = _path()
    for x in (200, 50, 200):
        path.follow(_response(box_at(x, 50)), 0.0, is_background=False)
    assert not path.alive


def test_once_ended_only_what_is_near_the_last_sure_place_counts() -> None:
    far, near = _path(), _path()
    far.refute()
    near.refute()
    for _ in range(5):
        far.follow(_response(box_at(150, 50)), 0.0, is_background=False)
        near.follow(_response(box_at(55, 50)), 0.0, is_background=False)
    assert (far.held, near.held) == (0, 5)
    # it is not for itself to come to life again
    assert not near.alive
