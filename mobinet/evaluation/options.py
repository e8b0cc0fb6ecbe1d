"""What the evaluation's commands have in common: options made from settings, renamed classes, printing."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from mobinet.errors import SettingsError
from mobinet.evaluation.report import as_json
from mobinet.evaluation.tables import BoxTable, TrackTable

S = TypeVar("S")
T = TypeVar("T", TrackTable, BoxTable)


def add_paths(parser: argparse.ArgumentParser, truth: str, results: str) -> None:
    parser.add_argument("truth", metavar="TRUTH", type=Path, help=truth)
    parser.add_argument("results", metavar="RESULTS", type=Path, help=results)


def add_settings(parser: argparse.ArgumentParser, settings: type[Any]) -> None:
    """An option for each setting: ``iou_threshold`` is ``--iou-threshold``."""
    for field in fields(settings):
        default, name, doc = field.default, "--" + field.name.replace("_", "-"), field.metadata["doc"]
        assert default is not MISSING
        if isinstance(default, bool):
            parser.add_argument(name, action=argparse.BooleanOptionalAction, default=default, help=doc)
        elif isinstance(default, tuple):
            shown = ",".join(default) or "none"
            parser.add_argument(name, metavar="A,B", type=_names, default=default, help=f"{doc} (default: {shown})")
        else:
            metavar = "NUMBER" if isinstance(default, float) else "COUNT"
            parser.add_argument(
                name, metavar=metavar, type=type(default), default=default, help=f"{doc} (default: {default})"
            )


def settings_of(arguments: argparse.Namespace, settings: type[S]) -> S:
    """The settings that the options say.

    Raises:
        SettingsError: a value is out of range.
    """
    return settings(**{field.name: getattr(arguments, field.name) for field in fields(settings)})  # type: ignore[arg-type]


def add_common(parser: argparse.ArgumentParser, run: Any, classes: bool = True) -> None:
    if classes:
        parser.add_argument(
            "--rename",
            metavar="OLD=NEW",
            action="append",
            default=[],
            help="call a class of truth and results otherwise, e.g. pedestrian=person; may be repeated",
        )
    parser.add_argument("--json", action="store_true", help="print JSON, shares 0..1, instead of a table in percent")
    parser.set_defaults(run=run)


def renamed(table: T, renames: Sequence[str]) -> T:
    """The table with its classes renamed.

    Raises:
        SettingsError: an entry is not OLD=NEW.
    """
    names = table.class_names.astype(object)
    for entry in renames:
        old, sign, new = entry.partition("=")
        if not sign or not old or not new:
            raise SettingsError(f"--rename: expected OLD=NEW, got '{entry}'")
        names[table.class_names == old] = new
    return replace(table, class_names=names.astype(np.str_))


def show(arguments: argparse.Namespace, scores: Mapping[str, Any], text: str) -> int:
    print(as_json(scores) if arguments.json else text)
    return 0


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)
