"""``mobinet sim``."""

from __future__ import annotations

import pytest

from mobinet.cli import main
from mobinet.sim.world_file import scenario_names


def test_list_names_every_world_and_its_difficulty(capsys):
    assert main(["sim", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == scenario_names()
    assert all("Difficulty:" in line for line in lines)


@pytest.mark.parametrize("duration", ["0", "-1", "nan", "inf", "soon"])
def test_a_duration_is_seconds_above_0(duration, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["sim", "render", "street", "-o", str(tmp_path / "out"), f"--duration={duration}"])
    assert stopped.value.code == 2
    assert "--duration" in capsys.readouterr().err


def test_an_unknown_world_is_refused_in_one_line(tmp_path, capsys):
    assert main(["sim", "render", "atlantis", "-o", str(tmp_path / "out")]) == 2
    known = ", ".join(scenario_names())
    assert capsys.readouterr().err == f"mobinet: world 'atlantis': expected a YAML file or one of {known}\n"


def test_a_bad_world_file_is_refused_with_its_line(tmp_path, capsys):
    path = tmp_path / "w.yaml"
    path.write_text("world_version: 1\nduration: 5\nlihgt: day\n")
    assert main(["sim", "render", str(path), "-o", str(tmp_path / "out")]) == 2
    assert "w.yaml:3: lihgt: unknown key; known: " in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
