"""The controller in a closed loop with a mount: no camera, the box is where a pinhole would show the target."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mobinet.camera import CameraModel
from mobinet.errors import InputError, SettingsError
from mobinet.geometry import OPTICAL2BODY
from mobinet.targets.ptz import PtzController, PtzMode
from mobinet.targets.ptz_base import PtzState, camera2mount
from mobinet.targets.ptz_mount import PtzMount, PtzMountSettings
from mobinet.targets.ptz_settings import PtzSettings
from mobinet.types import Float64, Target, TargetState

WIDEST = CameraModel.pinhole(640, 480, math.radians(50))
STILL_ZOOM = {"zoom_limits": (1.0, 1.0)}
PERIOD_NS = 33_333_333
SETTLE_BAND = PtzSettings().settle_band * 2 * math.atan(math.tan(math.radians(25)) * 480 / 640)
HEIGHT = 0.15  # of the target, radians


def zoomed(zoom: float) -> CameraModel:
    matrix = WIDEST.matrix.copy()
    matrix[:2, :2] *= zoom
    return replace(WIDEST, matrix=matrix)


def box_of(pan: float, tilt: float, state: PtzState, height: float = HEIGHT) -> Float64 | None:
    """The box of a target in a direction, None outside of the picture."""
    ends = np.array([tilt + height / 2, tilt - height / 2])
    rays = np.column_stack([np.cos(ends) * math.cos(pan), np.cos(ends) * math.sin(pan), np.sin(ends)])
    pixels = zoomed(state.zoom).project(rays @ camera2mount(state.pan, state.tilt).rotation @ OPTICAL2BODY.rotation)
    (x, top), (_, bottom) = pixels
    if not (0 < x < 640 and -100 < top < bottom < 580):
        return None
    width = (bottom - top) / 3
    return np.array([x - width, top, x + width, bottom])


@dataclass
class Run:
    """What happened, a row for each step of time: seconds, state, command, where the target was."""

    seconds: Float64
    states: list[PtzState]
    rates: Float64
    errors: Float64  # target less camera, radians


def run(
    path: Callable[[float], tuple[float, float]],
    latency_s: float = 0.0,
    seconds: float = 6.0,
    noise: float = 0.0,
    mount: PtzMountSettings | None = None,
    height: float = HEIGHT,
    **given: Any,
) -> Run:
    """The controller follows a target for some time; each image arrives ``latency_s`` late."""
    control = PtzController(PtzSettings(**{**STILL_ZOOM, **given}))
    camera = PtzMount(mount or PtzMountSettings(zoom_limits=control.settings.zoom_limits))
    draw = np.random.default_rng(7)
    waiting: list[tuple[int, Target, CameraModel]] = []
    states, rates, errors, times = [], [], [], []
    for step in range(round(seconds * 30)):
        now_ns = step * PERIOD_NS
        state = camera.at(now_ns)
        pan, tilt = path(now_ns * 1e-9)
        if step % 2 == 0:
            box = box_of(pan, tilt, state, height)
            if box is not None:
                box = box + np.tile(draw.normal(0, noise * (box[3] - box[1]), 2), 2)
            seen = TargetState.LOST if box is None else TargetState.TRACKING
            waiting.append((now_ns + round(latency_s * 1e9), Target(now_ns, seen, box, 1.0), zoomed(state.zoom)))
        while waiting and waiting[0][0] <= now_ns:
            _, target, model = waiting.pop(0)
            control.observe(target, model, now_ns)
        control.measure(state)
        command = control.command(now_ns)
        camera.turn(now_ns, command.pan_rate, command.tilt_rate, command.zoom_rate)
        times.append(now_ns * 1e-9)
        states.append(state)
        rates.append((command.pan_rate, command.tilt_rate, command.zoom_rate))
        errors.append((pan - state.pan, tilt - state.tilt))
    return Run(np.array(times), states, np.array(rates), np.array(errors))


@pytest.mark.parametrize("latency_s", [0.0, 0.1, 0.3])
def test_target_at_the_side_is_brought_into_the_middle_without_overshoot(latency_s: float) -> None:
    """Its image takes its time, the camera does not swing through."""
    ran = run(lambda _: (0.3, -0.1), latency_s)
    assert np.abs(ran.errors[-30:]).max() < SETTLE_BAND
    assert ran.errors[:, 0].min() > -0.01
    assert ran.errors[:, 1].max() < 0.01


@pytest.mark.parametrize("latency_s", [0.0, 0.1, 0.3])
def test_target_that_jumps_is_not_taken_to_be_fast(latency_s: float) -> None:
    ran = run(lambda t: (0.25 if t > 2 else 0.0, 0.0), latency_s)
    assert ran.errors[:, 0].min() > -0.01
    assert abs(ran.errors[-1, 0]) < 0.02


@pytest.mark.parametrize("latency_s", [0.0, 0.1, 0.3])
def test_latency_does_not_make_it_lag(latency_s: float) -> None:
    """At 9 degrees a second, 0.3 s late, an error of the image alone would be 2.6 degrees."""
    ran = run(lambda t: (0.15 * t - 0.3, 0.0), latency_s, noise=0.02)
    assert np.abs(ran.errors[ran.seconds > 3, 0]).max() < math.radians(1.0)


def test_dead_band_does_not_chatter() -> None:
    """Noise within the band moves nothing; the camera rests to the end."""
    ran = run(lambda _: (0.01, 0.0), noise=0.03)
    assert (ran.rates[:, :2] == 0).all()


def test_camera_that_has_arrived_rests() -> None:
    """The noise of the boxes does not wake it up again and again."""
    ran = run(lambda _: (0.2, 0.0), seconds=12.0, noise=0.02)
    moving = np.abs(ran.rates[:, 0]) > 0
    begins = np.flatnonzero(moving[1:] & ~moving[:-1])
    assert len(begins) <= 3
    assert not moving[-60:].any()


def test_wide_lens_gives_true_angles() -> None:
    """A target 40 degrees up and 50 to the side; from its pixel alone the tilt would be 29 degrees."""
    wide = CameraModel.pinhole(640, 480, math.radians(140))
    ray = np.array([[math.cos(0.7) * math.cos(0.9), math.cos(0.7) * math.sin(0.9), math.sin(0.7)]])
    x, y = wide.project(ray @ OPTICAL2BODY.rotation)[0]
    control = PtzController(PtzSettings(**STILL_ZOOM))
    control.measure(PtzState(0, 0.0, 0.0))
    control.observe(Target(0, TargetState.TRACKING, np.array([x - 1, y - 1, x + 1, y + 1]), 1.0), wide, 0)
    control.command(0)
    assert (control.report.pan_error, control.report.tilt_error) == pytest.approx((0.9, 0.7), abs=1e-3)


def test_error_is_that_of_the_image_and_not_of_the_arrival() -> None:
    """The camera has turned by 0.1 since the image in which the target was in the middle."""
    control = PtzController(PtzSettings(actuation=0.0, **STILL_ZOOM))
    control.measure(PtzState(0, 0.0, 0.0))
    control.measure(PtzState(300_000_000, 0.1, 0.0))
    box = box_of(0.0, 0.0, PtzState(0, 0.0, 0.0))
    assert box is not None
    control.observe(Target(0, TargetState.TRACKING, box, 1.0), WIDEST, 300_000_000)
    control.command(300_000_000)
    assert control.report.pan_error == pytest.approx(-0.1, abs=1e-6)
    assert control.report.latency_ns == 300_000_000


def test_window_does_not_turn_what_it_shows() -> None:
    """In a still picture camera_info says where the window is: rays are those of the mount already."""
    control = PtzController(PtzSettings(picture="window", actuation=0.0, **STILL_ZOOM))
    control.measure(PtzState(0, 0.2, 0.0))
    box = box_of(0.0, 0.0, PtzState(0, 0.0, 0.0))
    assert box is not None
    control.observe(Target(0, TargetState.TRACKING, box, 1.0), WIDEST, 0)
    control.command(0)
    assert control.report.pan_error == pytest.approx(-0.2, abs=1e-6)


def test_intrinsics_of_the_widest_zoom_are_scaled() -> None:
    """At zoom 4 the same pixel is a quarter as far from the middle."""
    errors = []
    for intrinsics, camera in (("present", zoomed(4.0)), ("widest", WIDEST)):
        control = PtzController(PtzSettings(intrinsics=intrinsics))
        control.measure(PtzState(0, 0.0, 0.0, 4.0))
        control.observe(Target(0, TargetState.TRACKING, np.array([100.0, 200, 140, 280]), 1.0), camera, 0)
        control.command(0)
        errors.append(control.report.pan_error)
    assert errors[0] == pytest.approx(errors[1])


@pytest.mark.parametrize(("height", "wanted_zoom"), [(0.05, 8.0), (0.5, 1.0)])
def test_zoom_shows_the_target_at_its_height(height: float, wanted_zoom: float) -> None:
    """A small one is enlarged to half of the picture's height, within the band; a large one stays at the widest."""
    ran = run(lambda _: (0.0, 0.0), seconds=15.0, height=height, zoom_limits=(1.0, 20.0))
    assert ran.states[-1].zoom == pytest.approx(wanted_zoom, rel=0.25)
    zooms = np.array([state.zoom for state in ran.states])
    assert (np.diff(zooms) >= -1e-9).all()


