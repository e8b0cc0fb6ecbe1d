"""``mobinet models``: what comes with mobinet, what the zoo has, fetch it, check it."""

from __future__ import annotations

import argparse
import sys

from mobinet.models.download import Progress, pull
from mobinet.models.shipped import shipped
from mobinet.models.zoo import FileState, file_state, models_folder, zoo, zoo_entry


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``models list | pull | verify``; each sets ``run``, a function of the parsed arguments to an exit code."""
    models = subparsers.add_parser("models", help="list, fetch and check networks")
    actions = models.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="what comes with mobinet, what can be fetched, and what is here").set_defaults(
        run=_list
    )
    fetch = actions.add_parser("pull", help="fetch networks into the models folder")
    fetch.add_argument("names", metavar="NAME", nargs="+")
    fetch.set_defaults(run=_pull)
    verify = actions.add_parser("verify", help="compare the fetched files with their hashes")
    verify.add_argument("names", metavar="NAME", nargs="*", help="default: all that were fetched")
    verify.set_defaults(run=_verify)


def _list(_arguments: argparse.Namespace) -> int:
    rows = [("NAME", "TASK", "LICENCE", "KIB", "HERE", "FIGURES (OF THE ZOO: AS PUBLISHED)")]
    for network in shipped().values():
        size = str(round(network.path.stat().st_size / 1024))
        rows.append((network.name, network.task, network.licence, size, "yes", network.figures))
    for entry in zoo().values():
        here = "yes" if (models_folder() / entry.file_name).is_file() else "no"
        rows.append((entry.name, entry.task, entry.licence, str(round(entry.size / 1024)), here, entry.figures))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]))
    print(f"\nfetched files are kept in {models_folder()} (MOBINET_MODELS)")
    return 0


def _pull(arguments: argparse.Namespace) -> int:
    entries = [zoo_entry(name) for name in arguments.names]
    needed = [zoo_entry(name) for entry in entries for name in entry.needs]
    for entry in {entry.name: entry for entry in [*entries, *needed]}.values():
        path = pull(entry, _progress(entry.name))
        print(f"{entry.name}: {path} ({entry.licence}, {entry.project})")
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    entries = [zoo_entry(name) for name in arguments.names] or list(zoo().values())
    states = [file_state(entry) for entry in entries]
    shown = [
        (entry, state)
        for entry, state in zip(entries, states, strict=True)
        if arguments.names or state is not FileState.ABSENT
    ]
    for entry, state in shown:
        cure = "" if state is FileState.GOOD else f": run 'mobinet models pull {entry.name}'"
        print(f"{entry.name}: {state.value}{cure}")
    if not shown:
        print(f"nothing was fetched yet into {models_folder()}: see 'mobinet models list'")
    return 0 if all(state is FileState.GOOD for _, state in shown) else 1


def _progress(name: str) -> Progress | None:
    """A line that rewrites itself, on terminals only."""
    if not sys.stderr.isatty():
        return None

    def show(received: int, total: int) -> None:
        end = "\n" if received == total else ""
        print(f"\r{name}: {received / 1024:.0f} of {total / 1024:.0f} KiB", end=end, file=sys.stderr, flush=True)

    return show
