"""What all tests share: where the recordings are, and how Hypothesis draws its examples."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

try:
    from hypothesis import settings
except ImportError:  # the ROS tests run without it, as on a robot where only the distribution's packages are
    pass
else:
    # the same examples in every run, and no time limit that a loaded machine would break
    settings.register_profile("mobinet", deadline=None, derandomize=True)
    settings.load_profile("mobinet")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of recordings (MOBINET_DATA, default ../shared/data); skips the test where it is absent."""
    path = Path(os.environ.get("MOBINET_DATA", ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"needs the recordings: set MOBINET_DATA, '{path}' is absent")
    return path
