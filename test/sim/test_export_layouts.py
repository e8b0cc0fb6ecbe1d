"""Rendered folders in other layouts than MOT: what they say is what the truth says."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from mobinet.cli import main
from mobinet.errors import SettingsError
from mobinet.sim.export import FORMATS, ExportSettings, export_world
from mobinet.sim.export_coco import run_lengths
from mobinet.sim.export_reid import ReidSettings
from mobinet.sim.export_target import TargetSettings
from mobinet.sim.world_file import load_world

# a person walks behind a pillar and comes out, another one leaves the view; a second robot sees both from the side
WORLD = """
world_version: 1
seed: 3
duration: 4
pillars:
  post: {at: [3, 0], radius: 0.35}
people:
  anna: {path: [[5, -1.4], [5, 1.6]], speed: 1.0}
  bert: {path: [[4, 1.2], [4, 6]], speed: 2.0}
cars:
  car: {at: [9, 2.6, 90], colour: blue}
robots:
  r1:
    at: [0, 0, 0]
    cameras:
      front: {mount: [0.2, 0, 1.3, 0, 0.05, 0], width: 320, height: 240, horizontal_fov_deg: 75, rate: 5}
  r2:
    at: [4.5, -5, 90]
    cameras:
      front: {mount: [0.2, 0, 1.3, 0, 0.05, 0], width: 160, height: 120, horizontal_fov_deg: 75, rate: 5}