def test_zoom_widens_while_the_target_is_uncertain() -> None:
    control = PtzController(PtzSettings())
    zooms = []
    for step in range(60):
        shown = PtzState(step * PERIOD_NS, 0.0, 0.0, 4.0)
        control.measure(shown)
        seen = TargetState.TRACKING if step < 59 else TargetState.UNCERTAIN
        control.observe(Target(shown.stamp_ns, seen, box_of(0.0, 0.0, shown, 0.05), 1.0), zoomed(4.0), shown.stamp_ns)
        control.command(shown.stamp_ns)
        zooms.append(control.report.wanted_zoom)
    zooms = zooms[-2:]
    assert zooms[1] == pytest.approx(0.6 * zooms[0], rel=0.05)


def test_hidden_target_is_followed_where_it_is_expected_and_then_lost() -> None:
    """Nothing comes after 2 s; the camera goes on for a second and stops."""
    control, camera = PtzController(PtzSettings(**STILL_ZOOM)), PtzMount()
    modes, rates = [], []
    for step in range(150):
        now_ns = step * PERIOD_NS
        state = camera.at(now_ns)
        box = box_of(0.2 * now_ns * 1e-9, 0.0, state)
        if now_ns < 2e9:
            control.observe(Target(now_ns, TargetState.TRACKING, box, 1.0), WIDEST, now_ns)
        control.measure(state)
        command = control.command(now_ns)
        camera.turn(now_ns, command.pan_rate, command.tilt_rate, command.zoom_rate)
        modes.append(control.report.mode)
        rates.append(command.pan_rate)
    assert modes[59:89] == [PtzMode.FOLLOWING] * 30
    assert rates[80] == pytest.approx(0.2, abs=0.05)
    assert modes[-1] is PtzMode.LOST
    assert rates[-1] == 0


