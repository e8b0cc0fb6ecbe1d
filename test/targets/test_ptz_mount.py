"""The mount as software: it obeys late, within its limits, and stops when nobody tells it anything."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mobinet.errors import SettingsError
from mobinet.targets.ptz_mount import PtzMount, PtzMountSettings

SECOND_NS = 1_000_000_000


def angles(mount: PtzMount, until_s: float) -> np.ndarray:
    return np.array([mount.at(round(t * 1e9)).pan for t in np.arange(0, until_s, 0.01)])


def test_rate_is_reached_late_and_with_bounded_acceleration() -> None:
    mount = PtzMount(PtzMountSettings(latency=0.1, max_acceleration_deg=90.0))
    mount.at(0)
    mount.turn(0, math.radians(45), 0.0, 0.0)
    pans = np.degrees(angles(mount, 0.5))
    assert (pans[:10] == 0).all()
    rates = np.diff(pans) / 0.01
    assert rates.max() <= 45 + 1e-6
    assert np.diff(rates).max() / 0.01 <= 90 * 1.05


def test_rate_ends_without_another_command() -> None:
    mount = PtzMount(PtzMountSettings(latency=0.0, watchdog=0.2))
    mount.at(0)
    mount.turn(0, 0.5, 0.0, 0.0)
    assert mount.at(5 * SECOND_NS).pan == mount.at(SECOND_NS * 4).pan
    assert mount.at(5 * SECOND_NS).pan == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize(("pan", "reached"), [(0.5, 0.5), (9.0, math.radians(60))])
def test_position_is_reached_without_overshoot(pan: float, reached: float) -> None:
    """What is outside of the limits ends at them."""
    mount = PtzMount(PtzMountSettings(pan_limits_deg=(-60.0, 60.0)))
    mount.at(0)
    mount.go_to(0, pan, -0.2, 3.0)
    pans = angles(mount, 4.0)
    state = mount.at(4 * SECOND_NS)
    assert (state.pan, state.tilt, state.zoom) == pytest.approx((reached, -0.2, 3.0), abs=1e-3)
    assert pans.max() <= reached + 1e-4


def test_zoom_grows_evenly_in_its_logarithm_and_ends_at_its_limit() -> None:
    mount = PtzMount(PtzMountSettings(zoom_limits=(1.0, 4.0), zoom_rate=0.5, latency=0.0, watchdog=60.0))
    mount.at(0)
    mount.turn(0, 0.0, 0.0, 2.0)
    assert mount.at(SECOND_NS).zoom == pytest.approx(math.exp(0.5), rel=0.08)
    assert mount.at(10 * SECOND_NS).zoom == pytest.approx(4.0)


def test_past_can_be_asked_for_and_an_earlier_time_starts_anew() -> None:
    mount = PtzMount(PtzMountSettings(home_deg=(10.0, 0.0)))
    mount.at(0)
    mount.turn(0, 0.3, 0.0, 0.0)
    halfway = mount.at(SECOND_NS // 4).pan
    mount.at(10 * SECOND_NS)
    assert mount.at(8 * SECOND_NS).pan == mount.at(10 * SECOND_NS).pan
    assert mount.at(0).pan == pytest.approx(math.radians(10))
    assert halfway > math.radians(10)


@pytest.mark.parametrize("given", [{"zoom_limits": (3.0, 2.0)}, {"home_deg": (0.0, 70.0)}, {"pan_limits_deg": (1.0,)}])
def test_limits_that_make_no_sense_are_refused(given: dict[str, tuple[float, ...]]) -> None:
    with pytest.raises(SettingsError, match=next(iter(given))):
        PtzMountSettings(**given)
