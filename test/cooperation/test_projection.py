from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobinet.camera import CameraModel
from mobinet.cooperation import CameraPose, CameraView, GroundFlag, GroundSettings, make_sightings, project_feet
from mobinet.errors import InputError
from mobinet.geometry import OPTICAL2BODY, Transform
from mobinet.types import Appearance, Track, TrackKey, TrackState

CAMERA = CameraModel.pinhole(640, 480, np.radians(70))
BENT = CameraModel(640, 480, CAMERA.matrix, np.array([-0.25, 0.08, 0.001, -0.001, 0.0]))
# nothing but what a test switches on
EXACT = GroundSettings(
    ground_sigma_m=0.001, pixel_sigma=0.0, min_pixel_sigma_px=0.01, position_sigma_m=0.0, rotation_sigma_deg=0.0,
    timing_sigma_s=0.0, max_sigma_m=1e4, max_range_m=1e4,
)  # fmt: skip


def pose(x: float = 1.0, y: float = 2.0, z: float = 3.0, pitch: float = 0.3, yaw: float = 0.5) -> Transform:
    """A camera whose axis looks along yaw and ``pitch`` radians down."""
    return Transform.from_euler(0.0, pitch, yaw, np.array([x, y, z])) @ OPTICAL2BODY


def box_at(point: np.ndarray, camera: CameraModel, camera2map: Transform, height: float = 60.0) -> np.ndarray:
    x, y = camera.project(camera2map.inverse().apply(point)[None])[0]
    return np.array([x - 10, y - height, x + 10, y], np.float32)


@pytest.mark.parametrize("camera", [CAMERA, BENT], ids=["ideal", "bent"])
@given(distance=st.floats(3, 15), side=st.floats(-0.4, 0.4), yaw=st.floats(-3, 3), height=st.floats(-1, 1))
@settings(max_examples=30)
def test_finds_the_point_that_was_projected(
    camera: CameraModel, distance: float, side: float, yaw: float, height: float
) -> None:
    camera2map = pose(yaw=yaw, pitch=float(np.arctan2(3 - height, distance)))
    foot = np.array([1 + distance * np.cos(yaw + side), 2 + distance * np.sin(yaw + side), height])
    config = GroundSettings(ground_height_m=height)
    points = project_feet(box_at(foot, camera, camera2map)[None], camera, CameraPose(camera2map), config)
    assert points.flags[0] == GroundFlag.OK
    np.testing.assert_allclose(points.positions[0], foot, atol=1e-3)
    assert np.linalg.eigvalsh(points.covariances[0])[0] > 0


def monte_carlo(perturb: object, samples: int = 4000) -> np.ndarray:
    """Covariance of the ground point over random draws; ``perturb(rng)`` gives foot pixel, pose and ground height."""
    rng = np.random.default_rng(3)
    points = []
    for _ in range(samples):
        foot, camera2map, height = perturb(rng)  # type: ignore[operator]
        ray = camera2map.rotation @ CAMERA.pixels_to_rays(foot[None])[0]
        points.append(camera2map.translation + (height - camera2map.translation[2]) / ray[2] * ray)
    return np.cov(np.array(points).T)


def turned(camera2map: Transform, vector: np.ndarray) -> Transform:
    """The pose with its camera turned by a small rotation vector about the map's axes."""
    turn = Transform.from_quaternion(np.append(vector / 2, 1.0), np.zeros(3)).rotation
    return Transform(turn @ camera2map.rotation, camera2map.translation)


FOOT = np.array([400.0, 330.0])
BOX = np.array([[390, 270, 410, 330]], np.float32)
ROTATION = np.radians(0.4) * np.array([1.0, 0.5, 2.0])
POSE = np.diag([0.02**2, 0.05**2, 0.03**2, *ROTATION**2])


