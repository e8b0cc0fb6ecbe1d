"""YAML files that people write: mappings that know their line, and no key twice.

Plain YAML loaders keep the last of two equal keys, so a second robot of the same name would silently replace the first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from mobinet.errors import SettingsError


class LinedDict(dict[str, Any]):
    """A mapping of a YAML file; ``where`` names file and line of a key for error messages."""

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.file = file
        self.line = line
        self.key_lines: dict[str, int] = {}

    def where(self, key: str | None = None) -> str:
        """``file:line`` of ``key``, or of the mapping itself."""
        line = self.line if key is None else self.key_lines.get(key, self.line)
        return f"{self.file}:{line}"


def load_lined_yaml(path: Path) -> LinedDict:
    """The mapping that the YAML file ``path`` holds, with every nested mapping a :class:`LinedDict`.

    Raises:
        SettingsError: the file is missing or not YAML, is no mapping, has a key twice or a key that is no string.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        # an OSError's own text repeats the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"{path}: expected a readable YAML file: {reason}; check the path and the file") from None
    loader = _LinedLoader(text)
    loader.file = str(path)
    try:
        content = loader.get_single_data()
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: not valid YAML: {error}") from None
    finally:
        loader.dispose()
    if not isinstance(content, LinedDict):
        raise SettingsError(f"{path}: expected a mapping (key: value lines), got {type(content).__name__}")
    return content


class _LinedLoader(yaml.SafeLoader):
    file = ""


def _construct_mapping(loader: _LinedLoader, node: yaml.MappingNode) -> LinedDict:
    own_keys = [key for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
    _check_keys(loader, own_keys)
    loader.flatten_mapping(node)  # puts what `<<: *anchor` names before the mapping's own pairs
    mapping = LinedDict(loader.file, node.start_mark.line + 1)
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        mapping[key] = loader.construct_object(value_node, deep=True)
        mapping.key_lines[key] = key_node.start_mark.line + 1
    return mapping


def _check_keys(loader: _LinedLoader, key_nodes: list[yaml.Node]) -> None:
    first_line: dict[str, int] = {}
    for node in key_nodes:
        key, line = loader.construct_object(node, deep=True), node.start_mark.line + 1
        if not isinstance(key, str):
            raise SettingsError(f"{loader.file}:{line}: expected a name as key, got {key!r}; put it in quotes")
        if key in first_line:
            raise SettingsError(
                f"{loader.file}:{line}: '{key}' is there twice (first in line {first_line[key]}); rename or remove one"
            )
        first_line[key] = line


_LinedLoader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)
