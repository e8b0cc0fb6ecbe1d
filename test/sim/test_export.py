"""Rendered folders: what is in them, and that none is there that is not whole."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import yaml

from mobinet.camera import CameraModel
from mobinet.cli import main
from mobinet.errors import MissingDependencyError, RecordingError, SettingsError
from mobinet.geometry import Transform
from mobinet.recordings.mot import read_mot, read_seqinfo
from mobinet.sim import export_camera, rig_export
from mobinet.sim.export import ExportSettings, export_world
from mobinet.sim.world_file import load_world

pytestmark = pytest.mark.usefixtures("can_draw")


def render(small_world: Path, out: Path, **settings) -> Path:
    export_world(load_world(small_world), small_world, out, ExportSettings(**{"duration_s": 0.5, **settings}))
    return out


def test_a_folder_holds_images_truth_poses_and_a_rig(small_world, tmp_path):
    out = render(small_world, tmp_path / "out")
    camera = out / "r1/front"
    assert len(list(camera.glob("img1/*.jpg"))) == 5  # 0.5 s at 10 Hz
    assert cv2.imread(str(camera / "img1/000001.jpg")).shape == (240, 320, 3)
    info = read_seqinfo(camera / "seqinfo.ini")
    assert (info.rate, info.length, info.width, info.height) == (10.0, 5, 320, 240)
    records = [json.loads(line) for line in (camera / "truth.jsonl").read_text().splitlines()]
    assert [record["stamp_ns"] for record in records] == [0, 100_000_000, 200_000_000, 300_000_000, 400_000_000]
    table = read_mot(camera / "gt/gt.txt")
    assert len(table) == sum(len(record["objects"]) for record in records)
    by_name = {thing["name"]: thing for thing in records[0]["objects"]}
    hidden = table[(table.frames == 1) & (table.ids == by_name["behind"]["identity"])]
    assert (hidden.scores.tolist(), hidden.visibility.tolist(), hidden.classes.tolist()) == ([0.0], [0.0], [1])
    np.testing.assert_allclose(hidden.boxes[0], by_name["behind"]["box"])
    assert by_name["behind"]["visible_box"] is None
    poses = np.loadtxt(out / "r2/left/poses.txt", ndmin=2)
    assert poses.shape == (2, 8)  # floor(0.5 s at 5 Hz) images
    np.testing.assert_allclose(np.linalg.norm(poses[:, 4:], axis=1), 1.0, atol=1e-5)
    assert "1,near,person" in (out / "objects.csv").read_text()
    assert (out / "world.yaml").read_text() == small_world.read_text()


def test_the_rig_has_the_poses_and_lenses_of_the_world(small_world, tmp_path):
    out = render(small_world, tmp_path / "out")
    world = load_world(small_world)
    rig = yaml.safe_load((out / "rig.yaml").read_text())
    assert rig["robots"]["r1"]["pose"] == [0.0] * 6
    assert "pose" not in rig["robots"]["r2"]  # it moves
    camera = rig["robots"]["r2"]["cameras"]["left"]
    assert (out / camera["source"]).is_dir()
    x, y, z, roll, pitch, yaw = camera["mount"]
    mount = world.robots[1].cameras[0].mount
    found = Transform.from_euler(roll, pitch, yaw, np.array([x, y, z]))
    np.testing.assert_allclose(found.rotation, mount.rotation, atol=1e-5)
    model = CameraModel.from_calibration_yaml(out / camera["calibration"])
    np.testing.assert_allclose(model.matrix, world.robots[1].cameras[0].model.matrix)


def test_the_same_world_gives_the_same_bytes(small_world, tmp_path):
    first, second = (render(small_world, tmp_path / name, depth=True) for name in ("a", "b"))
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert len(files) > 10
    assert files == sorted(path.relative_to(second) for path in second.rglob("*") if path.is_file())
    assert [name for name in files if (first / name).read_bytes() != (second / name).read_bytes()] == []


def test_video_and_depth_when_asked_for(small_world, tmp_path):
    out = render(small_world, tmp_path / "out", video=True, depth=True)
    video = cv2.VideoCapture(str(out / "r1/front/video.mp4"))
    assert (video.get(cv2.CAP_PROP_FRAME_COUNT), video.get(cv2.CAP_PROP_FPS)) == (5, 10)
    video.release()
    depth = cv2.imread(str(out / "r1/front/depth/000001.png"), cv2.IMREAD_UNCHANGED)
    assert depth.dtype == np.uint16
    assert depth[0, 160] == 0  # the sky
    # the camera is 1.3 m above ground and the lowest row looks 30 degrees down
    assert 1500 < depth[-1, 160] < 3500
    assert yaml.safe_load((out / "rig.yaml").read_text())["robots"]["r1"]["cameras"]["front"]["source"].endswith("mp4")


def test_a_folder_that_is_there_is_not_touched(small_world, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine").write_text("kept")
    with pytest.raises(RecordingError, match="is there already"):
        render(small_world, out)
    assert [path.name for path in out.iterdir()] == ["mine"]


def test_a_full_disk_leaves_nothing(small_world, tmp_path, monkeypatch):
    saved = []

    def full(path, image):
        saved.append(path)
        if len(saved) == 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        path.write_bytes(b"x")

    monkeypatch.setattr(export_camera, "write_image", full)
    folder = tmp_path / "there"
    folder.mkdir()
    with pytest.raises(RecordingError, match="No space left on device; check the folder"):
        render(small_world, folder / "out")
    assert len(saved) == 4
    assert list(folder.iterdir()) == []


def test_a_cut_video_is_noticed(tmp_path):
    path = tmp_path / "video.mp4"
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    for grey in (0, 100, 200):
        video.write(np.full((48, 64, 3), grey, np.uint8))
    video.release()
    export_camera._check_video(path, 3)
    with pytest.raises(RecordingError, match="has 3 of 4 images"):
        export_camera._check_video(path, 4)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(RecordingError, match="has 0 of 3 images"):
        export_camera._check_video(path, 3)


def test_another_process_gives_the_same_bytes(small_world, tmp_path):
    for name in ("a", "b"):
        command = [sys.executable, "-m", "mobinet.cli", "sim", "render", str(small_world)]
        subprocess.run(
            [*command, "-o", str(tmp_path / name), "--duration", "0.3"], check=True, stdout=subprocess.DEVNULL
        )
    files = [path for path in (tmp_path / "a").rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes(), path.name


def test_a_folder_that_cannot_be_made_is_named(small_world, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="cannot be written: Not a directory; check the folder"):
        render(small_world, tmp_path / "file/out")


def test_an_interrupt_leaves_nothing(small_world, tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    folder = tmp_path / "there"
    folder.mkdir()
    world = load_world(small_world)
    with pytest.raises(KeyboardInterrupt):
        export_world(world, small_world, folder / "out", ExportSettings(0.5), stop)
    assert list(folder.iterdir()) == []


def test_a_time_without_images_is_refused(small_world, tmp_path):
    with pytest.raises(SettingsError, match=r"camera r2/left: no image within 0\.15 s"):
        render(small_world, tmp_path / "out", duration_s=0.15)
    assert not (tmp_path / "out").exists()


def test_the_command_renders_and_says_where(small_world, tmp_path, capsys):
    assert main(["sim", "render", str(small_world), "-o", str(tmp_path / "out"), "--duration", "0.4"]) == 0
    assert "6 images" in capsys.readouterr().out  # 4 of one camera, 2 of the other
    assert main(["sim", "render", str(small_world), "-o", str(tmp_path / "out")]) == 2
    assert "is there already" in capsys.readouterr().err


def test_it_draws_though_others_imported_mujoco_for_a_screen(small_world):
    program = (
        "import os; os.environ.pop('MUJOCO_GL', None); os.environ.pop('DISPLAY', None); import mujoco\n"
        "from mobinet.sim.simulation import Simulation; from mobinet.sim.world_file import load_world\n"
        "from pathlib import Path; import sys\n"
        "with Simulation(load_world(Path(sys.argv[1]))) as simulation:\n"
        "    print(simulation.image(simulation.views[0], 0).shape)"
    )
    command = [sys.executable, "-c", program, str(small_world)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.stdout == "(240, 320, 3)\n", done.stderr


def test_without_a_display_driver_the_package_is_named(small_world, tmp_path, monkeypatch):
    def no_driver(*_arguments, **_options):
        # what MuJoCo 4 raises where libEGL is absent
        raise AttributeError("'NoneType' object has no attribute 'eglQueryString'")

    monkeypatch.setenv("MUJOCO_GL", "egl")
    monkeypatch.setitem(sys.modules, "mujoco.egl", SimpleNamespace(GLContext=no_driver))
    with pytest.raises(MissingDependencyError, match="needs 'EGL': apt-get install libegl1"):
        render(small_world, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("angles", [(0.1, -0.4, 2.0), (0.0, 0.0, -3.0), (-1.2, 1.1, 0.3), (0.0, np.pi / 2, 0.4)])
def test_euler_angles_come_back(angles):
    rotation = Transform.from_euler(*angles, np.zeros(3)).rotation
    again = Transform.from_euler(*rig_export.euler_of(rotation), np.zeros(3)).rotation
    np.testing.assert_allclose(again, rotation, atol=1e-6)


def test_without_mujoco_it_is_named(small_world, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mujoco", None)
    with pytest.raises(MissingDependencyError, match="the simulated world needs 'mujoco': pip install 'mujoco'"):
        render(small_world, tmp_path / "out")
