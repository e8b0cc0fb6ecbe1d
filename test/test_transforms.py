from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobinet.errors import TransformError
from mobinet.geometry import Transform
from mobinet.transforms import TransformBuffer

S = 1_000_000_000


def shift(x: float, y: float = 0.0, yaw: float = 0.0) -> Transform:
    return Transform.from_euler(0, 0, yaw, np.array([x, y, 0.0]))


def robot_buffer() -> TransformBuffer:
    buffer = TransformBuffer(horizon_s=10, tolerance_s=0.05)
    buffer.set_transform("r1/base_link", "r1/front_optical", 0, shift(0.5), static=True)
    for second in range(5):
        buffer.set_transform("r1/odom", "r1/base_link", second * S, shift(second))
    buffer.set_transform("map", "r1/odom", 0, shift(100), static=True)
    return buffer


def test_walks_the_tree_both_ways() -> None:
    buffer = robot_buffer()
    np.testing.assert_allclose(buffer.lookup("map", "r1/front_optical", 2 * S).translation, [102.5, 0, 0])
    np.testing.assert_allclose(buffer.lookup("r1/front_optical", "map", 2 * S).translation, [-102.5, 0, 0])
    buffer.set_transform("r1/base_link", "r1/rear_optical", 0, shift(-0.5, yaw=np.pi), static=True)
    rear2front = buffer.lookup("r1/front_optical", "r1/rear_optical", 2 * S)
    np.testing.assert_allclose(rear2front.translation, [-1, 0, 0])
    # siblings meet at base_link: its own stale transform does not matter
    assert buffer.lookup("r1/front_optical", "r1/rear_optical", 900 * S).translation[0] == -1


def test_interpolates_between_samples() -> None:
    np.testing.assert_allclose(robot_buffer().lookup("map", "r1/base_link", S * 5 // 2).translation, [102.5, 0, 0])


def test_same_frame_is_identity_and_slashes_are_dropped() -> None:
    buffer = robot_buffer()
    np.testing.assert_array_equal(buffer.lookup("map", "/map", 0).rotation, np.eye(3))
    np.testing.assert_allclose(buffer.lookup("/map", "/r1/odom", 0).translation, [100, 0, 0])


@pytest.mark.parametrize(
    ("stamp_ns", "text"),
    [(4 * S + S // 10, "0.100 s after the newest"), (-S, "1.000 s before the oldest")],
)
def test_says_how_far_outside_the_stamp_is(stamp_ns: int, text: str) -> None:
    with pytest.raises(TransformError, match=text):
        robot_buffer().lookup("map", "r1/base_link", stamp_ns)


def test_a_little_outside_is_tolerated() -> None:
    assert robot_buffer().lookup("map", "r1/base_link", 4 * S + S // 25).translation[0] == 104


def test_names_unknown_and_unconnected_frames() -> None:
    buffer = robot_buffer()
    with pytest.raises(TransformError, match=r"'r2/base_link' is unknown; known: map, r1/base_link"):
        buffer.lookup("map", "r2/base_link", 0)
    with pytest.raises(TransformError, match="none yet"):
        TransformBuffer().lookup("map", "r1/odom", 0)
    buffer.set_transform("r2/odom", "r2/base_link", 0, shift(1))
    with pytest.raises(TransformError, match="r2/base_link -> r2/odom and map"):
        buffer.lookup("map", "r2/base_link", 0)


def test_a_loop_is_reported() -> None:
    buffer = TransformBuffer()
    buffer.set_transform("a", "b", 0, shift(1))
    buffer.set_transform("b", "c", 0, shift(1))
    buffer.set_transform("c", "a", 0, shift(1))
    with pytest.raises(TransformError, match="loop of frames: b -> a -> c -> b"):
        buffer.lookup("a", "b", 0)


def test_a_frame_under_itself_or_without_name_is_refused() -> None:
    with pytest.raises(TransformError, match="itself"):
        TransformBuffer().set_transform("a", "a", 0, shift(1))
    with pytest.raises(TransformError, match="empty frame name"):
        TransformBuffer().set_transform("", "a", 0, shift(1))


def test_of_two_parents_the_newest_wins_and_the_past_keeps_the_old() -> None:
    buffer = TransformBuffer()
    buffer.set_transform("building_a", "map", 0, shift(0), static=True)
    buffer.set_transform("building_a", "robot", 1 * S, shift(1))
    buffer.set_transform("building_b", "robot", 2 * S, shift(2))
    assert buffer.lookup("building_b", "robot", 2 * S).translation[0] == 2
    assert buffer.lookup("building_a", "robot", S * 3 // 2).translation[0] == 1
    with pytest.raises(TransformError, match="not connected"):
        buffer.lookup("building_a", "robot", 2 * S)


def test_memory_is_bounded() -> None:
    buffer = TransformBuffer(horizon_s=1, max_frames=2, max_samples=50)
    for i in range(1000):
        buffer.set_transform("map", "r1", i * S // 1000, shift(i))
    with pytest.raises(TransformError, match="before the oldest"):
        buffer.lookup("map", "r1", S // 2)
    assert buffer.lookup("map", "r1", 999 * S // 1000).translation[0] == 999
    assert buffer.set_transform("map", "r2", 0, shift(1))
    assert not buffer.set_transform("map", "r3", 0, shift(1))


def test_a_clock_that_jumped_back_is_refused_until_cleared() -> None:
    buffer = robot_buffer()
    buffer.set_transform("r1/odom", "r1/base_link", 1000 * S, shift(7))
    assert not buffer.set_transform("r1/odom", "r1/base_link", 5 * S, shift(8))
    buffer.clear()
    assert buffer.set_transform("r1/odom", "r1/base_link", 5 * S, shift(8))
    assert buffer.lookup("map", "r1/front_optical", 5 * S).translation[0] == 108.5


@given(st.permutations(range(8)))
def test_the_order_of_arrival_does_not_matter(order: list[int]) -> None:
    buffer = TransformBuffer()
    for second in order:
        buffer.set_transform("map", "r1", second * S, shift(second**2))
    assert buffer.lookup("map", "r1", S * 5 // 2).translation[0] == pytest.approx((4 + 9) / 2)
