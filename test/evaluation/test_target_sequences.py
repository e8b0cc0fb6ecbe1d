"""Sequences of one object in the folders of the benchmarks, written with a grey value for each image's number."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from mobinet.errors import RecordingError
from mobinet.evaluation.target_files import find_targets, read_target
from mobinet.evaluation.target_sequences import read_target_sequence, read_target_sequences


def write_images(folder, numbers):
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        cv2.imwrite(str(folder / f"{number:04d}.png"), np.full((24, 32, 3), number, np.uint8))


def shown(sequence) -> list[int]:
    return [int(frame.image[0, 0, 0]) for frame in sequence.frames()]


def test_otb(tmp_path):
    write_images(tmp_path / "otb_Man/img", range(7, 11))
    (tmp_path / "otb_Man/Man.groundtruth_rect.txt").write_text("2\t3\t4\t5\n3 3 4 5\n4,3,4,5\n5,3,4,5\n")
    (tmp_path / "otb_Man/attrs.txt").write_text("SV, OCC")
    (tmp_path / "otb_Man/cfg.json").write_text("{not ours")
    sequence = read_target_sequences(tmp_path)["otb_Man"]
    assert sequence.truth[0].tolist() == [1, 2, 5, 7]
    # numbered from anything
    assert shown(sequence) == [7, 8, 9, 10]
    assert [frame.stamp_ns for frame in sequence.frames()][:2] == [0, 40_000_000]


def test_several_objects_of_one_recording(tmp_path):
    write_images(tmp_path / "Jogging/img", [1])
    for number in (1, 2):
        (tmp_path / f"Jogging/groundtruth_rect.{number}.txt").write_text(f"{number},1,5,5\n")
    found = read_target_sequences(tmp_path)
    assert {name: one.truth[0, 0] for name, one in found.items()} == {"Jogging.1": 0, "Jogging.2": 1}


def test_boxes_that_begin_later_in_the_recording(tmp_path):
    write_images(tmp_path / "img", range(1, 7))
    (tmp_path / "groundtruth_rect.txt").write_text("1,1,5,5\n1,1,5,5\n")
    assert shown(read_target_sequence(tmp_path / "groundtruth_rect.txt")) == [1, 2]
    (tmp_path / "cfg.json").write_text(json.dumps({"startFrame": 3}))
    assert shown(read_target_sequence(tmp_path / "groundtruth_rect.txt")) == [3, 4]
    # more boxes than images from there on: the number is not that of this folder
    (tmp_path / "cfg.json").write_text(json.dumps({"startFrame": 6}))
    assert shown(read_target_sequence(tmp_path / "groundtruth_rect.txt")) == [1, 2]


def test_an_object_that_comes_late_and_goes(tmp_path):
    write_images(tmp_path, range(1, 6))
    (tmp_path / "gt.txt").write_text("NaN,NaN,NaN,NaN\n0,0,0,0\n1,1,9,9\nNaN,NaN,NaN,NaN\n2,1,9,9\n")
    sequence = read_target_sequence(tmp_path / "gt.txt", "any")
    assert (sequence.name, sequence.first, len(sequence.truth)) == ("any", 2, 3)
    assert np.isnan(sequence.truth[1]).all()
    assert shown(sequence) == [3, 4, 5]


@pytest.mark.parametrize(("lines", "expected"), [(2, 2), (9, 4)])
def test_more_or_fewer_boxes_than_images(tmp_path, lines, expected):
    video = cv2.VideoWriter(str(tmp_path / "any.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (32, 24))
    for _ in range(4):
        video.write(np.zeros((24, 32, 3), np.uint8))
    video.release()
    (tmp_path / "gt.txt").write_text("1,1,9,9\n" * lines)
    stamps = [frame.stamp_ns for frame in read_target_sequence(tmp_path / "gt.txt").frames()]
    assert stamps == [100_000_000 * row for row in range(expected)]


def test_without_images_or_boxes(tmp_path):
    (tmp_path / "gt.txt").write_text("1,1,9,9\n")
    with pytest.raises(RecordingError, match="has boxes but no images"):
        read_target_sequence(tmp_path / "gt.txt")
    (tmp_path / "gt.txt").write_text("NaN,NaN,NaN,NaN\n")
    with pytest.raises(RecordingError, match="has no box"):
        read_target_sequence(tmp_path / "gt.txt")


def test_names_of_files(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/Coke_groundtruth_rect.txt").write_text("2,3,4,5\n7,7,0,0\n")
    (tmp_path / "a/init.txt").write_text("1,2,5,7\n")
    assert list(find_targets(tmp_path)) == ["a"]
    boxes, _ = read_target(find_targets(tmp_path)["a"])
    assert boxes[0].tolist() == [1, 2, 5, 7]
    # without width and height there is no box
    assert np.isnan(boxes[1]).all()


@pytest.mark.recordings
def test_recorded_sequences(data_dir):
    found = read_target_sequences(data_dir / "sot")
    assert {name: len(one.truth) for name, one in found.items()} == {
        "otb_Coke": 291,
        "otb_Couple": 140,
        "otb_Girl": 500,
        "tld_01_david": 761,
        "tld_05_pedestrian3": 184,
        "tld_06_car": 945,
    }
    assert sum(1 for _ in found["tld_05_pedestrian3"].frames()) == 184


def test_a_preview_beside_a_video_is_not_taken_for_the_images(tmp_path):
    write_images(tmp_path, [1])
    video = cv2.VideoWriter(str(tmp_path / "any.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (32, 24))
    for _ in range(4):
        video.write(np.zeros((24, 32, 3), np.uint8))
    video.release()
    (tmp_path / "gt.txt").write_text("1,1,9,9\n" * 4)
    assert read_target_sequence(tmp_path / "gt.txt").images.name == "any.avi"


def test_linked_folders(tmp_path):
    write_images(tmp_path / "elsewhere/img", [1])
    (tmp_path / "elsewhere/gt.txt").write_text("1;1;9;9\n")
    (tmp_path / "here").mkdir()
    (tmp_path / "here/man").symlink_to(tmp_path / "elsewhere")
    assert list(read_target_sequences(tmp_path / "here")) == ["man"]
