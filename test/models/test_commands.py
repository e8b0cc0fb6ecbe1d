"""``mobinet models``."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import pytest

from mobinet.errors import ModelError
from mobinet.models import commands, zoo
from mobinet.models.commands import register
from mobinet.models.shipped import shipped


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOBINET_MODELS", str(tmp_path))
    return tmp_path


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    arguments = parser.parse_args(["models", *words])
    return int(arguments.run(arguments))


def test_list(capsys, folder):
    (folder / "fastestdet.onnx").write_bytes(b"x")
    assert run("list") == 0
    lines = capsys.readouterr().out.splitlines()
    here = {line.split()[0]: "  yes  " in line for line in lines[1 : lines.index("")]}
    assert here == {name: name == "fastestdet" or name in shipped() for name in (*shipped(), *zoo.zoo())}
    assert str(folder) in lines[-1]


def test_verify(capsys, folder, monkeypatch):
    assert run("verify") == 0
    assert "nothing was fetched" in capsys.readouterr().out
    (folder / "fastestdet.onnx").write_bytes(b"x")
    assert run("verify") == 1
    assert "fastestdet: damaged: run 'mobinet models pull fastestdet'" in capsys.readouterr().out
    # asked for by name, a file that is not there is a fault too
    assert run("verify", "nanotrack-v2-head") == 1
    assert "absent" in capsys.readouterr().out
    good = replace(zoo.zoo_entry("fastestdet"), sha256=zoo.sha256_of(folder / "fastestdet.onnx"))
    monkeypatch.setattr(commands, "zoo", lambda: {"fastestdet": good})
    assert run("verify") == 0
    assert capsys.readouterr().out == "fastestdet: good\n"


def test_pull_fetches_each(capsys, monkeypatch, folder):
    fetched: list[str] = []

    def fake_pull(entry: zoo.ZooEntry, progress: object) -> Path:
        fetched.append(entry.name)
        return folder / entry.file_name

    monkeypatch.setattr(commands, "pull", fake_pull)
    assert run("pull", "fastestdet", "nanotrack-v2-head") == 0
    assert fetched == ["fastestdet", "nanotrack-v2-head"]
    assert "BSD-3-Clause" in capsys.readouterr().out
    # a backbone with what it does not run without, and each once
    fetched.clear()
    assert run("pull", "nanotrack-v2", "nanotrack-v2-head", "nanotrack-v3") == 0
    assert fetched == ["nanotrack-v2", "nanotrack-v2-head", "nanotrack-v3", "nanotrack-v3-head"]


def test_a_wrong_name_fetches_nothing(monkeypatch):
    monkeypatch.setattr(commands, "pull", lambda *_: pytest.fail("fetched"))
    with pytest.raises(ModelError, match=r"'fastestdt'.*did you mean"):
        run("pull", "fastestdet", "fastestdt")
