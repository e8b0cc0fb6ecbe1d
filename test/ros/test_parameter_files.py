"""config/<stem>.yaml, one a node: every parameter at its default, taken by the real node."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import rclpy

from mobinet_ros.container import node_class
from mobinet_ros.parameters import BUILT_IN

ROOT = Path(__file__).resolve().parents[2]
STEMS = sorted(path.stem.removesuffix("_node") for path in ROOT.glob("mobinet_ros/*_node.py"))
# cameras and recordings need a source, a world must be drawn; the viewer opens ports, of which there is one each
NOT_STARTED = ("camera", "event_file", "sim", "viewer")
# below a robot, and at the root of all names, where a cooperation node refuses to be: it has no robot's name there
PLACES = [(stem, place) for stem in STEMS for place in ("/r1/front", "/") if (stem, place) != ("cooperation", "/")]


@pytest.fixture
def ros(domain):
    rclpy.init(args=[], domain_id=domain)
    yield
    rclpy.shutdown()


def make_node(stem, namespace, *options):
    arguments = ["--ros-args", "-r", f"__ns:={namespace}", *options]
    return node_class(f"{stem}_node")(cli_args=arguments)


def values_of(node):
    names = [name for name in node.list_parameters([], 0).names if not name.startswith(BUILT_IN)]
    return {name: node.get_parameter_or(name).value for name in names}


@pytest.mark.parametrize(("stem", "namespace"), PLACES)
def test_file_holds_every_default_and_the_node_takes_it(ros, stem, namespace):
    path = ROOT / "config" / f"{stem}.yaml"
    plain = make_node(stem, namespace)
    node = make_node(stem, namespace, "--params-file", str(path))
    try:
        assert node.parameters.misspelt() == []
        assert values_of(node) == values_of(plain)
        # also those that are commented out
        named = re.findall(r"^ {6}(?:# )?(\w+): (?=\S)", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(values_of(node)) <= set(named)
        if stem not in NOT_STARTED:
            node.start()
            assert node.active
    finally:
        node.close()
        plain.close()


@pytest.mark.parametrize("stem", STEMS)
def test_a_changed_copy_is_obeyed(ros, stem, tmp_path):
    text = (ROOT / "config" / f"{stem}.yaml").read_text(encoding="utf-8")
    copy = tmp_path / "changed.yaml"
    copy.write_text(text.replace("autostart: true", "autostart: false"), encoding="utf-8")
    node = make_node(stem, "/r1", "--params-file", str(copy))
    try:
        assert node.get_parameter("autostart").value is False
    finally:
        node.close()
