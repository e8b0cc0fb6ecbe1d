"""``mobinet eval``: results against the truth, from files and bags."""

from __future__ import annotations

import argparse

from mobinet.evaluation import box_commands, picture_commands, track_commands


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``eval mot | identities | detection | reid | target | events``; each sets ``run``, a function of the parsed
    arguments to an exit code."""
    evaluation = subparsers.add_parser("eval", help="judge results by the truth")
    actions = evaluation.add_subparsers(dest="action", metavar="WHAT", required=True)
    for part in (track_commands, box_commands, picture_commands):
        part.register(actions)
