"""What all tests share: where the recordings are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of recordings (MOBINET_DATA, default ../shared/data); skips the test where it is absent."""
    path = Path(os.environ.get("MOBINET_DATA", ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"needs the recordings: set MOBINET_DATA, '{path}' is absent")
    return path
