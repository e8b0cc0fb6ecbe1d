"""Single values of a rig file: names, poses, paths and environment variables, each checked where it stands."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from mobinet.errors import SettingsError
from mobinet.lined_yaml import LinedDict
from mobinet_ros.rig.schema import Pose

_NAME = re.compile(r"[A-Za-z](_?[A-Za-z0-9])*")
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def check_keys(section: LinedDict, known: Iterable[str], what: str) -> None:
    """Raises SettingsError for a key that is not ``known``, naming the known ones."""
    names = sorted(known)
    for key in section:
        if key not in names:
            raise SettingsError(f"{section.where(key)}: {what}: unknown key '{key}'; known: {', '.join(names)}")


def section_of(parent: LinedDict, key: str) -> LinedDict:
    """The mapping at ``key``, empty when absent or null; raises SettingsError for anything else."""
    value = parent.get(key)
    if value is None:
        return LinedDict(parent.file, parent.key_lines.get(key, parent.line))
    if not isinstance(value, LinedDict):
        raise SettingsError(f"{parent.where(key)}: {key}: expected a mapping (key: value lines), got {value!r}")
    return value


def string_of(section: LinedDict, key: str) -> str:
    """The string at ``key``, '' when absent; a number (a camera's index) is taken as its text."""
    value = section.get(key, "")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise SettingsError(f"{section.where(key)}: {key}: expected a text, got {value!r}")
    return value


def check_name(section: LinedDict, name: str, what: str) -> None:
    """Raises SettingsError when ``name`` cannot be a ROS namespace."""
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"{section.where(name)}: {what} '{name}' cannot be a ROS name; use letters, digits and single underscores, "
            "a letter first"
        )


def pose_of(section: LinedDict, key: str) -> Pose | None:
    """Six numbers x, y, z (metres), roll, pitch, yaw (radians); ``None`` when absent."""
    value = section.get(key)
    if value is None:
        return None
    fits = isinstance(value, list) and len(value) == 6
    if not fits or not all(is_number(item) for item in value):
        raise SettingsError(
            f"{section.where(key)}: {key}: expected six finite numbers [x, y, z, roll, pitch, yaw] "
            f"in metres and radians, got {value!r}"
        )
    return cast(Pose, tuple(float(item) for item in value))


def expand(text: str, where: str, environment: Mapping[str, str] | None = None) -> str:
    """``text`` with ``${NAME}`` and ``${NAME:-default}`` replaced; raises SettingsError for a variable not set."""
    variables = os.environ if environment is None else environment

    def value(match: re.Match[str]) -> str:
        name, default = match.group(1), match.group(2)
        found = variables.get(name) or default
        if found is None:
            raise SettingsError(f"{where}: the environment variable {name} is not set; export {name}=...")
        return found

    return _VARIABLE.sub(value, text)


def resolved_path(text: str, folder: Path) -> str:
    """Absolute form of a path relative to the rig file's ``folder``; addresses and device numbers as they are."""
    if not text or text.isdigit() or _ADDRESS.match(text):
        return text
    path = Path(text).expanduser()
    return str(path if path.is_absolute() else (folder / path).resolve())


def existing_file(text: str, folder: Path, where: str) -> str:
    """Like :func:`resolved_path`; raises SettingsError when nothing is there."""
    path = resolved_path(text, folder)
    if not _ADDRESS.match(path) and not path.isdigit() and not Path(path).exists():
        raise SettingsError(f"{where}: '{path}' does not exist; paths are relative to the rig file")
    return path


def is_number(value: Any) -> bool:
    """Whether it is a finite number, and no bool."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
