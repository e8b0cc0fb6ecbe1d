"""Message types by name: their class, hash and definition, as bags want them."""

from __future__ import annotations

import importlib
import json
import re
import struct
from pathlib import Path
from typing import Any

from mobinet.errors import RecordingError

_BUILT_IN = re.compile(r"^(bool|byte|char|float32|float64|u?int(8|16|32|64)|w?string)(<=\d+)?$")
_SEPARATOR = "=" * 80
_HEADER = "std_msgs/Header"


def load_type(type_name: str) -> Any:
    """The message class of e.g. ``sensor_msgs/msg/Image``.

    Raises:
        RecordingError: its package is not installed or has no such message; names the package.
    """
    parts = type_name.split("/")
    if len(parts) != 3:
        raise RecordingError(f"'{type_name}' is no message type; expected e.g. 'sensor_msgs/msg/Image'")
    package, kind, name = parts
    try:
        return getattr(importlib.import_module(f"{package}.{kind}"), name)
    except ImportError as error:
        debian = package.replace("_", "-")
        raise RecordingError(
            f"the message package '{package}' (for {type_name}) is not installed: sudo apt install "
            f"ros-$ROS_DISTRO-{debian}, or build it and source its workspace"
        ) from error
    except AttributeError as error:
        raise RecordingError(
            f"the installed message package '{package}' has no '{name}': it is of another version; install the one "
            "that the bag was recorded with"
        ) from error


def starts_with_header(message_class: Any) -> bool:
    """Whether a serialised message begins with a std_msgs/Header."""
    fields = message_class.get_fields_and_field_types()
    return bool(fields) and next(iter(fields.values())) == _HEADER


def header_stamp_ns(cdr: bytes) -> int:
    """The stamp of a serialised message that begins with a header."""
    # byte 1 of the encapsulation tells the byte order; the stamp's seconds and nanoseconds follow the four bytes
    seconds, nanoseconds = struct.unpack_from("<iI" if cdr[1] & 1 else ">iI", cdr, 4)
    return int(seconds) * 10**9 + int(nanoseconds)


def type_hash(type_name: str) -> str:
    """``RIHS01_...`` of the installed message, empty where the distribution does not tell (before Iron)."""
    path = _share_file(type_name, ".json")
    if path is None:
        return ""
    hashes = {item["type_name"]: item["hash_string"] for item in json.loads(path.read_text())["type_hashes"]}
    return str(hashes.get(type_name, ""))


def full_definition(type_name: str) -> str:
    """The text of the message definition followed by all that it contains, as bags keep it; empty when unknown."""
    root = _text(type_name)
    if root is None:
        return ""
    parts, waiting, seen = [root], _contained(type_name, root), {type_name}
    while waiting:
        name = waiting.pop(0)
        text = None if name in seen else _text(name)
        if text is None:
            continue
        seen.add(name)
        parts.append(f"{_SEPARATOR}\nMSG: {name.replace('/msg/', '/')}\n{text}")
        waiting += _contained(name, text)
    return "\n".join(parts)


def _contained(type_name: str, text: str) -> list[str]:
    """Full names of the message types of a definition's fields."""
    package = type_name.split("/")[0]
    names = []
    for line in text.splitlines():
        words = line.split("#")[0].split()
        kind = re.sub(r"\[.*\]$", "", words[0]) if words else ""
        if not kind or _BUILT_IN.match(kind):
            continue
        parts = kind.split("/")
        names.append(f"{parts[0] if len(parts) > 1 else package}/msg/{parts[-1]}")
    return names


def _text(type_name: str) -> str | None:
    path = _share_file(type_name, ".msg")
    return None if path is None else path.read_text()


def _share_file(type_name: str, suffix: str) -> Path | None:
    from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

    package, _, rest = type_name.partition("/")
    try:
        path = Path(get_package_share_directory(package)) / f"{rest}{suffix}"
    except PackageNotFoundError:
        return None
    return path if path.is_file() else None
