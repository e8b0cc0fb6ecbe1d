"""Settings of a stage: frozen dataclasses whose fields carry their documentation and range.

They are the only place of defaults: command lines, rig files and ROS parameters are all made from them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from mobinet.errors import SettingsError

S = TypeVar("S")


def setting(
    default: Any,
    doc: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[Any] | None = None,
    live: bool = False,
) -> Any:
    """A field of a settings dataclass.

    Args:
        default: bool, int, float, str or a tuple of one of them.
        doc: one sentence with the unit.
        minimum, maximum: inclusive range of a number or of each number in a tuple.
        choices: allowed values.
        live: whether it may change while the stage runs.
    """
    metadata = {"doc": doc, "minimum": minimum, "maximum": maximum, "choices": choices, "live": live}
    return dataclasses.field(default=default, metadata=metadata)


def check_settings(settings: Any) -> None:
    """Raises SettingsError naming the first field whose value has the wrong type or is out of range."""
    for field in dataclasses.fields(settings):
        check_setting(field, getattr(settings, field.name))


def check_setting(field: dataclasses.Field[Any], value: Any) -> None:
    """Raises SettingsError when ``value`` does not fit ``field``."""
    if isinstance(field.default, tuple):
        if not isinstance(value, tuple):
            raise SettingsError(f"{field.name}: expected a list, got {value!r}")
        for item in value:
            _check_scalar(field, item, type(field.default[0]) if field.default else type(item))
    else:
        _check_scalar(field, value, type(field.default))


def _check_scalar(field: dataclasses.Field[Any], value: Any, expected: type) -> None:
    fits = isinstance(value, expected) and (expected is bool or not isinstance(value, bool))
    if expected is float and isinstance(value, int) and not isinstance(value, bool):
        fits = True
    if not fits:
        raise SettingsError(f"{field.name}: expected {expected.__name__}, got {value!r}")
    minimum, maximum = field.metadata.get("minimum"), field.metadata.get("maximum")
    if isinstance(value, float) and not math.isfinite(value):
        raise SettingsError(f"{field.name}: expected a finite number, got {value}")
    if (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
        raise SettingsError(f"{field.name}: {value} is out of range, allowed {minimum} to {maximum}")
    choices = field.metadata.get("choices")
    if choices is not None and value not in choices:
        raise SettingsError(f"{field.name}: {value!r} is not one of {', '.join(map(str, choices))}")


def settings_from_mapping(cls: type[S], values: Mapping[str, Any], where: str) -> S:
    """An instance of ``cls`` from e.g. a YAML mapping; ``where`` names its origin in errors.

    Raises:
        SettingsError: unknown key (with the known ones), wrong type, out of range.
    """
    known = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise SettingsError(f"{where}: unknown key '{unknown[0]}'; known: {', '.join(sorted(known))}")
    arguments = {}
    for name, given in values.items():
        arguments[name] = plain_value(known[name], given)
        try:
            check_setting(known[name], arguments[name])
        except SettingsError as error:
            raise SettingsError(f"{where}: {error}") from None
    return cls(**arguments)


def plain_value(field: dataclasses.Field[Any], value: Any) -> Any:
    """A YAML value in the type of the field: lists are tuples, and a whole number may stand for a float."""
    if isinstance(value, list):
        return tuple(value)
    if isinstance(field.default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value
