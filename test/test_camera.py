from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from mobinet.camera import CameraModel
from mobinet.errors import InputError, RecordingError, SettingsError

MATRIX = np.array([[500.0, 0, 319.5], [0, 510.0, 239.5], [0, 0, 1]])
MODELS = {
    "ideal": CameraModel(640, 480, MATRIX, np.zeros(0)),
    "plumb_bob": CameraModel(640, 480, MATRIX, np.array([-0.3, 0.12, 0.001, -0.002, -0.02])),
    "rational": CameraModel(
        640, 480, MATRIX, np.array([0.2, 0.1, 0.001, 0.001, 0.01, 0.5, 0.1, 0.01]), "rational_polynomial"
    ),
    "equidistant": CameraModel(640, 480, MATRIX, np.array([0.05, -0.01, 0.002, 0.0]), "equidistant"),
}


def grid(width: int = 640, height: int = 480) -> np.ndarray:
    x, y = np.meshgrid(np.linspace(0, width - 1, 9), np.linspace(0, height - 1, 7))
    return np.column_stack([x.ravel(), y.ravel()])


@pytest.mark.parametrize("camera", MODELS.values(), ids=MODELS)
def test_rays_and_pixels_are_inverse(camera: CameraModel) -> None:
    pixels = grid()
    rays = camera.pixels_to_rays(pixels)
    np.testing.assert_allclose(np.linalg.norm(rays, axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(camera.project(rays * 7.5), pixels, atol=1e-3)


def test_the_axis_of_the_camera_points_forward() -> None:
    rays = MODELS["ideal"].pixels_to_rays(np.array([[319.5, 239.5], [819.5, 239.5]]))
    np.testing.assert_allclose(rays, [[0, 0, 1], [np.sqrt(0.5), 0, np.sqrt(0.5)]], atol=1e-12)


def test_projection_is_the_textbook_formula() -> None:
    # radial distortion written out by hand for one point
    camera = CameraModel(640, 480, MATRIX, np.array([-0.3, 0.1, 0.0, 0.0]))
    x, y = 0.2, -0.1
    radial = 1 - 0.3 * 0.05 + 0.1 * 0.05**2
    expected = [500 * x * radial + 319.5, 510 * y * radial + 239.5]
    np.testing.assert_allclose(camera.project(np.array([[2 * x, 2 * y, 2.0]]))[0], expected)


def test_points_behind_the_camera_have_no_pixel() -> None:
    for camera in MODELS.values():
        pixels = camera.project(np.array([[0.1, 0.1, -1.0], [0.1, 0.1, 0.0], [0.0, 0.0, 2.0]]))
        assert np.isnan(pixels[:2]).all()
        assert np.isfinite(pixels[2]).all()


def test_a_pixel_without_inverse_has_no_ray() -> None:
    # strong barrel distortion folds back: nothing is seen at a pixel this far out
    camera = CameraModel(640, 480, MATRIX, np.array([-0.4, 0.0, 0.0, 0.0]))
    rays = camera.pixels_to_rays(np.array([[2000.0, 239.5], [319.5, 239.5]]))
    assert np.isnan(rays[0]).all()
    assert np.isfinite(rays[1]).all()


def test_no_pixels_give_no_rays() -> None:
    assert MODELS["plumb_bob"].pixels_to_rays(np.zeros((0, 2))).shape == (0, 3)
    assert MODELS["plumb_bob"].project(np.zeros((0, 3))).shape == (0, 2)


@pytest.mark.parametrize("camera", MODELS.values(), ids=MODELS)
def test_a_window_sees_the_same_rays(camera: CameraModel) -> None:
    window = camera.shifted(100, 50, 320, 240)
    assert (window.width, window.height) == (320, 240)
    pixels = grid(320, 240)
    np.testing.assert_allclose(
        window.pixels_to_rays(pixels), camera.pixels_to_rays(pixels + np.array([100, 50])), atol=1e-9
    )


def test_scaled_follows_a_resized_picture() -> None:
    # the centre of a bright square stays on the same ray when the picture is resized
    camera = MODELS["plumb_bob"]
    image = np.zeros((480, 640), np.uint8)
    image[100:140, 400:440] = 255
    small = cv2.resize(image, (320, 160), interpolation=cv2.INTER_AREA)
    centres = [np.argwhere(picture > 127)[:, ::-1].mean(axis=0, keepdims=True) for picture in (image, small)]
    rays = camera.pixels_to_rays(centres[0]), camera.scaled(320, 160).pixels_to_rays(centres[1])
    np.testing.assert_allclose(rays[0], rays[1], atol=1e-9)


def test_pinhole_has_the_field_of_view_asked_for() -> None:
    camera = CameraModel.pinhole(640, 480, np.radians(90))
    rays = camera.pixels_to_rays(np.array([[-0.5, 239.5], [639.5, 239.5]]))
    assert np.degrees(np.arccos(rays[0] @ rays[1])) == pytest.approx(90)
    with pytest.raises(InputError, match="field of view"):
        CameraModel.pinhole(640, 480, 4.0)


CALIBRATION = {
    "image_width": 640,
    "image_height": 480,
    "camera_name": "front",
    "camera_matrix": {"rows": 3, "cols": 3, "data": MATRIX.ravel().tolist()},
    "distortion_model": "plumb_bob",
    "distortion_coefficients": {"rows": 1, "cols": 5, "data": [-0.3, 0.12, 0.001, -0.002, 0]},
    "projection_matrix": {"rows": 3, "cols": 4, "data": [0.0] * 12},
}


def written(tmp_path: Path, **changes: object) -> Path:
    path = tmp_path / "camera.yaml"
    path.write_text(yaml.safe_dump({k: v for k, v in {**CALIBRATION, **changes}.items() if v is not None}))
    return path


def test_reads_a_calibration(tmp_path: Path) -> None:
    camera = CameraModel.from_calibration_yaml(written(tmp_path))
    assert (camera.width, camera.height, camera.model) == (640, 480, "plumb_bob")
    np.testing.assert_array_equal(camera.matrix, MATRIX)
    np.testing.assert_array_equal(camera.distortion, [-0.3, 0.12, 0.001, -0.002, 0])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"image_width": None}, "image_width"),
        ({"image_height": -4}, "image_height"),
        ({"camera_matrix": None}, "camera_matrix"),
        ({"camera_matrix": {"data": [1, 2]}}, "camera_matrix"),
        ({"camera_matrix": {"data": [0] * 9}}, "focal"),
        ({"distortion_coefficients": {"data": ["a"]}}, "distortion_coefficients"),
        ({"distortion_coefficients": {"data": [0.1]}}, "coefficients"),
        ({"distortion_model": "thin_prism"}, "thin_prism"),
    ],
)
def test_a_wrong_calibration_names_the_key(tmp_path: Path, changes: dict[str, object], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        CameraModel.from_calibration_yaml(written(tmp_path, **changes))


def test_an_unreadable_calibration_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"missing\.yaml' cannot be read: No such file") as caught:
        CameraModel.from_calibration_yaml(tmp_path / "missing.yaml")
    assert str(caught.value).count("missing.yaml") == 1
    (tmp_path / "broken.yaml").write_text("a: [")
    with pytest.raises(RecordingError, match=r"broken\.yaml"):
        CameraModel.from_calibration_yaml(tmp_path / "broken.yaml")
    (tmp_path / "list.yaml").write_text("- 1")
    with pytest.raises(SettingsError, match="mapping"):
        CameraModel.from_calibration_yaml(tmp_path / "list.yaml")


@pytest.mark.parametrize(
    "arguments",
    [
        (0, 480, MATRIX, np.zeros(0)),
        (640, 480, np.zeros((3, 3)), np.zeros(0)),
        (640, 480, MATRIX * np.nan, np.zeros(0)),
        (640, 480, MATRIX, np.full(5, np.inf)),
        (640, 480, MATRIX, np.zeros(5), "fisheye"),
    ],
)
def test_impossible_cameras_are_refused(arguments: tuple[object, ...]) -> None:
    with pytest.raises(InputError, match="camera model"):
        CameraModel(*arguments)  # type: ignore[arg-type]
