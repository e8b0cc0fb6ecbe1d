"""Writes docs/'s tables of parameters and topics and config/'s parameter files from the code: [--check].

A table stands between two comments. The first says what it shows, and everything up to the second is written here:

    <!-- parameters tracker_node -->                        the parameters that a node declares
    <!-- topics tracker_node -->                            what a node subscribes and publishes
    <!-- topics -->                                         every topic of the project
    <!-- settings mobinet.tracking.settings.TrackerSettings -->   one settings class of the library
    <!-- end -->

``config/tracker.yaml`` and its like, one a node, hold every parameter at its default, and are written here whole.

With ``--check`` nothing is written: files that differ from the code, and nodes without a page, are named.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import inspect
import json
import re
import sys
import textwrap
import typing
from pathlib import Path
from types import ModuleType
from typing import Any

from mobinet_ros import topics
from mobinet_ros.lifecycle import NodeSettings
from mobinet_ros.simulation.channels import WORLD_TOPICS
from mobinet_ros.topics import TOPICS, Topic

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(ROOT.glob("docs/**/*.md"))
NODES = sorted(path.stem for path in ROOT.glob("mobinet_ros/*_node.py"))
BLOCK = re.compile(
    r"(?P<head><!-- (?P<kind>parameters|topics|settings)(?: (?P<name>[\w.]+))? -->\n).*?(?P<end><!-- end -->)",
    re.DOTALL,
)
SHARED_HELPERS = {
    "listen_images(": (topics.IMAGE_IN, topics.COMPRESSED_IN),
    "listen_to_tf(": (topics.TF, topics.TF_STATIC),
    "RadioRelay(": (topics.RADIO,),
    "make_driver(": (topics.PTZ_STATE,),
}
"""Functions that subscribe on a node's behalf, and what they subscribe."""
PUBLISHING_HELPERS = {
    "RadioRelay(": (topics.RADIO,),
    "channels_of(": WORLD_TOPICS,
    "make_driver(": (topics.PTZ_COMMAND,),
}
"""The same of what they publish."""
PARAMETER_FILE_HEAD = """\
# Every parameter of {node} at its default; lists that are empty by default are commented out.
# Copy this file, change the copy and give it to the node:
#   ros2 run mobinet_ros {node} --ros-args --params-file {stem}.yaml
# Written by scripts/document_parameters.py.
/**:
  {node}:
    ros__parameters:
"""
LINE_LENGTH = 120
TYPE_NAMES = {bool: "bool", int: "integer", float: "double", str: "string"}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when a file is out of date")
    check = parser.parse_args().check
    complaints = [f"docs/nodes/{node}.md: a node without a page" for node in NODES if not page_of(node).exists()]
    files = {page: BLOCK.sub(fill, page.read_text(encoding="utf-8")) for page in PAGES}
    files |= {parameter_file_of(node): parameter_file(node) for node in NODES}
    for path, written in files.items():
        if path.exists() and path.read_text(encoding="utf-8") == written:
            continue
        if check:
            complaints.append(f"{path.relative_to(ROOT)}: differs from the code; run scripts/document_parameters.py")
        else:
            path.write_text(written, encoding="utf-8")
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


def page_of(node: str) -> Path:
    return ROOT / "docs" / "nodes" / f"{node}.md"


def parameter_file_of(node: str) -> Path:
    return ROOT / "config" / f"{node.removesuffix('_node')}.yaml"


def parameter_file(node: str) -> str:
    """A ROS parameter file with every parameter of the node at its default, what it means above it."""
    text = PARAMETER_FILE_HEAD.format(node=node, stem=node.removesuffix("_node"))
    for cls in settings_classes(node_module(node)):
        for field in dataclasses.fields(cls):
            text += textwrap.indent(parameter_entry(field), " " * 6)
    return text


def parameter_entry(field: dataclasses.Field[Any]) -> str:
    """The default under its meaning, and under its range and whether it may change, where there is something to say."""
    allowed = range_text(field.metadata).replace("`", "")
    notes = [
        f"allowed: {allowed}" if allowed else "",
        "may change while the node runs" if field.metadata["live"] else "",
    ]
    lines = [field.metadata["doc"], "; ".join(filter(None, notes))]
    wrapped = [part for line in lines for part in textwrap.wrap(line, LINE_LENGTH - 8)]
    # ROS gives an empty list no type, and refuses the file
    hidden = "# " if field.default == () else ""
    return "".join(f"# {line}\n" for line in wrapped) + f"{hidden}{field.name}: {json.dumps(field.default)}\n"


