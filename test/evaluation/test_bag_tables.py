"""Truth, tracks and identities out of bags."""

from __future__ import annotations

import json

import pytest

from mobinet.cli import main
from mobinet.errors import InputError, RecordingError
from mobinet.evaluation.bag_tables import is_bag, name_tracks, read_bag_detections, read_bag_identities, read_bag_tracks
from mobinet.recordings.bags import BagReader

pytest.importorskip("trackeval", reason="needs trackeval: pip install --no-deps trackeval")


def run(capsys, *arguments: object) -> dict:
    assert main(["eval", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_tracks_of_a_bag_are_judged_by_its_truth(scene_bag, capsys):
    bag = scene_bag()
    scores = run(capsys, "mot", bag, bag)
    assert list(scores) == ["r1/front", "r2/front", "all"]
    assert scores["all"]["hota"] == 1
    assert scores["all"]["truth_boxes"] == 40


def test_identities_of_every_robot_are_judged_in_images_and_on_the_map(scene_bag, capsys):
    bag = scene_bag(exchanged_from=5)
    scores = run(capsys, "identities", bag, bag)
    for part in ("images", "map"):
        assert scores[part]["r1"]["idf1"] == 1
        # right for five of ten instants
        assert scores[part]["r2"]["idf1"] == 0.5
        assert scores[part]["r2"]["fragments"] == 2
    # reported 10 cm beside the truth
    assert scores["localisation"]["r2"]["rms_error_m"] == pytest.approx(0.1)
    assert scores["agreement"]["r1 and r2"] == {"agreement": 0.5, "same": 10, "different": 10, "missing": 0}


def test_only_images_with_an_answer_can_be_judged(messages, tmp_path, capsys):
    person = messages.true_object(1, 0.0, 0.0)
    answered = [messages.tracks(index, {4: 0.0}) for index in range(0, 10, 2)]
    truth = [messages.truth(index, [person]) for index in range(10)]
    bag = messages.write(
        tmp_path / "bag",
        {
            "/r1/front/truth": ("mobinet_ros/msg/GroundTruthArray", truth),
            "/r1/front/tracks": ("mobinet_ros/msg/TrackArray", answered),
        },
    )
    assert run(capsys, "mot", bag, bag)["r1/front"]["fn"] == 5
    assert run(capsys, "mot", bag, bag, "--answered-only")["r1/front"]["fn"] == 0


def test_tracks_are_judged_where_there_is_truth_be_it_nothing(messages, tmp_path, capsys):
    # the truth is told for every second image, and is once that nobody is there
    truth = [messages.truth(0, [messages.true_object(1, 0.0, 0.0)]), messages.truth(2, [])]
    found = [messages.tracks(index, {4: 0.0}) for index in range(4)]
    bag = messages.write(
        tmp_path / "bag",
        {
            "/r1/front/truth": ("mobinet_ros/msg/GroundTruthArray", truth),
            "/r1/front/tracks": ("mobinet_ros/msg/TrackArray", found),
        },
    )
    scores = run(capsys, "mot", bag, bag)["r1/front"]
    assert (scores["tp"], scores["fp"], scores["fn"]) == (1, 1, 0)


def test_a_replay_under_another_clock_is_refused(messages, tmp_path, capsys):
    person = messages.true_object(1, 0.0, 0.0)
    bag = messages.write(
        tmp_path / "bag",
        {
            "/r1/front/truth": ("mobinet_ros/msg/GroundTruthArray", [messages.truth(0, [person])]),
            "/r1/front/tracks": ("mobinet_ros/msg/TrackArray", [messages.tracks(9, {4: 0.0})]),
        },
    )
    assert main(["eval", "mot", str(bag), str(bag)]) == 2
    assert "no stamp of camera 'r1/front' of the results is one of the truth" in capsys.readouterr().err


def test_predicted_boxes_count_only_when_asked_for(messages, tmp_path):
    rows = [messages.tracks(0, {1: 0.0}, state=state) for state in (0, 1, 2)]
    for index, message in enumerate(rows):
        message.header = messages.header(index)
    bag = messages.write(tmp_path / "bag", {"/r1/front/tracks": ("mobinet_ros/msg/TrackArray", rows)})
    with BagReader(bag) as reader:
        assert len(read_bag_tracks(reader)["r1/front"].table) == 1
        coasting = read_bag_tracks(reader, coasting=True)["r1/front"]
    assert len(coasting.table) == 2
    assert len(coasting.stamps_ns) == 3


def test_a_track_without_an_identity_is_left_out(scene_bag, messages, tmp_path):
    keys = [("r1", "front", 1)]
    bag = messages.write(
        tmp_path / "other",
        {
            "/r1/front/tracks": ("mobinet_ros/msg/TrackArray", [messages.tracks(0, {1: 0.0, 2: 50.0})]),
            "/r1/identities": ("mobinet_ros/msg/IdentityArray", [messages.identities(3, {"a": (0.0, keys)})]),
        },
    )
    with BagReader(bag) as reader:
        tracks = read_bag_tracks(reader)["r1/front"].table
        named = name_tracks("r1/front", tracks, read_bag_identities(reader)["r1"])
    # the message three images later names the first one
    assert (named.ids.tolist(), named.boxes[:, 0].tolist()) == (["a"], [0])


def test_detections_are_judged_by_the_truth(messages, tmp_path, capsys):
    person = messages.true_object(1, 0.0, 0.0)
    found = [
        messages.make(
            "vision_msgs/msg/Detection2DArray", header=messages.header(index), detections=[messages.detection(0.0)]
        )
        for index in range(4)
    ]
    bag = messages.write(
        tmp_path / "bag",
        {
            "/r1/front/truth": (
                "mobinet_ros/msg/GroundTruthArray",
                [messages.truth(i, [person]) for i in range(6)],
            ),
            "/r1/front/detections": ("vision_msgs/msg/Detection2DArray", found),
        },
    )
    assert is_bag(bag)
    pytest.importorskip("pycocotools", reason="needs pycocotools")
    assert run(capsys, "detection", bag, bag)["mean"]["recall"] == pytest.approx(4 / 6, abs=1e-5)
    assert run(capsys, "detection", bag, bag, "--answered-only")["mean"]["ap"] == 1
    small = ["--minimum-diagonal-px", 10, "--minimum-side-px", 5, "--skip-s", 0.15]
    scores = run(capsys, "events", bag, bag, *small)
    assert scores["mean"]["truth_boxes"] == 4


def test_one_object_is_judged_where_the_tracker_says_that_it_sees_it(messages, tmp_path, capsys):
    # hidden in images 2 and 3; the tracker says so (OCCLUDED) in 2, sees it in 3, has it again in 5
    visible = [1.0, 1.0, 0.0, 0.0, 1.0, 1.0]
    states = [1, 2, 3, 1, 3, 5]
    truth = [messages.truth(index, [messages.true_object(1, 0.0, 0.0, share)]) for index, share in enumerate(visible)]
    said = [
        messages.make(
            "mobinet_ros/msg/Target", header=messages.header(index), state=state, bbox=messages.box(0.0), confidence=0.5
        )
        for index, state in enumerate(states)
    ]
    bag = messages.write(
        tmp_path / "bag",
        {
            "/r1/front/truth": ("mobinet_ros/msg/GroundTruthArray", truth),
            "/r1/front/target": ("mobinet_ros/msg/Target", said),
        },
    )
    scores = run(capsys, "target", bag, bag, "--camera", "r1/front", "--object", "person_1")["r1/front person_1"]
    assert (scores["op50"], scores["false_alarms"]) == (0.75, 0.5)
    assert (scores["refound"], scores["absences"], scores["refind_s"]) == (1, 1, 0.1)
    assert main(["eval", "target", str(bag), str(bag), "--camera", "r1/front", "--object", "dog"]) == 2
    assert "never sees 'dog'; it sees person_1" in capsys.readouterr().err
    assert main(["eval", "target", str(bag), str(bag), "--object", "dog"]) == 2
    assert "of camera ''; it has some of r1/front" in capsys.readouterr().err


def test_what_a_bag_lacks_is_named(messages, tmp_path):
    bag = messages.write(
        tmp_path / "bag", {"/r1/front/tracks": ("mobinet_ros/msg/TrackArray", [messages.tracks(0, {})])}
    )
    with BagReader(bag) as reader, pytest.raises(InputError, match="no messages of vision_msgs/msg/Detection2DArray"):
        read_bag_detections(reader)
    assert main(["eval", "mot", str(bag), str(bag)]) == 2


def test_a_message_that_does_not_fit_its_definition_is_named(messages, tmp_path):
    from mobinet.recordings.bags import BagWriter

    kind = "mobinet_ros/msg/TrackArray"
    with BagWriter(tmp_path / "bag") as writer:
        writer.add_topic("/r1/front/tracks", kind, messages.definition(kind))
        writer.write("/r1/front/tracks", 1, b"\x00\x01\x00\x00\x01")
    with BagReader(tmp_path / "bag") as reader, pytest.raises(RecordingError, match="is no mobinet_ros/msg/TrackArray"):
        read_bag_tracks(reader)
