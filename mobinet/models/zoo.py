"""The zoo: networks of others that can be fetched, each with its licence and hash, and where they are kept."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import yaml

from mobinet.errors import ModelError
from mobinet.models.shipped import shipped

_LIST = Path(__file__).with_name("zoo.yaml")


@dataclass(frozen=True)
class ZooEntry:
    """A network that can be fetched.

    Args:
        name: what settings and commands call it.
        task: ``detection``, ``re-identification``, ``single-object tracking`` ...
        licence: SPDX name of the network's licence.
        project: where it comes from, to be read by people.
        url: where its bytes are.
        sha256: of these bytes, hexadecimal.
        size: bytes.
        figures: what its authors published.
        sidecar: what is written as YAML beside the file, for the stage that runs it.
        needs: entries without which it does not run.
    """

    name: str
    task: str
    licence: str
    project: str
    url: str
    sha256: str
    size: int
    figures: str
    sidecar: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        return f"{self.name}.onnx"


class FileState(Enum):
    """How an entry's file in the cache is."""

    ABSENT = "absent"
    DAMAGED = "damaged"
    GOOD = "good"


@functools.cache
def zoo() -> Mapping[str, ZooEntry]:
    """All entries by name."""
    known = {item.name for item in dataclasses.fields(ZooEntry)}
    entries = {}
    for number, values in enumerate(yaml.safe_load(_LIST.read_text(encoding="utf-8"))):
        if unknown := set(values) - known:
            raise ModelError(f"{_LIST}: entry {number} has unknown keys {sorted(unknown)}; known: {sorted(known)}")
        entry = ZooEntry(**{**values, "needs": tuple(values.get("needs", ()))})
        entries[entry.name] = entry
    return entries


def zoo_entry(name: str) -> ZooEntry:
    """The entry of that name; raises ModelError with the nearest names."""
    entries = zoo()
    if name not in entries:
        known = [*shipped(), *entries]
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(known)}"
        if name in shipped():
            hint = "it comes with mobinet, and there is nothing to fetch"
        raise ModelError(f"the zoo has no model '{name}'; {hint}")
    return entries[name]


def models_folder() -> Path:
    """Where fetched files are: MOBINET_MODELS, else ``mobinet/models`` in XDG_CACHE_HOME, else in ``~/.cache``."""
    if chosen := os.environ.get("MOBINET_MODELS"):
        return Path(chosen).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "mobinet" / "models"


def find_model(name_or_path: str) -> Path:
    """The file of a network; nothing is fetched, so that a robot starts the same with and without a connection.

    Args:
        name_or_path: a path, a name of a network that comes with mobinet, or one of the zoo.

    Raises:
        ModelError: no such file, a name that is of neither, or an entry that was not fetched or only in part.
    """
    path = Path(name_or_path).expanduser()
    if path.is_file():
        return path
    if path.suffix or len(path.parts) > 1:
        raise ModelError(f"model file '{path}' does not exist (looked from {Path.cwd()}); check the path")
    if name_or_path in shipped():
        return shipped()[name_or_path].path
    entry = zoo_entry(name_or_path)
    cached = models_folder() / entry.file_name
    if not cached.is_file():
        raise ModelError(f"model '{entry.name}' is not on this machine: run 'mobinet models pull {entry.name}'")
    if cached.stat().st_size != entry.size:
        raise ModelError(
            f"{cached} has {cached.stat().st_size} bytes, expected {entry.size}: "
            f"run 'mobinet models pull {entry.name}' to replace it"
        )
    return cached


def file_state(entry: ZooEntry) -> FileState:
    """Reads the whole file of an entry and compares its hash."""
    path = models_folder() / entry.file_name
    if not path.is_file():
        return FileState.ABSENT
    return FileState.GOOD if sha256_of(path) == entry.sha256 else FileState.DAMAGED


def sha256_of(path: Path) -> str:
    """Hexadecimal hash of a file of any size."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
