"""``mobinet gallery`` from pictures to forgetting."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from mobinet.cli import main
from mobinet.reid.gallery import open_gallery


@pytest.fixture
def pictures(tmp_path):
    """Folders of pictures of two objects."""
    rng = np.random.default_rng(0)
    for name in ("anna", "bert"):
        (tmp_path / "crops" / name).mkdir(parents=True)
        coarse = cv2.resize(rng.integers(0, 255, (8, 4, 3), np.uint8), (64, 128))
        for i in range(3):
            noisy = np.clip(coarse.astype(int) + rng.integers(-8, 8, coarse.shape), 0, 255).astype(np.uint8)
            cv2.imwrite(str(tmp_path / "crops" / name / f"{i}.png"), noisy)
    return tmp_path / "crops"


@pytest.fixture
def gallery(tmp_path, pictures, capsys):
    path = tmp_path / "known.gallery"
    assert main(["gallery", "enroll", str(path), str(pictures)]) == 0
    capsys.readouterr()
    return path


def listed(path, capsys) -> list[dict]:
    capsys.readouterr()
    assert main(["gallery", "list", str(path), "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_folders_become_identities_and_are_found(gallery, pictures, capsys):
    assert {(one["label"], one["observations"]) for one in listed(gallery, capsys)} == {("anna", 3), ("bert", 3)}
    assert main(["gallery", "search", str(gallery), str(pictures / "bert" / "2.png")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("2: KNOWN")
    assert "bert" in said[2]


def test_vectors_of_a_file_become_identities(gallery, tmp_path, capsys):
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(5, 168)).astype(np.float32)
    np.savez(tmp_path / "v.npz", vectors=vectors, objects=np.array(["cora", "cora", "dora", "dora", "dora"]))
    assert main(["gallery", "enroll", str(gallery), str(tmp_path / "v.npz")]) == 0
    assert {one["label"] for one in listed(gallery, capsys) if one} >= {"cora", "dora"}
    np.save(tmp_path / "q.npy", vectors[:1])
    assert main(["gallery", "search", str(gallery), str(tmp_path / "q.npy")]) == 0
    assert "q: KNOWN" in capsys.readouterr().out


def test_merge_split_rename_forget(gallery, capsys):
    assert main(["gallery", "merge", str(gallery), "anna", "bert"]) == 0
    (whole,) = listed(gallery, capsys)
    assert main(["gallery", "split", str(gallery), whole["aliases"][0]]) == 0
    assert main(["gallery", "rename", str(gallery), "anna", "cora"]) == 0
    assert main(["gallery", "show", str(gallery), "cora"]) == 0
    assert main(["gallery", "forget", str(gallery), "cora"]) == 0
    capsys.readouterr()
    assert [one["label"] for one in listed(gallery, capsys)] == ["bert"]
    assert main(["gallery", "expire", str(gallery), "--days", "0", "--labelled"]) == 0
    assert "1 identities forgotten" in capsys.readouterr().out


def test_export_import_check_compact(gallery, tmp_path, capsys):
    assert main(["gallery", "export", str(gallery), str(tmp_path / "out")]) == 0
    assert main(["gallery", "import", str(tmp_path / "copy"), str(tmp_path / "out")]) == 0
    assert main(["gallery", "compact", str(tmp_path / "copy")]) == 0
    assert main(["gallery", "check", str(tmp_path / "copy")]) == 0
    capsys.readouterr()
    assert {one["id"] for one in listed(gallery, capsys)} == {one["id"] for one in listed(tmp_path / "copy", capsys)}


def test_check_finds_and_repairs(gallery, capsys):
    with open_gallery(gallery, read_only=True) as opened:
        vector = opened.prototypes("anna")[0].vector
    data = bytearray(gallery.read_bytes())
    data[data.index(vector.astype("<f2").tobytes()[:64])] ^= 1
    gallery.write_bytes(data)
    assert main(["gallery", "check", str(gallery)]) == 1
    assert "prototype 1" in capsys.readouterr().out
    assert main(["gallery", "check", str(gallery), "--repair"]) == 0
    assert "2 identities, all sound" in capsys.readouterr().out


def test_calibrates_from_labelled_vectors(gallery, tmp_path, capsys):
    rng = np.random.default_rng(2)
    objects = np.repeat(np.arange(20), 3)
    vectors = rng.normal(size=(20, 168))[objects] + 0.2 * rng.normal(size=(60, 168))
    np.savez(tmp_path / "v.npz", vectors=vectors.astype(np.float32), objects=objects)
    assert main(["gallery", "calibrate", str(gallery), "--data", str(tmp_path / "v.npz")]) == 0
    assert "60 scores of the same" in capsys.readouterr().out
    with open_gallery(gallery) as opened:
        assert opened.calibration is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "absent"], "does not exist"),
        (["forget", "GALLERY", "nobody"], "no identity"),
        (["search", "GALLERY", "absent.png"], "does not exist"),
        (["search", "GALLERY", "absent.npy"], "expected vectors"),
        (
            ["search", "GALLERY", "crops/anna/0.png", "--model", "street-embedder"],
            "the gallery's network is histogram:1",
        ),
        (["enroll", "GALLERY", "crops", "--label", "x"], "for one"),
        (["enroll", "GALLERY", "crops", "--model", "street-embedder"], "vectors of two networks never compare"),
        (["calibrate", "GALLERY"], "at least 20 views"),
        (["calibrate", "GALLERY", "--data", "crops"], "expected .npz"),
        (["import", "GALLERY", "crops"], "no JSON"),
        (["expire", "GALLERY", "--days", "nan"], "expected 0 or more"),
    ],
)
def test_says_what_is_wrong(gallery, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main(["gallery", *[str(gallery) if one == "GALLERY" else one for one in arguments]]) == 2
    assert message in capsys.readouterr().err
