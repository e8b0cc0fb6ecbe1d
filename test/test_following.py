"""``mobinet target``: one object through a video, as boxes in a file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mobinet.cli import main
from mobinet.evaluation.target_files import read_target

IMAGES = 12


@pytest.fixture
def video(data_dir, tmp_path: Path) -> Path:
    """The first images of a girl who turns around."""
    folder = tmp_path / "girl"
    folder.mkdir()
    for path in sorted((data_dir / "sot" / "otb_Girl" / "img").glob("*.jpg"))[:IMAGES]:
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture
def network(data_dir) -> str:
    return str(data_dir / "models" / "nanotrack_v2" / "nanotrack_backbone_sim.onnx")


BOX = ("--box", "56", "20", "87", "65")


@pytest.mark.recordings
def test_writes_boxes_that_the_evaluation_reads(video, network, data_dir, tmp_path, capsys):
    output, view = tmp_path / "boxes.txt", tmp_path / "view.avi"
    assert main(["target", str(video), *BOX, "--network", network, "-o", str(output), "--view", str(view)]) == 0
    assert f"{IMAGES} images" in capsys.readouterr().err
    boxes, confidences = read_target(output, "xywh")
    truth, _ = read_target(data_dir / "sot" / "otb_Girl" / "groundtruth_rect.txt", "otb")
    assert len(boxes) == IMAGES
    np.testing.assert_array_equal(boxes[0], [56, 20, 87, 65])
    np.testing.assert_allclose(boxes, truth[:IMAGES], atol=8)
    assert (confidences > 0.5).all()
    shown = cv2.VideoCapture(str(view))
    assert shown.get(cv2.CAP_PROP_FRAME_COUNT) == IMAGES
    shown.release()


@pytest.mark.recordings
def test_begins_later_and_prints(video, network, capsys):
    assert main(["target", str(video), *BOX, "--network", network, "--first", "10", "--alone"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == IMAGES
    assert lines[:10] == ["nan,nan,nan,nan,0"] * 10
    assert lines[10] == "56.00,20.00,31.00,45.00,1.000"


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        # after the end
        (("--first", "99"), "--first 99: the video has 12 images"),
        # a box beside the image
        (("--box", "500", "20", "600", "80"), "inside the 128 x 96 image"),
        # a name that says no format
        (("--view", "view.gif"), "expected a name that ends in .mp4 or .avi"),
        # a folder that is not there
        (("-o", "/absent/boxes.txt"), "'/absent/boxes.txt' cannot be written"),
    ],
)
def test_one_line_for_an_error(video, network, capsys, arguments, message):
    assert main(["target", str(video), *BOX, "--network", network, *arguments]) == 2
    assert message in capsys.readouterr().err
