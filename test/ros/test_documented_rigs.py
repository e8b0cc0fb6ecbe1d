"""The rig files that the documents show can be run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mobinet_ros.rig import load_rig, rig_node_specs

ROOT = Path(__file__).resolve().parents[2]
RIG = re.compile(r"```yaml\n(rig_version:.*?)```", re.DOTALL)


SHOWN = [
    pytest.param(text, id=f"{page}-{number}")
    for page in ("README.md", "docs/rig.md")
    for number, text in enumerate(RIG.findall((ROOT / page).read_text(encoding="utf-8")))
]


def test_both_pages_show_a_rig():
    assert len(SHOWN) >= 2


@pytest.mark.parametrize("text", SHOWN)
def test_shown_rig_is_accepted(text, tmp_path, monkeypatch):
    monkeypatch.setenv("MOBINET_DATA", str(tmp_path))
    # what the examples name; nothing opens it yet
    for name in ("walk.mp4", "rear.yaml", "models/fastestdet/FastestDet.onnx"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "rig.yaml").write_text(text)
    nodes = {spec.full_name for spec in rig_node_specs(load_rig(tmp_path / "rig.yaml"))}
    eyes = {"/sim_node"} if "world:" in text else {"/r1/front/camera_node", "/r1/static_tf_node"}
    assert {"/r1/detector_node", *eyes} <= nodes
