"""The YAML file beside a network: ``STEM.yaml`` says what ``STEM.onnx`` itself does not."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TypeVar

import yaml

from mobinet.errors import SettingsError
from mobinet.settings import settings_from_mapping

S = TypeVar("S")


def load_sidecar(cls: type[S], model: Path) -> S:
    """An instance of ``cls`` (a settings dataclass) from the YAML file beside a network; all defaults without one.

    Raises:
        SettingsError: not YAML, not a mapping, an unknown key, a value of the wrong type. Any file of that name is
            taken for the sidecar, so the message tells how the two are told apart.
    """
    path = model.with_suffix(".yaml")
    if not path.is_file():
        return cls()
    try:
        return _parse(cls, path)
    except SettingsError as error:
        raise SettingsError(
            f"{path}: {str(error).removeprefix(f'{path}: ')}; it was read as the sidecar of '{model.name}', as any "
            f"'{path.name}' beside it is: correct it, or give it another name if it is something else"
        ) from error.__cause__


def _parse(cls: type[S], path: Path) -> S:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        one_line = " ".join(str(error).split())
        raise SettingsError(f"cannot be read as YAML: {one_line}") from error
    if values is None:
        return cls()
    if not isinstance(values, dict):
        keys = ", ".join(field.name for field in dataclasses.fields(cls))  # type: ignore[arg-type]
        raise SettingsError(f"expected some of the keys {keys}, found {type(values).__name__}")
    return settings_from_mapping(cls, values, str(path))
