"""Makes the matcher that the settings name."""

from __future__ import annotations

import functools
from pathlib import Path

from mobinet.models.sidecar import load_sidecar
from mobinet.models.zoo import ZooEntry, find_model, sha256_of, zoo
from mobinet.settings import settings_from_mapping
from mobinet.targets.network import SiameseNetwork
from mobinet.targets.settings import TargetSettings
from mobinet.targets.siamese import SiameseMatcher
from mobinet.targets.sidecar import SiameseSidecar


def load_matcher(settings: TargetSettings) -> SiameseMatcher:
    """A matcher, ready to run. Trackers of several cameras and threads may share it.

    Raises:
        ModelError: a file is missing or damaged, or does not fit; the message names what to put into the YAML file.
        SettingsError: a wrong key or value in the YAML file.
        MissingDependencyError: no ONNX Runtime, or one without the provider.
    """
    path = find_model(settings.network)
    sidecar = _sidecar_of(path)
    paths = (path, _part(path, settings.head or sidecar.head), _part(path, sidecar.template))
    files = tuple((file, file.stat().st_mtime_ns) if file else None for file in paths)
    return SiameseMatcher(_network(files, sidecar, settings.provider, settings.threads), settings)


@functools.lru_cache(maxsize=4)
def _network(
    files: tuple[tuple[Path, int] | None, ...], sidecar: SiameseSidecar, provider: str, threads: int
) -> SiameseNetwork:
    """One network a process for the same files, told apart by the time of their last change."""
    backbone, head, template = (file[0] if file else None for file in files)
    assert backbone is not None
    return SiameseNetwork(backbone, head, template, sidecar, provider, threads)


def _sidecar_of(path: Path) -> SiameseSidecar:
    """The YAML file beside a network; without one, what the zoo has for a file of the same bytes."""
    if path.with_suffix(".yaml").is_file():
        return load_sidecar(SiameseSidecar, path)
    for entry in zoo().values():
        if entry.sidecar and _is(path, entry):
            return settings_from_mapping(SiameseSidecar, entry.sidecar, f"zoo entry '{entry.name}'")
    return SiameseSidecar()


def _part(path: Path, name: str) -> Path | None:
    """Another file of the network: beside it under this name or with the bytes of this zoo entry, else a model."""
    if not name:
        return None
    if (path.parent / name).is_file():
        return path.parent / name
    if name in zoo():
        for neighbour in sorted(path.parent.glob("*.onnx")):
            if _is(neighbour, zoo()[name]):
                return neighbour
    return find_model(name)


def _is(path: Path, entry: ZooEntry) -> bool:
    return path.stat().st_size == entry.size and sha256_of(path) == entry.sha256