@pytest.mark.parametrize(
    ("config", "given_pose", "perturb"),
    [
        (  # pixel noise of 2 px
            {"pixel_sigma": 2 / 60},
            CameraPose(pose()),
            lambda rng: (FOOT + rng.normal(0, 2, 2), pose(), rng.normal(0, 0.001)),
        ),
        (  # the ground is 10 cm off
            {"ground_sigma_m": 0.1},
            CameraPose(pose()),
            lambda rng: (FOOT + rng.normal(0, 0.01, 2), pose(), rng.normal(0, 0.1)),
        ),
        (  # a pose covariance with different axes
            {},
            CameraPose(pose(), POSE),
            lambda rng: (
                FOOT,
                turned(
                    Transform(pose().rotation, pose().translation + rng.normal(0, 1, 3) * [0.02, 0.05, 0.03]),
                    rng.normal(0, 1, 3) * ROTATION,
                ),
                rng.normal(0, 0.001),
            ),
        ),
        (  # the settings' own sigmas
            {"position_sigma_m": 0.05, "rotation_sigma_deg": 0.3},
            CameraPose(pose()),
            lambda rng: (
                FOOT,
                turned(
                    Transform(pose().rotation, pose().translation + rng.normal(0, 0.05, 3)),
                    rng.normal(0, np.radians(0.3), 3),
                ),
                rng.normal(0, 0.001),
            ),
        ),
        (  # a camera that drives and turns, with a stamp that is off by 30 ms
            {"timing_sigma_s": 0.03, "object_speed_m_s": 0.0},
            CameraPose(pose(), None, np.array([1.0, 0.5, 0.0, 0.0, 0.1, 0.4])),
            lambda rng: moved(rng.normal(0, 0.03), rng.normal(0, 0.001)),
        ),
    ],
    ids=["pixels", "ground", "pose", "default-pose", "timing"],
)
def test_the_covariance_is_that_of_random_draws(
    config: dict[str, float], given_pose: CameraPose, perturb: object
) -> None:
    values = {field: getattr(EXACT, field) for field in EXACT.__dataclass_fields__}
    points = project_feet(BOX, CAMERA, given_pose, GroundSettings(**{**values, **config}))
    expected = monte_carlo(perturb)
    np.testing.assert_allclose(points.covariances[0], expected, atol=0.08 * np.abs(expected).max())


def moved(seconds: float, height: float) -> tuple[np.ndarray, Transform, float]:
    shifted = Transform(pose().rotation, pose().translation + seconds * np.array([1.0, 0.5, 0.0]))
    return FOOT, turned(shifted, seconds * np.array([0.0, 0.1, 0.4])), height


def test_a_walking_object_is_less_sure_by_its_speed() -> None:
    values = {field: getattr(EXACT, field) for field in EXACT.__dataclass_fields__}
    still = project_feet(BOX, CAMERA, CameraPose(pose()), EXACT)
    config = GroundSettings(**{**values, "timing_sigma_s": 0.1, "object_speed_m_s": 2.0})
    walking = project_feet(BOX, CAMERA, CameraPose(pose()), config)
    np.testing.assert_allclose(walking.covariances[0] - still.covariances[0], np.diag([0.04, 0.04, 0]), atol=1e-12)


@pytest.mark.parametrize(
    ("box", "config", "flag"),
    [
        ([300.0, 10, 320, 60], {}, GroundFlag.HORIZON),  # its foot is in the sky
        ([300.0, 10, 320, 108], {}, GroundFlag.FAR),  # hits, but far away
        ([300.0, 100, 320, 200], {"max_range_m": 5.0}, GroundFlag.FAR),
        ([300.0, 100, 320, 200], {"max_sigma_m": 0.05}, GroundFlag.UNSURE),
        ([300.0, 100, 320, 479], {}, GroundFlag.CUT),  # the image ends at the knees
        ([300.0, 100, 320, 300], {}, GroundFlag.OK),
    ],
)
def test_points_that_cannot_be_used_are_flagged(box: list[float], config: dict[str, float], flag: GroundFlag) -> None:
    points = project_feet(np.array([box], np.float32), CAMERA, CameraPose(pose()), GroundSettings(**config))
    assert points.flags[0] == flag