def fill(block: re.Match[str]) -> str:
    """The block with a fresh table between its two comments."""
    kind, name = block["kind"], block["name"]
    if kind == "settings":
        module, _, cls = name.rpartition(".")
        rows = settings_table([getattr(importlib.import_module(module), cls)])
    elif kind == "parameters":
        rows = settings_table(settings_classes(node_module(name)))
    else:
        rows = node_topics_table(node_module(name)) if name else topics_table()
    return block["head"] + "\n" + "\n".join(rows) + "\n\n" + block["end"]


def node_module(node: str) -> ModuleType:
    return importlib.import_module(f"mobinet_ros.{node}")


def settings_classes(module: ModuleType) -> list[type]:
    """What the node declares, in its order; what every node has comes last."""
    declared = re.findall(r"parameters\.declare\((\w+)\)", inspect.getsource(module))
    return [*(getattr(module, name) for name in declared), NodeSettings]


def settings_table(classes: list[type]) -> list[str]:
    rows = ["| name | type | default | range | live | meaning |", "|---|---|---|---|---|---|"]
    for cls in classes:
        hints = typing.get_type_hints(cls)
        for field in dataclasses.fields(cls):
            live = "yes" if field.metadata["live"] else ""
            cells = (type_text(field, hints[field.name]), default_text(field.default), range_text(field.metadata), live)
            rows.append(f"| `{field.name}` | {' | '.join(cells)} | {field.metadata['doc']} |")
    return rows


def type_text(field: dataclasses.Field[Any], hint: Any) -> str:
    """The name that ROS gives to the type."""
    if isinstance(field.default, tuple):
        return f"{TYPE_NAMES[typing.get_args(hint)[0]]}[]"
    return TYPE_NAMES[type(field.default)]


def default_text(default: Any) -> str:
    if default in ("", ()):
        return ""
    if isinstance(default, bool):
        return f"`{default}`".lower()
    return f"`{default}`"


def range_text(metadata: typing.Mapping[str, Any]) -> str:
    low, high, choices = metadata["minimum"], metadata["maximum"], metadata["choices"]
    if choices is not None:
        return ", ".join(f"`{choice}`" for choice in choices)
    if low is None and high is None:
        return ""
    if high is None:
        return f"{low:g} or more"
    return f"up to {high:g}" if low is None else f"{low:g} to {high:g}"


def node_topics_table(module: ModuleType) -> list[str]:
    source = inspect.getsource(module)
    published = [getattr(topics, name) for name in re.findall(r"advertise\(\s*topics\.([A-Z_]+)", source)]
    published += [topic for helper, given in PUBLISHING_HELPERS.items() if helper in source for topic in given]
    named = [getattr(topics, name) for name in re.findall(r"topics\.([A-Z_]+)", source)]
    heard = [topic for helper, given in SHARED_HELPERS.items() if helper in source for topic in given]
    heard += [getattr(topics, name) for name in re.findall(r"listen\(\s*topics\.([A-Z_]+)", source)]
    heard += [topic for topic in named if topic not in published]
    rows = ["| | topic | type | quality of service |", "|---|---|---|---|"]
    rows += [f"| in | {topic_cells(topic)} |" for topic in dict.fromkeys(heard)]
    rows += [f"| out | {topic_cells(topic)} |" for topic in dict.fromkeys([*published, topics.DIAGNOSTICS])]
    return rows


def topics_table() -> list[str]:
    rows = ["| of | topic | type | quality of service | rate |", "|---|---|---|---|---|"]
    return rows + [f"| {scope_text(topic)} | {topic_cells(topic)} | {rate_text(topic)} |" for topic in TOPICS]


def topic_cells(topic: Topic) -> str:
    package = topic.type.__module__.partition(".")[0]
    reliability = "reliable" if topic.reliable else "best effort"
    latched = ", latched" if topic.latched else ""
    return f"`{topic.name}` | `{package}/{topic.type.__name__}` | {reliability}{latched}, depth {topic.depth}"


def scope_text(topic: Topic) -> str:
    return {"camera": "a camera (`/r1/front`)", "robot": "a robot (`/r1`)", "global": "all robots"}[topic.scope]


def rate_text(topic: Topic) -> str:
    if topic.rate == "image":
        return "once an image"
    if topic.rate == "on demand":
        return topic.rate
    return "once" if topic.rate == "latched" else f"{topic.rate:g} Hz"


if __name__ == "__main__":
    sys.exit(main())
