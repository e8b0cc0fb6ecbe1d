"""Folders as benchmarks lay them out, and their scores against a slow implementation of the definitions."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from mobinet.cli import main
from mobinet.errors import RecordingError
from mobinet.evaluation.picture_files import read_ranking, write_ranking
from mobinet.evaluation.picture_folders import find_layout, read_picture_folder
from mobinet.evaluation.reid import Pictures, ReidSettings, evaluate_reid, same_camera_last

MARKET = {"train": "bounding_box_train", "query": "query", "test": "bounding_box_test"}


def write(folder: Path, *names: str, colour: tuple[int, int, int] = (90, 90, 90)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        cv2.imwrite(str(folder / name), np.full((16, 8, 3), colour, np.uint8))


def market(folder: Path) -> Path:
    write(folder / "query", "0001_c1s1_000151_00.jpg", colour=(20, 150, 200))
    write(folder / "bounding_box_test", "0001_c2s1_000001_00.jpg", colour=(22, 150, 195))
    write(folder / "bounding_box_test", "0002_c2s1_000002_00.jpg", "-1_c2s1_000003_00.jpg", colour=(200, 20, 20))
    write(folder / "bounding_box_test", "0000_c3s1_000003_00.jpg", colour=(20, 200, 20))
    return folder


def cityflow(folder: Path, label: str = 'vehicleID="0007" cameraID="c012"') -> Path:
    write(folder / "image_query", "000001.jpg")
    write(folder / "image_test", "000002.jpg", "000001.jpg")
    items = {"query": ["000001"], "test": ["000002", "000001"]}
    for split, names in items.items():
        lines = "".join(f'<Item imageName="{name}.jpg" {label}/>' for name in names)
        text = f'<?xml version="1.0" encoding="gb2312"?>\n<Images Version="1.0"><Items>{lines}</Items></Images>'
        (folder / f"{split}_label.xml").write_text(text)
    (folder / "test_track.txt").write_text("000002.jpg\n000001.jpg \n")
    return folder


def test_market(tmp_path: Path) -> None:
    found = read_picture_folder(market(tmp_path), "test")
    assert find_layout(tmp_path) == "market"
    assert found.pictures.ids.tolist() == [-1, 0, 1, 2]
    assert found.pictures.cameras.tolist() == [2, 3, 2, 2]
    assert found.tracks.tolist() == [-1] * 4


def test_veri_and_its_tracks(tmp_path: Path) -> None:
    write(tmp_path / "image_test", "0007_c001_00000151_0.jpg", "0007_c002_00000151_0.jpg", "0007_c001_00000155_0.jpg")
    (tmp_path / "test_track.txt").write_text(
        "0007_c001_1 0007_c001_00000151_0.jpg 0007_c001_00000155_0.jpg\n0007_c002_1 0007_c002_00000151_0.jpg\n"
    )
    found = read_picture_folder(tmp_path, "test")
    assert find_layout(tmp_path) == "veri"
    assert (found.pictures.cameras.tolist(), found.tracks.tolist()) == ([1, 1, 2], [0, 0, 1])


def test_cityflow_is_numbered_by_name(tmp_path: Path) -> None:
    found = read_picture_folder(cityflow(tmp_path), "test")
    assert find_layout(tmp_path) == "cityflow"
    assert [path.stem for path in found.files] == ["000001", "000002"]
    assert (found.pictures.ids.tolist(), found.pictures.cameras.tolist()) == ([7, 7], [12, 12])
    assert found.tracks.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: write(folder / "pictures", "1.jpg"), "no layout that is known: expected bounding_box_train"),
        (lambda folder: write(folder / "query", "0001_c1.jpg"), "bounding_box_test' is no folder"),
        (lambda folder: write(folder / "bounding_box_test"), "has no picture; expected files of type .jpg"),
        (lambda folder: write(folder / "bounding_box_test", "car.jpg"), "car.jpg': expected a name that begins with"),
        (lambda folder: write(folder / "image_test", "000001.jpg"), "test_label.xml' cannot be read"),
        # the challenge keeps identities back
        (lambda folder: cityflow(folder, 'cameraID="c012"'), "has no vehicleID; the challenge keeps"),
        (lambda folder: cityflow(folder, 'vehicleID="7"'), "has no cameraID"),
        (lambda folder: cityflow(folder, 'vehicleID="car" cameraID="c1"'), "expected numbers as vehicleID"),
        (lambda folder: write(cityflow(folder) / "image_test", "000003.jpg"), "says nothing of '000003.jpg'"),
    ],
)
def test_folders_that_do_not_fit(tmp_path: Path, make, message: str) -> None:
    make(tmp_path)
    with pytest.raises(RecordingError, match=message):
        read_picture_folder(tmp_path, "test")


def test_rankings_come_back_as_they_were_submitted(tmp_path: Path) -> None:
    ranking = np.array([[4, 0, 2], [1, 3, 0]])
    write_ranking(tmp_path / "track2.txt", ranking)
    assert (tmp_path / "track2.txt").read_text() == "5 1 3\n2 4 1\n"
    assert read_ranking(tmp_path / "track2.txt", 1).tolist() == ranking.tolist()
    with pytest.raises(RecordingError, match="cannot be written"):
        write_ranking(tmp_path / "none" / "track2.txt", ranking)


def slowly(ranking: np.ndarray, queries: Pictures, gallery: Pictures, market: bool) -> tuple[float, list[float], float]:
    """mAP, CMC and mINP, word by word as the definitions have them, one picture after the other."""
    precisions, cmc, penalties = [], [], []
    for row, (identity, camera) in enumerate(zip(queries.ids, queries.cameras, strict=True)):
        kept, wanted = [], 0
        for picture in range(len(gallery)):
            junk = market and (
                gallery.ids[picture] == -1 or (gallery.ids[picture] == identity and gallery.cameras[picture] == camera)
            )
            wanted += gallery.ids[picture] == identity and not junk
        for picture in ranking[row]:
            own = gallery.ids[picture] == identity
            if market and (gallery.ids[picture] == -1 or (own and gallery.cameras[picture] == camera)):
                continue
            kept.append(bool(own))
        if not wanted:
            continue
        hits, total, last = 0, 0.0, 0
        for place, own in enumerate(kept, 1):
            if own:
                hits += 1
                total += hits / place
                last = place
        precisions.append(total / wanted)
        cmc.append([any(kept[:k]) for k in (1, 5, 10)])
        penalties.append(wanted / last if hits == wanted else 0.0)
    return float(np.mean(precisions)), np.mean(cmc, axis=0).tolist(), float(np.mean(penalties))


@pytest.mark.parametrize("by_market", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_scores_as_the_definitions(seed: int, by_market: bool) -> None:
    draw = np.random.default_rng(seed)
    queries = Pictures(draw.integers(0, 6, 12), draw.integers(0, 3, 12))
    gallery = Pictures(draw.integers(-1, 8, 60), draw.integers(0, 3, 60))
    ranking = np.stack([draw.permutation(60)[: 60 if seed % 2 else 25] for _ in range(12)])
    settings = ReidSettings() if by_market else ReidSettings(same_camera_is_junk=False, junk_id=-99)
    found = evaluate_reid(ranking, queries, gallery, settings)
    mean_ap, cmc, minp = slowly(ranking, queries, gallery, by_market)
    assert found.mean_ap == pytest.approx(mean_ap)
    assert [found.rank(k) for k in (1, 5, 10)] == pytest.approx(cmc)
    assert found.minp == pytest.approx(minp)


def test_the_own_camera_comes_last() -> None:
    queries, gallery = Pictures([1], [5]), Pictures([1, 2, 3, 4], [5, 6, 5, 6])
    assert same_camera_last(np.array([[2, 3, 0, 1]]), queries, gallery).tolist() == [[3, 1, 2, 0]]
    assert same_camera_last(np.array([[2, 3, -1]]), queries, gallery).tolist() == [[3, 2, -1]]


def command(capsys, *arguments: object) -> dict[str, float]:
    assert main(["eval", "reid", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_folder_is_described_and_judged(tmp_path: Path, capsys) -> None:
    folder = market(tmp_path / "data")
    out = tmp_path / "track2.txt"
    plain = ("--no-whitening", "--no-reciprocal", "--no-pooling", "--enhancement", "0")
    found = command(capsys, folder, "--model", "histogram", *plain, "--write-ranking", out)
    assert (found["mean_ap"], found["queries"]) == (1, 1)
    assert read_ranking(out, 1)[0, 0] == 2
    assert command(capsys, folder, "--ranking", out, "--ranking-from-one")["mean_ap"] == 1
    assert main(["eval", "reid", str(tmp_path / "no.npz")]) == 2
    assert "give the GALLERY too" in capsys.readouterr().err


@pytest.mark.recordings
def test_the_published_ranking_from_the_command(data_dir: Path, capsys) -> None:
    folder = data_dir / "reid" / "cityflow_ranking"
    files = folder / "query_annotation.npy", folder / "gallery_annotation.npy"
    options = ("--ranking", folder / "track2.txt", "--ranking-from-one", "--no-same-camera-is-junk")
    for verified, expected in (((), (36.2, 55.0)), (("--camera-verification",), (37.6, 57.4))):
        found = command(capsys, *files, *options, *verified)
        assert (round(100 * found["mean_ap"], 1), round(100 * found["cmc"][0], 1)) == expected