def test_a_camera_under_the_ground_sees_none_of_it() -> None:
    points = project_feet(BOX, CAMERA, CameraPose(pose(z=-1.0)), GroundSettings())
    assert points.flags[0] == GroundFlag.HORIZON
    assert np.isnan(points.positions).all()


def test_no_boxes_and_bad_poses() -> None:
    assert project_feet(np.zeros((0, 4), np.float32), CAMERA, CameraPose(pose()), GroundSettings()).flags.shape == (0,)
    with pytest.raises(InputError, match="camera pose"):
        project_feet(BOX, CAMERA, CameraPose(pose(x=np.nan)), GroundSettings())
    with pytest.raises(InputError, match="pose covariance"):
        project_feet(BOX, CAMERA, CameraPose(pose(), np.eye(3)), GroundSettings())


def track(track_id: int, box: np.ndarray, state: TrackState = TrackState.CONFIRMED, index: int = 0) -> Track:
    return Track(track_id, box, 0.9, "person", state, np.zeros(2, np.float32), 0, 0, index)


def test_sightings_are_of_tracks_seen_now() -> None:
    camera2map = pose()
    foot = np.array([5.0, 4.5, 0.0])
    box = box_at(foot, CAMERA, camera2map)
    tracks = [
        track(1, box),
        track(2, box, TrackState.TENTATIVE),
        track(3, box, TrackState.COASTING, -1),
        track(4, box, TrackState.CONFIRMED, -1),
        track(5, np.array([300, 10, 320, 60], np.float32)),
    ]
    appearances = {1: Appearance(1, np.array([0.6, 0.8], np.float32), 0.7)}
    view = CameraView("r1", "front", 123, CAMERA, CameraPose(camera2map))
    sighted = make_sightings(view, tracks, appearances, "model:1", GroundSettings())
    (sighting,) = sighted.sightings
    assert (sighting.key, sighting.stamp_ns) == (TrackKey("r1", "front", 1), 123)
    assert (sighting.class_name, sighting.score, sighting.model) == ("person", 0.9, "model:1")
    np.testing.assert_allclose(sighting.position, foot, atol=1e-3)
    assert dict(sighted.left_out) == {"horizon": 1}
    assert make_sightings(view, [], {}, "", GroundSettings()).sightings == []


def test_a_track_without_looks_has_no_model() -> None:
    box = box_at(np.array([5.0, 4.5, 0.0]), CAMERA, pose())
    view = CameraView("r1", "front", 123, CAMERA, CameraPose(pose()))
    (sighting,) = make_sightings(view, [track(1, box)], {}, "model:1", GroundSettings()).sightings
    assert sighting.embedding is None
    assert sighting.model == ""


@pytest.mark.recordings
def test_people_walk_at_human_speed_through_a_nominal_camera(data_dir: Path) -> None:
    # PETS 2009 with a guessed camera of the right kind: 8 m up, tilted 20 degrees
    truth = np.loadtxt(data_dir / "mot/PETS09-S2L1/gt.txt", delimiter=",", usecols=range(6))
    camera = CameraModel.pinhole(768, 576, np.radians(40))
    camera_pose = CameraPose(pose(0.0, 0.0, 8.0, np.radians(20), 0.0))
    speeds = []
    for person in np.unique(truth[:, 1]):
        rows = truth[truth[:, 1] == person][::7]
        boxes = rows[:, 2:6].copy()
        boxes[:, 2:] += boxes[:, :2]
        ground = project_feet(boxes.astype(np.float32), camera, camera_pose, GroundSettings())
        good = ground.flags == GroundFlag.OK
        steps = np.linalg.norm(np.diff(ground.positions[good], axis=0), axis=1)
        speeds.extend(steps / np.diff(rows[good, 0]) * 7)  # 7 frames a second
    assert len(speeds) > 500
    assert 0.4 < np.median(speeds) < 2.5
