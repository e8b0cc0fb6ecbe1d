"""The rig files that the documents show can be run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mobinet_ros.rig import load_rig, rig_node_specs

ROOT = Path(__file__).resolve().parents[2]
RIG = re.compile(r"```yaml\n(rig_version:.*?)```", re.DOTALL)


@pytest.mark.parametrize("page", ["README.md", "docs/rig.md"])
def test_shown_rig_is_accepted(page, tmp_path, monkeypatch):
    monkeypatch.setenv("MOBINET_DATA", str(tmp_path))
    # what the examples name; nothing opens it yet
    for name in ("walk.mp4", "rear.yaml", "models/fastestdet/FastestDet.onnx"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (text,) = RIG.findall((ROOT / page).read_text(encoding="utf-8"))
    (tmp_path / "rig.yaml").write_text(text)
    nodes = {spec.full_name for spec in rig_node_specs(load_rig(tmp_path / "rig.yaml"))}
    assert {"/r1/front/camera_node", "/r1/detector_node", "/r1/static_tf_node"} <= nodes
