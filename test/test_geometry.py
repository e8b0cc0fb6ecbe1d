from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mobinet.errors import InputError
from mobinet.geometry import OPTICAL2BODY, Transform

components = st.floats(-1, 1, allow_nan=False)
quaternions = arrays(np.float64, 4, elements=components).filter(lambda q: np.linalg.norm(q) > 0.1)
translations = arrays(np.float64, 3, elements=st.floats(-100, 100))
transforms = st.builds(Transform.from_quaternion, quaternions, translations)


@given(quaternions)
def test_a_quaternion_survives_the_matrix(xyzw: np.ndarray) -> None:
    transform = Transform.from_quaternion(xyzw, np.zeros(3))
    np.testing.assert_allclose(transform.rotation @ transform.rotation.T, np.eye(3), atol=1e-12)
    result = transform.quaternion()
    assert result[3] >= 0
    expected = xyzw / np.linalg.norm(xyzw)
    assert abs(result @ expected) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_half_turns_have_a_quaternion(axis: int) -> None:
    # w is zero: the branch where each other component is the largest
    xyzw = np.eye(4)[axis]
    np.testing.assert_allclose(Transform.from_quaternion(xyzw, np.zeros(3)).quaternion(), xyzw, atol=1e-15)


@given(transforms, transforms, arrays(np.float64, (5, 3), elements=st.floats(-10, 10)))
def test_composition_and_inverse(a: Transform, b: Transform, points: np.ndarray) -> None:
    np.testing.assert_allclose((a @ b).apply(points), a.apply(b.apply(points)), atol=1e-9)
    np.testing.assert_allclose(a.inverse().apply(a.apply(points)), points, atol=1e-9)


def test_euler_angles_turn_about_fixed_axes() -> None:
    # yaw of 90 degrees turns x to y; roll is applied first
    turned = Transform.from_euler(0, 0, np.pi / 2, np.zeros(3)).apply(np.array([1.0, 0, 0]))
    np.testing.assert_allclose(turned, [0, 1, 0], atol=1e-12)
    both = Transform.from_euler(np.pi / 2, 0, np.pi / 2, np.zeros(3)).apply(np.array([0.0, 1, 0]))
    np.testing.assert_allclose(both, [0, 0, 1], atol=1e-12)


def test_the_optical_axis_is_the_bodys_x() -> None:
    np.testing.assert_array_equal(OPTICAL2BODY.apply(np.array([0.0, 0, 1])), [1, 0, 0])


@given(transforms, transforms)
def test_interpolation_reaches_both_ends(a: Transform, b: Transform) -> None:
    for fraction, expected in ((0.0, a), (1.0, b)):
        result = a.interpolate(b, fraction)
        np.testing.assert_allclose(result.rotation, expected.rotation, atol=1e-6)
        np.testing.assert_allclose(result.translation, expected.translation, atol=1e-9)


def test_interpolation_turns_at_constant_rate() -> None:
    # across the +-180 degree cut, where angles or plain quaternion means go the wrong way round
    start = Transform.from_euler(0, 0, np.radians(170), np.zeros(3))
    end = Transform.from_euler(0, 0, np.radians(-150), np.array([4.0, 0, 0]))
    quarter = start.interpolate(end, 0.25)
    np.testing.assert_allclose(quarter.rotation, Transform.from_euler(0, 0, np.pi, np.zeros(3)).rotation, atol=1e-9)
    np.testing.assert_allclose(quarter.translation, [1, 0, 0])


@pytest.mark.parametrize("xyzw", [np.zeros(4), np.array([np.nan, 0, 0, 1]), np.ones(3)])
def test_no_rotation_from_a_bad_quaternion(xyzw: np.ndarray) -> None:
    with pytest.raises(InputError, match="quaternion"):
        Transform.from_quaternion(xyzw, np.zeros(3))