def test_box_that_is_predicted_in_the_image_does_not_lead_the_camera_away() -> None:
    """Seen at 0.1 rad for a second, then hidden: its box stays at the picture's edge however far the camera turns."""
    control, camera = PtzController(PtzSettings(**STILL_ZOOM)), PtzMount()
    at_edge = np.array([0.0, 200.0, 40.0, 300.0])
    for step in range(120):
        now_ns = step * PERIOD_NS
        state = camera.at(now_ns)
        if now_ns < 1e9:
            target = Target(now_ns, TargetState.TRACKING, box_of(0.1, 0.0, state), 1.0)
        else:
            target = Target(now_ns, TargetState.OCCLUDED, at_edge, 0.0)
        control.observe(target, WIDEST, now_ns)
        control.measure(state)
        command = control.command(now_ns)
        camera.turn(now_ns, command.pan_rate, command.tilt_rate, command.zoom_rate)
    assert camera.at(120 * PERIOD_NS).pan == pytest.approx(0.1, abs=0.03)
    assert control.report.mode is PtzMode.LOST


@pytest.mark.parametrize(
    ("lost", "pan", "zoom", "mode"),
    [
        ("hold", 0.5, 4.0, PtzMode.LOST),
        ("widen", 0.5, 1.0, PtzMode.LOST),
        # turns back to where it was told to wait
        ("home", -0.2, 1.0, PtzMode.HOMING),
    ],
)
def test_lost_behaviours(lost: str, pan: float, zoom: float, mode: PtzMode) -> None:
    home = (math.degrees(-0.2), 0.0)
    control = PtzController(PtzSettings(lost=lost, lost_after=0.1, home_after=1.0, home_deg=home))
    camera = PtzMount(PtzMountSettings(zoom_limits=(1.0, 10.0), home_deg=(math.degrees(0.5), 0.0)))
    camera.at(0)
    camera.go_to(0, 0.5, 0.0, 4.0)
    begin_ns = 5_000_000_000
    for step in range(450):
        now_ns = begin_ns + step * PERIOD_NS
        state = camera.at(now_ns)
        control.measure(state)
        if step < 20:
            box = box_of(0.5, 0.0, state, 0.1)
            control.observe(Target(now_ns, TargetState.TRACKING, box, 1.0), zoomed(state.zoom), now_ns)
        elif step == 20:
            control.observe(Target(now_ns, TargetState.LOST, None, 0.0), zoomed(4.0), now_ns)
        command = control.command(now_ns)
        camera.turn(now_ns, command.pan_rate, command.tilt_rate, command.zoom_rate)
    assert state.pan == pytest.approx(pan, abs=0.01)
    assert state.zoom == pytest.approx(zoom, rel=0.05)
    assert control.report.mode is mode


