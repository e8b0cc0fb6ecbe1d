"""Makes the matcher that the settings name."""

from __future__ import annotations

import functools
from pathlib import Path

from mobinet.models.sidecar import load_sidecar
from mobinet.models.zoo import find_model
from mobinet.targets.network import SiameseNetwork
from mobinet.targets.settings import TargetSettings
from mobinet.targets.siamese import SiameseMatcher
from mobinet.targets.sidecar import SiameseSidecar


def load_matcher(settings: TargetSettings) -> SiameseMatcher:
    """A matcher, ready to run. Trackers of several cameras may share it.

    Raises:
        ModelError: a file is missing or damaged, or does not fit; the message names what to put into the YAML file.
        SettingsError: a wrong key or value in the YAML file.
        MissingDependencyError: no ONNX Runtime, or one without the provider.
    """
    path = find_model(settings.network)
    sidecar = load_sidecar(SiameseSidecar, path)
    head, template = _beside(path, settings.head or sidecar.head), _beside(path, sidecar.template)
    files = tuple((file, file.stat().st_mtime_ns) if file else None for file in (path, head, template))
    return SiameseMatcher(_network(files, sidecar, settings.provider, settings.threads), settings)


@functools.lru_cache(maxsize=4)
def _network(
    files: tuple[tuple[Path, int] | None, ...], sidecar: SiameseSidecar, provider: str, threads: int
) -> SiameseNetwork:
    """One network a process for the same files, told apart by the time of their last change."""
    backbone, head, template = (file[0] if file else None for file in files)
    assert backbone is not None
    return SiameseNetwork(backbone, head, template, sidecar, provider, threads)


def _beside(path: Path, name: str) -> Path | None:
    if not name:
        return None
    beside = path.parent / name
    return beside if beside.is_file() else find_model(name)
