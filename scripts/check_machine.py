"""Says, before anything is built, what a machine lacks and how to get it."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import sys

MINIMUM, MAXIMUM = (3, 10), (3, 13)
DEBIAN = "sudo apt-get install python3-venv python3-dev g++ cmake make"


def missing(ros: str) -> list[str]:
    problems = []
    if not MINIMUM <= sys.version_info[:2] <= MAXIMUM:
        problems.append(f"Python 3.10 to 3.13 is needed, this is {platform.python_version()}: make PYTHON=python3.11")
    if importlib.util.find_spec("ensurepip") is None:
        problems.append(f"Python's venv module is incomplete: {DEBIAN}")
    if ros in ("none", "floors"):
        return problems
    if platform.machine() != "x86_64":
        problems.append(
            f"PyPI has ROS 2 wheels for x86_64 only, this is {platform.machine()}: install a ROS 2 distribution and "
            "use colcon (README, 'On a robot'), or the library alone with ROS=none"
        )
    problems += [f"'{tool}' is not installed: {DEBIAN}" for tool in ("cmake", "g++") if shutil.which(tool) is None]
    return problems


def main() -> int:
    ros = sys.argv[1] if len(sys.argv) > 1 else "kilted"
    if ros not in ("kilted", "jazzy", "none", "floors"):
        print(f"ROS={ros}: expected kilted, jazzy, none or floors", file=sys.stderr)
        return 2
    problems = missing(ros)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