def test_without_a_target_nothing_moves() -> None:
    """Nobody was chosen: no widening, no way home."""
    control = PtzController(PtzSettings(lost="home", home_after=0.0, home_deg=(10.0, 0.0)))
    control.measure(PtzState(0, 0.3, 0.0, 5.0))
    control.observe(Target(0, TargetState.NONE, None, 0.0), WIDEST, 0)
    command = control.command(2_000_000_000)
    assert (command.pan_rate, command.tilt_rate, command.zoom_rate) == (0, 0, 0)
    assert control.report.mode is PtzMode.IDLE


def test_camera_without_measurements_is_believed_to_obey() -> None:
    control = PtzController(PtzSettings(**STILL_ZOOM))
    believed = PtzState(0, 0.0, 0.0)
    for step in range(200):
        now_ns = step * PERIOD_NS
        control.observe(Target(now_ns, TargetState.TRACKING, box_of(0.3, 0.0, believed), 1.0), WIDEST, now_ns)
        believed = replace(control.command(now_ns).goal, stamp_ns=now_ns)
    assert believed.pan == pytest.approx(0.3, abs=0.03)


def test_time_that_jumps_back_starts_anew() -> None:
    control = PtzController(PtzSettings(**STILL_ZOOM))
    control.measure(PtzState(10_000_000_000, 1.0, 0.0))
    control.command(10_000_000_000)
    assert control.command(0).goal.pan == 0
    assert control.report.mode is PtzMode.IDLE


def test_box_that_the_lens_cannot_see_is_refused() -> None:
    """Far outside, this distortion has no ray."""
    lens = replace(WIDEST, distortion=np.array([-0.5, 0.0, 0.0, 0.0, 0.0]))
    control = PtzController()
    with pytest.raises(InputError, match="camera_info"):
        control.observe(Target(0, TargetState.TRACKING, np.array([2e4, 2e4, 3e4, 3e4]), 1.0), lens, 0)


@settings(max_examples=20, phases=[Phase.explicit, Phase.generate])
@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(-1.4, 1.4)), min_size=2, max_size=20),
    st.integers(5, 120),
    st.sampled_from(["hold", "widen", "home"]),
)
def test_limits_are_never_exceeded(targets: list[tuple[float, float]], period_ms: int, lost: str) -> None:
    """Whatever the target does: rate, acceleration but at the ends of the mount, and these ends."""
    pans, tilts, most = (-60.0, 45.0), (-20.0, 30.0), math.radians(120)
    chosen = PtzSettings(
        pan_limits_deg=pans, tilt_limits_deg=tilts, lost=lost, lost_after=0.3, home_after=0.2, actuation=0.0
    )
    low, high = np.radians([pans, tilts]).T
    control, previous, seconds = PtzController(chosen), np.zeros(2), period_ms * 1e-3
    state = PtzState(0, 0.0, 0.0, 1.0)
    for step in range(4 * len(targets)):
        control.measure(state)
        box = box_of(*targets[step // 4], state)
        seen = TargetState.LOST if box is None or step % 4 == 3 else TargetState.TRACKING
        control.observe(Target(state.stamp_ns, seen, box, 1.0), zoomed(state.zoom), state.stamp_ns)
        command = control.command(state.stamp_ns)
        rates = np.array([command.pan_rate, command.tilt_rate])
        angles = np.array([state.pan, state.tilt])
        after = angles + rates * seconds
        state = PtzState(
            state.stamp_ns + period_ms * 1_000_000, *after.tolist(), state.zoom * math.exp(command.zoom_rate * seconds)
        )
        assert (np.abs(rates) <= math.radians(60) + 1e-9).all()
        assert ((after >= low - 1e-9) & (after <= high + 1e-9)).all()
        assert 1 - 1e-9 <= state.zoom <= 10 + 1e-9
        braked = (after < low + 1e-6) | (after > high - 1e-6) | (np.abs(rates) < np.abs(previous))
        assert (braked | (np.abs(rates - previous) <= most * max(seconds, 0.02) + 1e-9)).all()
        previous = rates


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"settle_band": 0.2, "dead_band": 0.1}, "settle_band"),
        ({"pan_limits_deg": (10.0, -10.0)}, "pan_limits_deg"),
        ({"home_deg": (0.0, 80.0), "tilt_limits_deg": (-10.0, 10.0)}, "home_deg: tilt"),
        ({"lost": "cry"}, "lost"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(given: dict[str, Any], match: str) -> None:
    with pytest.raises(SettingsError, match=match):
        PtzSettings(**given)
