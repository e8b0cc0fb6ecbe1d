"""Fails when the places that carry the project's version disagree."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACES = {
    "package.xml": r"<version>([^<]+)</version>",
    "setup.py": r'^VERSION = "([^"]+)"',
    "mobinet/pyproject.toml": r'^version = "([^"]+)"',
    "mobinet/__init__.py": r'^__version__ = "([^"]+)"',
    "mobinet_ros/__init__.py": r'^__version__ = "([^"]+)"',
}


def main() -> int:
    versions = {}
    for place, pattern in PLACES.items():
        match = re.search(pattern, (ROOT / place).read_text(), re.MULTILINE)
        versions[place] = match.group(1) if match else "no version found"
    if len(set(versions.values())) == 1:
        return 0
    for place, version in versions.items():
        print(f"{place}: {version}", file=sys.stderr)
    print("the versions above must be the same", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
