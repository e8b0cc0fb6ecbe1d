"""The list of networks, and where their files are."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from mobinet.errors import ModelError
from mobinet.models.zoo import FileState, file_state, find_model, models_folder, sha256_of, zoo, zoo_entry

PERMISSIVE = {"Apache-2.0", "BSD-3-Clause", "MIT"}

# The zoo's name of each network whose file is among the recordings.
FILES = {
    "fastestdet": "fastestdet/FastestDet.onnx",
    "ultraface-rfb-320": "ulfg_face/version-RFB-320.onnx",
    "ultraface-slim-320": "ulfg_face/version-slim-320.onnx",
    "osnet-x0-25-msmt17": "osnet_x0_25/osnet_x0_25_msmt17_a.onnx",
    "nanotrack-v2": "nanotrack_v2/nanotrack_backbone_sim.onnx",
    "nanotrack-v2-head": "nanotrack_v2/nanotrack_head_sim.onnx",
}

# Those whose files are not.
OTHERS = {"nanotrack-v1", "nanotrack-v1-head", "nanotrack-v3", "nanotrack-v3-head"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOBINET_MODELS", str(tmp_path))
    return tmp_path


def test_entries_are_complete():
    assert set(zoo()) == set(FILES) | OTHERS
    for entry in zoo().values():
        assert entry.licence in PERMISSIVE
        # the address names a commit, so that its bytes cannot change
        assert re.search(r"^https://.*/[0-9a-f]{40}/.*\.onnx$", entry.url)
        assert re.fullmatch(r"[0-9a-f]{64}", entry.sha256)
        assert entry.size > 0
        assert entry.figures
        assert set(entry.needs) <= set(zoo())


@pytest.mark.recordings
@pytest.mark.parametrize("name", FILES)
def test_hashes_are_those_of_the_files(data_dir, folder, name):
    source = data_dir / "models" / FILES[name]
    entry = zoo_entry(name)
    assert (sha256_of(source), source.stat().st_size) == (entry.sha256, entry.size)
    assert file_state(entry) is FileState.ABSENT
    shutil.copyfile(source, folder / entry.file_name)
    assert file_state(entry) is FileState.GOOD
    assert find_model(name) == folder / entry.file_name


def test_folder_by_environment(monkeypatch, tmp_path):
    assert models_folder() == tmp_path
    monkeypatch.delenv("MOBINET_MODELS")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert models_folder() == Path("/cache/mobinet/models")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/robot")
    assert models_folder() == Path("/home/robot/.cache/mobinet/models")


def test_a_path_is_found_as_it_is(tmp_path, monkeypatch):
    path = tmp_path / "own.onnx"
    path.write_bytes(b"x")
    assert find_model(str(path)) == path
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_model("~/own.onnx") == path


def test_half_a_file_is_not_used(folder):
    (folder / "fastestdet.onnx").write_bytes(b"half")
    with pytest.raises(ModelError, match=r"4 bytes, expected 998169.*mobinet models pull fastestdet"):
        find_model("fastestdet")


def test_unknown_names():
    with pytest.raises(ModelError, match=r"'osnet'.*(did you mean|there are)"):
        zoo_entry("osnet")
