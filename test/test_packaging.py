"""What is shipped is what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_every_library_package_is_listed():
    listed = set(re.findall(r'^  "(mobinet[.\w]*)",$', (ROOT / "mobinet/pyproject.toml").read_text(), re.MULTILINE))
    there = {".".join(p.parent.relative_to(ROOT).parts) for p in ROOT.glob("mobinet/**/__init__.py")}
    assert listed == there


def test_every_ros_package_is_listed():
    listed = set(re.findall(r'f"\{NAME\}\.(\w+)"', (ROOT / "setup.py").read_text())) - {"_interfaces"}
    assert listed == {p.parent.name for p in ROOT.glob("mobinet_ros/*/__init__.py")}


@pytest.mark.parametrize("path", sorted(ROOT.glob("msg/*.msg")), ids=lambda p: p.stem)
def test_every_message_field_is_commented(path):
    """Unit, frame and meaning stand before a field, or before the group of fields that share them."""
    commented = False
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            commented = True
        elif not line.strip():
            commented = False
        else:
            assert commented, f"{path.name}: '{line}' has no comment above it"
