"""The networks that come with mobinet: small, trained by ``mobinet train`` on simulated worlds alone."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

_FOLDER = Path(__file__).with_name("networks")


@dataclass(frozen=True)
class ShippedNetwork:
    """A network of the package.

    Args:
        name: what settings and commands call it.
        task: as in the zoo.
        figures: measured on data that it was not trained on; its card has all of them.
    """

    name: str
    task: str
    figures: str
    licence: str = "Apache-2.0"

    @property
    def path(self) -> Path:
        """Of the ONNX file; ``.yaml`` and the card, ``.md``, are beside it."""
        return _FOLDER / f"{self.name}.onnx"


@functools.cache
def shipped() -> Mapping[str, ShippedNetwork]:
    """All of them by name."""
    entries = yaml.safe_load((_FOLDER / "list.yaml").read_text(encoding="utf-8"))
    return {entry["name"]: ShippedNetwork(**entry) for entry in entries}
