"""The command on files, and what it says to bad ones."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mobinet.cli import main

pytest.importorskip("trackeval", reason="needs trackeval: pip install --no-deps trackeval")
TRUTH = "1,1,10,10,20,40,1,-1,-1,-1\n2,1,11,10,20,40,1,-1,-1,-1\n3,1,12,10,20,40,1,-1,-1,-1\n"
RESULTS = TRUTH.replace(",1,1", ",7,1", 1)


def run(capsys, *arguments: object) -> str:
    assert main(["eval", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def refuse(capsys, *arguments: object) -> str:
    assert main(["eval", *map(str, arguments)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


@pytest.fixture
def files(tmp_path):
    """Writes text to files below a folder, and answers the folder."""

    def write(**texts: str):
        for name, text in texts.items():
            path = tmp_path / name.replace("__", "/")
            path = path.with_name(path.name + ".txt")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def test_a_table_in_percent_and_json_in_shares(files, capsys):
    folder = files(gt=TRUTH, ours=TRUTH)
    lines = run(capsys, "mot", folder / "gt.txt", folder / "ours.txt").splitlines()
    assert [line.split()[:2] for line in lines] == [["HOTA", "DetA"], ["ours", "100.0"]]
    scores = json.loads(run(capsys, "mot", folder / "gt.txt", folder / "ours.txt", "--json"))
    (only,) = scores.values()
    assert (only["hota"], only["idsw"], only["truth_boxes"]) == (1, 0, 3)


def test_sequences_are_found_by_their_folders(files, capsys):
    folder = files(
        truth__r1__front__gt__gt=TRUTH, truth__r2__front__gt=TRUTH, ours__r1_front=TRUTH, ours__r2__front=TRUTH
    )
    scores = json.loads(run(capsys, "mot", folder / "truth", folder / "ours", "--json"))
    assert list(scores) == ["r1/front", "r2/front", "all"]


def test_identities_over_files(files, capsys):
    folder = files(truth__a__gt=TRUTH, truth__b__gt=TRUTH, ours__a=TRUTH, ours__b=TRUTH.replace(",1,1", ",5,1"))
    scores = json.loads(run(capsys, "identities", folder / "truth", folder / "ours", "--json"))
    assert scores["all cameras"]["idf1"] == 0.5


def test_a_rendered_world_is_judged_by_its_own_truth(tmp_path, capsys):
    things = [
        {"identity": 3, "class": kind, "box": [0, 0, 10, 20], "visibility": visibility, "position": [1, 2, 0]}
        for kind, visibility in (("person", 1.0), ("car", 0.0))
    ]
    things[1] |= {"identity": 4, "box": [50, 0, 60, 20]}
    folder = tmp_path / "world/r1/front"
    folder.mkdir(parents=True)
    records = [{"frame": n, "stamp_ns": n * 10**8, "objects": things} for n in (1, 2)]
    (folder / "truth.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    (tmp_path / "r1_front.txt").write_text("1,9,0,0,10,20,1,-1,-1,-1\n2,9,0,0,10,20,1,-1,-1,-1\n")
    scores = json.loads(run(capsys, "mot", tmp_path / "world", tmp_path / "r1_front.txt", "--json", "--per-class"))
    # the hidden car is not demanded, and nothing of its class was judged
    assert scores["person r1/front"]["hota"] == 1
    assert scores["car r1/front"]["truth_boxes"] == 0


@pytest.mark.parametrize(
    ("results", "message"),
    [
        # counted from 0
        (TRUTH.replace("1,1,10", "0,1,10", 1), "line 1: expected a whole frame number from 1 on"),
        ("1,1,10,10,20\n", "line 1: expected 7, 9 or 10 columns"),
        ("1,1,10,10,20,40,1,-1,-1,-1\n" * 2, "frame 1 has id 1 more than once"),
        (TRUTH.replace(",1,1", ",-1,1"), "has detections, all ids are -1"),
        ("900,1,10,10,20,40,1,-1,-1,-1\n", "truth has 1 to 3, results 900 to 900"),
    ],
)
def test_bad_results_are_named_with_their_cure(files, capsys, results, message):
    folder = files(gt=TRUTH, ours=results)
    assert message in refuse(capsys, "mot", folder / "gt.txt", folder / "ours.txt")


def test_an_empty_result_file_missed_everything(files, capsys):
    folder = files(gt=TRUTH, ours="")
    (scores,) = json.loads(run(capsys, "mot", folder / "gt.txt", folder / "ours.txt", "--json")).values()
    assert (scores["fn"], scores["hota"]) == (3, 0)


def test_what_is_not_there_is_named(files, capsys, tmp_path):
    folder = files(truth__a__gt=TRUTH, truth__b__gt=TRUTH, ours__a=TRUTH)
    assert "'b' has no results: truth has a, b; results have a" in refuse(
        capsys, "mot", folder / "truth", folder / "ours"
    )
    assert "does not exist" in refuse(capsys, "mot", folder / "truth", tmp_path / "nowhere")
    assert "has no truth: expected truth.jsonl" in refuse(capsys, "mot", folder / "ours", folder / "ours")
    assert "--rename: expected OLD=NEW" in refuse(
        capsys, "mot", folder / "truth/a/gt.txt", folder / "ours/a.txt", "--rename", "x"
    )
    assert "iou_threshold: 7.0 is out of range" in refuse(
        capsys, "mot", folder / "truth/a/gt.txt", folder / "ours/a.txt", "--iou-threshold", "7"
    )


def test_detections_from_coco_files_and_mot_files(files, capsys, tmp_path):
    pytest.importorskip("pycocotools", reason="needs pycocotools")
    folder = files(gt=TRUTH, det=TRUTH.replace(",1,1", ",-1,1"))
    assert json.loads(run(capsys, "detection", folder / "gt.txt", folder / "det.txt", "--json"))["mean"]["recall"] == 1
    files(set__a__gt=TRUTH, set__a__det=TRUTH, set__b__gt__gt=TRUTH, set__b__det__det=TRUTH)
    both = json.loads(run(capsys, "detection", folder / "set", folder / "set", "--json"))
    assert (both["mean"]["truth_boxes"], both["mean"]["recall"]) == (6, 1)
    assert "'nowhere' does not exist" in refuse(capsys, "detection", folder / "gt.txt", "nowhere")
    truth = {
        "images": [{"id": 1}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 2, "bbox": [0, 0, 40, 40]}],
        "categories": [{"id": 2, "name": "car"}],
    }
    results = [{"image_id": 1, "category_id": 2, "bbox": [0, 0, 40, 40], "score": 0.9}]
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    (tmp_path / "results.json").write_text(json.dumps(results))
    assert (
        run(capsys, "detection", tmp_path / "truth.json", tmp_path / "results.json").splitlines()[1].startswith("car")
    )
    results[0]["category_id"] = 5
    (tmp_path / "results.json").write_text(json.dumps(results))
    message = refuse(capsys, "detection", tmp_path / "truth.json", tmp_path / "results.json")
    assert "category 5 is not in the truth, which has 2 car" in message
    assert "expected a list of results" in refuse(capsys, "detection", tmp_path / "truth.json", tmp_path / "truth.json")


def test_reid_by_vectors_and_by_ranking(tmp_path, capsys):
    names = {"ids": np.array([1, 2]), "cameras": np.array([1, 1]), "vectors": np.eye(2, dtype=np.float32)}
    np.savez(tmp_path / "queries.npz", **names)
    np.savez(tmp_path / "gallery.npz", **(names | {"cameras": np.array([2, 2])}))
    queries, gallery = tmp_path / "queries.npz", tmp_path / "gallery.npz"
    assert json.loads(run(capsys, "reid", queries, gallery, "--json"))["mean_ap"] == 1
    (tmp_path / "ranking.txt").write_text("2 1\n1 2\n")
    options = ("--ranking", tmp_path / "ranking.txt", "--ranking-from-one")
    assert json.loads(run(capsys, "reid", queries, gallery, *options, "--json"))["mean_ap"] == 0.5
    assert run(capsys, "reid", queries, gallery, *options).split()[:2] == ["mAP", "rank-1"]
    (tmp_path / "crops.csv").write_text("split,identity,camera\nquery,1,r1/front\ntest,1,r2/front\ntest,2,r2/front\n")
    assert "neither a ranking nor vectors" in refuse(capsys, "reid", tmp_path / "crops.csv", tmp_path / "crops.csv")
    other = ("reid", tmp_path / "crops.csv", tmp_path / "crops.csv", "--gallery-split", "night")
    assert "lists no picture of split 'night'" in refuse(capsys, *other)
    (tmp_path / "empty.csv").write_text("split,identity,camera\n")  # of a world that shows nobody
    assert "lists no picture of split 'query'" in refuse(capsys, "reid", tmp_path / "empty.csv", tmp_path / "empty.csv")
    (tmp_path / "ranking.txt").write_text("1 0\n")
    crops = ("reid", tmp_path / "crops.csv", tmp_path / "crops.csv", "--ranking", tmp_path / "ranking.txt", "--json")
    assert json.loads(run(capsys, *crops))["mean_ap"] == 0.5


def test_targets_one_and_many(tmp_path, capsys):
    for name in ("car", "man"):
        for role in ("truth", "ours"):
            (tmp_path / role / name).mkdir(parents=True)
            (tmp_path / role / name / "groundtruth.txt").write_text("1,2,30,40\n0,0,0,0\n1,2,30,40\n")
    lines = run(capsys, "target", tmp_path / "truth", tmp_path / "ours").splitlines()
    assert [line.split()[0] for line in lines] == ["success", "car", "man", "mean"]
    assert "2/2" in lines[-1]
    one = [tmp_path / role / "car/groundtruth.txt" for role in ("truth", "ours")]
    assert json.loads(run(capsys, "target", *one, "--json"))["groundtruth"]["refound"] == 1
    (tmp_path / "ours/car/groundtruth.txt").write_text("1,2,30,40\n")
    assert "truth has 3 images and the results 1" in refuse(capsys, "target", *one)
    (tmp_path / "ours/man/groundtruth.txt").rename(tmp_path / "ours/groundtruth.txt")
    message = refuse(capsys, "target", tmp_path / "truth", tmp_path / "ours")
    assert "sequence '.' has no truth" in message
