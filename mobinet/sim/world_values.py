"""Values of a world file: each is checked where it is read, and refused with file, line, key and what was expected."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from mobinet.errors import SettingsError
from mobinet.lined_yaml import LinedDict
from mobinet.settings import check_setting, plain_value
from mobinet.sim.looks import COLOURS
from mobinet.sim.world import Colour

S = TypeVar("S")

_NAME = re.compile(r"[A-Za-z](_?[A-Za-z0-9])*")


class Section:
    """A mapping of the file, and what it is called in errors.

    Args:
        values: the mapping.
        path: keys that lead to it, joined by dots; empty for the whole file.
    """

    def __init__(self, values: LinedDict, path: str = "") -> None:
        self.values = values
        self.path = path

    @property
    def name(self) -> str:
        """Last key of the path."""
        return self.path.rpartition(".")[2]

    def error(self, key: str, message: str) -> SettingsError:
        return SettingsError(f"{self.values.where(key)}: {self._full(key)}: {message}")

    def check_keys(self, known: Iterable[str]) -> None:
        """Raises SettingsError for a key that is not ``known``."""
        names = sorted(known)
        for key in self.values:
            if key not in names:
                raise self.error(key, f"unknown key; known: {', '.join(names)}")

    def require(self, key: str) -> Any:
        if self.values.get(key) is None:
            raise SettingsError(f"{self.values.where()}: {self._full(key)}: is missing; add it")
        return self.values[key]

    def children(self, key: str) -> list[Section]:
        """The mappings below ``key``, by name, in the order of the file."""
        found = []
        parent = self._mapping(self.values.get(key), key)
        for name, value in parent.items():
            if not _NAME.fullmatch(name):
                raise SettingsError(
                    f"{parent.where(name)}: '{name}' cannot be a name; use letters, digits and single underscores"
                )
            found.append(Section(self._mapping(value, f"{key}.{name}"), self._full(f"{key}.{name}")))
        return found

    def entries(self, key: str) -> list[Section]:
        """The mappings of the list below ``key``, in the order of the file."""
        values = self.values.get(key)
        if not isinstance(values, list) and values is not None:
            raise self.error(key, f"expected a list (lines with - ), got {values!r}")
        return [Section(self._mapping(v, key), self._full(f"{key}[{i}]")) for i, v in enumerate(values or [])]

    def settings(self, key: str, cls: type[S]) -> S:
        """The settings of a dataclass below ``key``; what is not there has its default."""
        child = Section(self._mapping(self.values.get(key), key), self._full(key))
        fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
        child.check_keys(fields)
        values = {name: plain_value(fields[name], value) for name, value in child.values.items()}
        for name, value in values.items():
            try:
                check_setting(fields[name], value)
            except SettingsError as error:
                raise SettingsError(f"{child.values.where(name)}: {child.path}.{error}") from None
        try:
            return cls(**values)
        except SettingsError as error:
            raise self.error(key, str(error)) from None

    def number(self, key: str, default: float | None, minimum: float, maximum: float) -> float:
        value = self.require(key) if default is None else self.values.get(key, default)
        if not _is_number(value) or not minimum <= value <= maximum:
            raise self.error(key, f"expected a number from {minimum:g} to {maximum:g}, got {value!r}")
        return float(value)

    def whole(self, key: str, default: int, minimum: int, maximum: int) -> int:
        value = self.values.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
            raise self.error(key, f"expected a whole number from {minimum} to {maximum}, got {value!r}")
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise self.error(key, f"expected true or false, got {value!r}")
        return value

    def choice(self, key: str, default: str, choices: Sequence[str]) -> str:
        value = self.values.get(key, default)
        if value not in choices:
            raise self.error(key, f"expected one of {', '.join(choices)}, got {value!r}")
        return str(value)

    def numbers(self, key: str, count: int) -> tuple[float, ...]:
        """A list of ``count`` finite numbers, which must be there."""
        return self.as_numbers(key, self.require(key), (count,))

    def as_numbers(self, key: str, value: Any, counts: tuple[int, ...]) -> tuple[float, ...]:
        if not isinstance(value, list) or len(value) not in counts or not all(map(_is_number, value)):
            expected = " or ".join(map(str, counts))
            raise self.error(key, f"expected a list of {expected} finite numbers, got {value!r}")
        return tuple(float(item) for item in value)

    def colour(self, key: str, default: Colour) -> Colour:
        """A name of ``COLOURS`` or three numbers 0..1."""
        value = self.values.get(key)
        if value is None:
            return default
        if isinstance(value, str) and value in COLOURS:
            return COLOURS[value]
        if isinstance(value, list) and len(value) == 3 and all(_is_number(v) and 0 <= v <= 1 for v in value):
            return (float(value[0]), float(value[1]), float(value[2]))
        raise self.error(key, f"expected red, green, blue from 0 to 1 or one of {', '.join(COLOURS)}, got {value!r}")

    def _mapping(self, value: Any, key: str) -> LinedDict:
        if value is None:
            return LinedDict(self.values.file, self.values.key_lines.get(key, self.values.line))
        if not isinstance(value, LinedDict):
            raise self.error(key, f"expected a mapping (key: value lines), got {value!r}")
        return value

    def _full(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
