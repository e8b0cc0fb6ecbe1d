"""The message packages of interfaces/ are, on the wire and in code, the ones that a distribution has."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pytest

from mobinet_ros.bags.message_types import type_hash

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = json.loads((Path(__file__).parent / "interface_hashes.json").read_text())
PUBLISHED.pop("source")

# a type hash does not cover constants; messages that are not named here have none
CONSTANTS = {
    "tf2_msgs/msg/TF2Error": {
        "NO_ERROR": 0,
        "LOOKUP_ERROR": 1,
        "CONNECTIVITY_ERROR": 2,
        "EXTRAPOLATION_ERROR": 3,
        "INVALID_ARGUMENT_ERROR": 4,
        "TIMEOUT_ERROR": 5,
        "TRANSFORM_ERROR": 6,
    }
}
# services and actions have no hash in the table above, but belong to the packages
OTHERS = {"tf2_msgs/srv/FrameGraph", "tf2_msgs/action/LookupTransform"}


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_type_hash(name):
    assert type_hash(name) == PUBLISHED[name]


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_constants(name):
    package, _, message = name.split("/")
    cls = getattr(importlib.import_module(f"{package}.msg"), message)
    # rosidl makes a constant an upper case attribute of the metaclass
    constants = {k: getattr(cls, k) for k in dir(type(cls)) if re.fullmatch(r"[A-Z][A-Z0-9_]*", k)}
    assert constants == CONSTANTS.get(name, {})


def test_packages_are_whole():
    """A package with fewer messages would shadow the real one for whoever uses the rest."""
    there = {
        f"{p.parent.parent.name}/{p.parent.name}/{p.stem}"
        for kind in ("msg", "srv", "action")
        for p in ROOT.glob(f"interfaces/*/{kind}/*.{kind}")
    }
    assert there == set(PUBLISHED) | OTHERS


def test_table_is_the_shared_one():
    shared = ROOT.parent / "shared" / "interface_hashes.json"
    if not shared.is_file():
        pytest.skip(f"'{shared}' is absent; the table beside this test stands alone")
    theirs = json.loads(shared.read_text())
    theirs.pop("source")
    assert theirs == PUBLISHED
