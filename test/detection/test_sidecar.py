"""The YAML file beside a network."""

from __future__ import annotations

import pytest

from mobinet.detection.preprocessing import InputFormat
from mobinet.detection.sidecar import Sidecar, input_format_of, read_sidecar
from mobinet.errors import SettingsError


def test_none_and_empty(tmp_path):
    assert read_sidecar(tmp_path / "net.onnx") == Sidecar()
    (tmp_path / "net.yaml").write_text("# nothing said\n")
    assert read_sidecar(tmp_path / "net.onnx") == Sidecar()


def test_all_keys(tmp_path):
    (tmp_path / "net.yaml").write_text(
        "head: yolov5\ninput_size: [480, 640]\nresize: corner\ncolour: bgr\nscale: 1\nmean: [1, 2, 3.5]\n"
        "std: [4, 5, 6]\npad: 0\nclass_names: [person, 'no']\n"
    )
    sidecar = read_sidecar(tmp_path / "net.onnx")
    assert (sidecar.head, sidecar.input_size, sidecar.class_names) == ("yolov5", (480, 640), ("person", "no"))
    form = input_format_of(sidecar, InputFormat(480, 640))
    assert form == InputFormat(480, 640, "corner", "bgr", 1.0, (1, 2, 3.5), (4, 5, 6), 0)


def test_what_is_not_said_comes_from_the_family():
    family = InputFormat(64, 64, "stretch", "bgr", 1.0, (127.0,) * 3, (128.0,) * 3, 7)
    assert input_format_of(Sidecar(), family) == family


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hed: yolox", "unknown key 'hed'.*head"),
        ("- yolox", "found list"),
        ("head: [", "YAML"),
        ("resize: squeeze", "resize.*stretch"),
        ("mean: [1, 2]", "mean.*3 numbers"),
        ("std: [1, 0, 1]", "std.*above 0"),
        ("std: [a, b, c]", "std.*3 numbers"),
        ("input_size: [640]", "input_size.*2 numbers"),
        ("input_size: [640, 8]", "input_size.*16"),
        ("input_size: 640", "input_size.*list"),
        # YAML reads an unquoted no as false
        ("class_names: [yes, no]", "class_names.*quote"),
        ("pad: 300", "pad.*255"),
    ],
)
def test_errors_name_the_file_and_the_cure(tmp_path, text, message):
    (tmp_path / "net.yaml").write_text(text)
    with pytest.raises(SettingsError, match=message) as caught:
        read_sidecar(tmp_path / "net.onnx")
    assert "net.yaml" in str(caught.value)


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "net.yaml").write_bytes(b"\xff\xfe\x00head")
    with pytest.raises(SettingsError, match=r"net\.yaml"):
        read_sidecar(tmp_path / "net.onnx")


def test_a_file_of_another_kind_is_told_apart(tmp_path):
    # a rig file that happens to have the model's stem
    (tmp_path / "net.yaml").write_text("rig_version: 1\nrobots: {}\n")
    with pytest.raises(
        SettingsError, match=r"'rig_version'.*read as the sidecar of 'net\.onnx'.*another name"
    ) as caught:
        read_sidecar(tmp_path / "net.onnx")
    assert str(caught.value).count(str(tmp_path)) == 1