"""


@pytest.fixture(scope="module")
def world_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("world") / "yard.yaml"
    path.write_text(WORLD)
    return path


@pytest.fixture(scope="module")
def out(world_path: Path, tmp_path_factory: pytest.TempPathFactory, simulate) -> Path:
    simulate(WORLD)
    out = tmp_path_factory.mktemp("rendered") / "out"
    settings = ExportSettings(
        formats=FORMATS,
        target=TargetSettings(min_visible_s=1.0),
        reid=ReidSettings(min_height_px=24.0, min_width_px=6.0, max_crops=4, train_share=0.0),
    )
    export_world(load_world(world_path), world_path, out, settings)
    return out


def truth(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]


def crops(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "crops.csv").read_text().splitlines()))


@pytest.mark.parametrize(
    ("rows", "counts"),
    [
        ([[0, 0], [0, 0]], [4]),
        ([[1, 1], [1, 1]], [0, 4]),
        ([[0, 1], [0, 1]], [2, 2]),  # down the columns
        ([[1, 0], [0, 1]], [0, 1, 2, 1]),
        ([[0, 1, 0]], [1, 1, 1]),
    ],
)
def test_run_lengths(rows: list[list[int]], counts: list[int]) -> None:
    assert run_lengths(np.array(rows, bool)) == counts


def test_coco_has_the_visible_boxes_and_masks(out: Path) -> None:
    content = json.loads((out / "coco/instances.json").read_text())
    images = {image["id"]: image for image in content["images"]}
    assert len(images) == 2 * 20
    assert {image["file_name"] for image in images.values()} == {
        str(path.relative_to(out)) for path in out.glob("r*/*/img1/*.jpg")
    }
    assert {category["name"] for category in content["categories"]} == {"person", "cyclist", "car", "robot"}
    expected = {
        (camera, record["frame"], thing["name"]): thing
        for camera in ("r1/front", "r2/front")
        for record in truth(out / camera)
        for thing in record["objects"]
        if thing["visibility"] > 0
    }
    found = {
        (images[one["image_id"]]["camera"], images[one["image_id"]]["frame"], one["name"]): one
        for one in content["annotations"]
    }
    assert found.keys() == expected.keys()
    for key, one in found.items():
        thing = expected[key]
        x1, y1, x2, y2 = thing["visible_box"]
        assert one["bbox"] == [x1, y1, x2 - x1, y2 - y1]
        assert (one["identity"], one["visibility"], one["hidden_by"]) == tuple(
            thing[name] for name in ("identity", "visibility", "hidden_by")
        )
        mask = decode(one["segmentation"])
        assert (mask.sum(), one["iscrowd"]) == (one["area"], 0)
        rows, columns = np.nonzero(mask)
        assert [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1] == thing["visible_box"]


def test_the_tools_of_coco_read_it(out: Path, capsys) -> None:
    pytest.importorskip("pycocotools")
    from pycocotools.coco import COCO

    coco = COCO(out / "coco/instances.json")
    assert coco.getCatIds(catNms=["person"]) == [1]
    one = coco.loadAnns(coco.getAnnIds(catIds=[1]))[0]
    np.testing.assert_array_equal(coco.annToMask(one), decode(one["segmentation"]))


def decode(code: dict) -> np.ndarray:
    values = np.repeat(np.arange(len(code["counts"])) % 2, code["counts"])
    height, width = code["size"]
    return values.reshape(width, height).T.astype(bool)


def test_a_target_hides_and_comes_back(out: Path) -> None:
    folder = out / "target/r1_front_anna"
    boxes = np.loadtxt(folder / "groundtruth.txt", delimiter=",")
    hidden = np.loadtxt(folder / "full_occlusion.txt", delimiter=",")
    outside = np.loadtxt(folder / "out_of_view.txt", delimiter=",")
    absent = np.loadtxt(folder / "absence.label")
    cover = np.loadtxt(folder / "cover.label")
    assert len(boxes) == len(hidden) == len(outside) == len(absent) == len(cover)
    assert not hidden[0]
    assert not hidden[-1]
    assert 0 < hidden.sum() < len(hidden)
    np.testing.assert_array_equal(boxes[hidden == 1], 0)
    assert (boxes[absent == 0, 2:] > 0).all()
    np.testing.assert_array_equal(absent, np.maximum(hidden, outside))
    np.testing.assert_array_equal(cover[hidden == 1], 0)
    assert cover.max() == 8
    links = sorted((folder / "img").iterdir())
    assert [link.name for link in links] == [f"{number:08d}.jpg" for number in range(1, len(boxes) + 1)]
    assert not links[0].readlink().is_absolute()
    assert cv2.imread(str(links[-1])).shape == (240, 320, 3)


def test_the_box_of_a_target_is_that_of_its_image(out: Path) -> None:
    folder = out / "target/r1_front_anna"
    boxes = np.loadtxt(folder / "groundtruth.txt", delimiter=",")
    by_frame = {record["frame"]: record["objects"] for record in truth(out / "r1/front")}
    for link, (x, y, width, height) in zip(sorted((folder / "img").iterdir()), boxes, strict=True):
        anna = next(thing for thing in by_frame[int(link.resolve().stem)] if thing["name"] == "anna")
        assert anna["visible_box"] == ([x, y, x + width, y + height] if width else None)


def test_who_leaves_ends_with_the_last_image_that_shows_him(out: Path) -> None:
    seen = [record for record in truth(out / "r1/front") if any(o["name"] == "bert" for o in record["objects"])]
    assert seen[-1]["frame"] < 20
    assert len(list((out / "target/r1_front_bert/img").iterdir())) <= seen[-1]["frame"]


def test_tao_joins_tracks_images_and_videos(out: Path) -> None:
    content = json.loads((out / "target/annotations.json").read_text())
    videos = {video["id"]: video["name"] for video in content["videos"]}
    images = {image["id"]: image for image in content["images"]}
    tracks = {track["id"]: track for track in content["tracks"]}
    assert sorted(videos.values()) == ["r1/front", "r2/front"]
    assert [track["target"] for track in tracks.values()] == (out / "target/list.txt").read_text().split()
    assert {one["track_id"] for one in content["annotations"]} == tracks.keys()
    for one in content["annotations"]:
        assert tracks[one["track_id"]]["video_id"] == images[one["image_id"]]["video_id"] == one["video_id"]
        assert one["category_id"] == tracks[one["track_id"]]["category_id"]
        assert images[one["image_id"]]["file_name"].startswith(videos[one["video_id"]])
        assert min(one["bbox"][2:]) > 0
    shown = np.loadtxt(out / "target/r1_front_anna/absence.label")
    anna = next(track["id"] for track in tracks.values() if track["target"] == "r1_front_anna")
    assert sum(one["track_id"] == anna for one in content["annotations"]) == (shown == 0).sum()


def test_little_seen_objects_are_no_targets(world_path: Path, tmp_path: Path, simulate) -> None:
    simulate(WORLD)
    settings = ExportSettings(formats=("target",), duration_s=0.4)
    export_world(load_world(world_path), world_path, tmp_path / "out", settings)
    assert (tmp_path / "out/target/list.txt").read_text() == ""
    assert json.loads((tmp_path / "out/target/annotations.json").read_text())["tracks"] == []


def test_market_names_splits_and_queries(out: Path) -> None:
    people = out / "reid/people"
    rows = crops(people)
    assert {row["file"] for row in rows} == {str(path.relative_to(people)) for path in people.rglob("*.jpg")}
    pattern = re.compile(r"(\d{4})_c(\d)s1_(\d{6})_00\.jpg")
    for row in rows:
        identity, camera, frame = (int(group) for group in pattern.fullmatch(Path(row["file"]).name).groups())
        assert (identity, frame) == (int(row["identity"]), int(row["frame"]))
        assert row["camera"] == {1: "r1/front", 2: "r2/front"}[camera]
        assert float(row["visibility"]) >= 0.5
        x1, y1, x2, y2 = (float(row[name]) for name in ("x1", "y1", "x2", "y2"))
        assert cv2.imread(str(people / row["file"])).shape == (y2 - y1, x2 - x1, 3)
    queries = [row for row in rows if row["split"] == "query"]
    assert len(queries) == len({(row["identity"], row["camera"]) for row in queries}) > 0
    for query in queries:
        assert any(
            row["identity"] == query["identity"] and row["camera"] != query["camera"]
            for row in rows
            if row["split"] == "test"
        )
    counts = {(row["identity"], row["camera"]): 0 for row in rows}
    for row in rows:
        counts[row["identity"], row["camera"]] += 1
    assert max(counts.values()) <= 4
    assert not any(row["split"] == "train" for row in rows)


def test_crops_are_of_images_that_lie_apart(out: Path) -> None:
    for kind in ("people", "vehicles"):
        assert {(int(row["frame"]) - 1) % 2 for row in crops(out / "reid" / kind)} == {0}  # 0.4 s at 5 Hz


def test_other_layouts_beside_do_not_change_the_crops(world_path: Path, tmp_path: Path, simulate) -> None:
    simulate(WORLD)
    for name, formats in (("alone", ("reid",)), ("beside", ("mot", "reid"))):
        export_world(load_world(world_path), world_path, tmp_path / name, ExportSettings(1.0, formats=formats))
    files = [path for path in (tmp_path / "alone").rglob("*") if path.is_file()]
    assert len(files) > 6
    for path in files:
        assert path.read_bytes() == (tmp_path / "beside" / path.relative_to(tmp_path / "alone")).read_bytes()


def test_vehicles_have_label_files(out: Path) -> None:
    vehicles = out / "reid/vehicles"
    for split in ("train", "test", "query"):
        items = ElementTree.parse(vehicles / f"{split}_label.xml").getroot().find("Items")
        names = {item.get("imageName") for item in items}
        assert len(names) == int(items.get("number"))
        assert names == {path.name for path in (vehicles / f"image_{split}").iterdir()}
        for item in items:
            assert item.get("imageName").startswith(f"{item.get('vehicleID')}_{item.get('cameraID')}_")
    assert len(list((vehicles / "image_test").iterdir())) > 0


def test_identities_are_for_training_or_for_testing(world_path: Path, tmp_path: Path, simulate) -> None:
    simulate(WORLD)
    reid = ReidSettings(train_share=0.5, min_height_px=24.0, min_width_px=6.0)
    settings = ExportSettings(duration_s=1.0, formats=("reid",), reid=reid)
    export_world(load_world(world_path), world_path, tmp_path / "out", settings)
    rows = crops(tmp_path / "out/reid/people")
    training = {row["identity"] for row in rows if row["split"] == "train"}
    testing = {row["identity"] for row in rows if row["split"] != "train"}
    assert (len(training), len(testing), training & testing) == (1, 1, set())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "contacts.csv",
        "objects.csv",
        "reid",
        "world.yaml",
    ]


def test_all_layouts_of_one_world_are_the_same_bytes(world_path: Path, tmp_path: Path, simulate) -> None:
    simulate(WORLD)
    settings = ExportSettings(duration_s=0.8, formats=FORMATS, target=TargetSettings(min_visible_s=0.2))
    hashes = []
    for name in ("a", "b"):
        export_world(load_world(world_path), world_path, tmp_path / name, settings)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        found = [(str(path.relative_to(tmp_path / name)), hashlib.sha256(path.read_bytes()).digest()) for path in files]
        hashes.append(found)
    assert len(hashes[0]) > 40
    assert hashes[0] == hashes[1]


def test_an_interrupt_leaves_no_layout(world_path: Path, tmp_path: Path, simulate) -> None:
    simulate(WORLD)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_world(load_world(world_path), world_path, tmp_path / "out", ExportSettings(formats=FORMATS), stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("formats", [(), ("mot", "voc")])
def test_other_formats_are_refused(formats: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match=r"format: expected some of mot, coco, target, reid, got (none|'voc')"):
        ExportSettings(formats=formats)


def test_a_robot_that_is_called_like_a_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "yard.yaml"
    path.write_text(WORLD.replace("  r2:", "  target:"))
    with pytest.raises(SettingsError, match="robot 'target': the format of that name has a folder of that name"):
        export_world(load_world(path), path, tmp_path / "out", ExportSettings(formats=("target",)))
    assert not (tmp_path / "out").exists()


def test_the_command_takes_formats(world_path: Path, tmp_path: Path, simulate, capsys) -> None:
    simulate(WORLD)
    command = ["sim", "render", str(world_path), "-o", str(tmp_path / "out"), "--duration", "0.4"]
    assert main([*command, "--format", "coco", "reid", "--train-share", "0"]) == 0
    assert (tmp_path / "out/coco/instances.json").is_file()
    assert (tmp_path / "out/reid/people/crops.csv").is_file()
    assert not (tmp_path / "out/target").exists()
    with pytest.raises(SystemExit):
        main([*command, "--format", "voc"])
    assert "invalid choice: 'voc'" in capsys.readouterr().err
    assert main([*command, "--train-share", "1.5"]) == 2
    assert "train_share: 1.5 is out of range" in capsys.readouterr().err
