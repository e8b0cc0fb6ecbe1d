"""The trackers that are compared: OpenCV's, and ours with and without its modules."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from peers import target_trackers
from targets.ours import BOTH, OWN_NETWORK, ours
from targets.runs import NO_BOX, Follower, Said

from mobinet.types import Float64, Frame, TargetState

NANO = "TrackerNano"
MAIN_FIGURES = ("auc", "precision20", "fps", "auc_after_occlusion", "reacquired_percent", "false_reacquired")
NETWORKS = Path("models/nanotrack_v2")


class Peer:
    """A tracker of OpenCV. It has no state: TRACKING while it gives a box, LOST while it says that it found none."""

    def __init__(self, tracker: target_trackers.OpenCvTracker | target_trackers.RemoteTracker) -> None:
        self._tracker = tracker

    def start(self, frame: Frame, box: Float64) -> None:
        height, width = frame.image.shape[:2]
        inside = np.clip(box, 0, (width, height, width, height))
        left, top, right, bottom = (round(float(value)) for value in inside)
        self._tracker.start(frame.image, (left, top, max(right - left, 1), max(bottom - top, 1)))

    def update(self, frame: Frame) -> Said:
        found, cpu_s = self._tracker.update(frame.image)
        if found is None:
            return Said(NO_BOX, TargetState.LOST, NO_BOX, cpu_s)
        box = np.array([found[0], found[1], found[0] + found[2], found[1] + found[3]])
        return Said(box, TargetState.TRACKING, box, cpu_s)


@contextmanager
def contenders(options: argparse.Namespace, networks: Path) -> Iterator[dict[str, Follower]]:
    """Those of ``--only``, or all: ours and TrackerNano with the same networks; CSRT and KCF if they are there."""
    with ExitStack() as stack:
        found: dict[str, Follower] = {**ours(networks), NANO: Peer(target_trackers.nano(networks))}
        wanted = options.only.split(",") if options.only else [*found, *target_trackers.CONTRIB]
        contrib = [name for name in wanted if name in target_trackers.CONTRIB]
        other = stack.enter_context(target_trackers.interpreter(options.peers if contrib else ""))
        if other is None and contrib:
            print(f"peers absent: {', '.join(contrib)}; --peers takes {target_trackers.HOW}")
        for name in contrib if other is not None else ():
            found[name] = Peer(stack.enter_context(target_trackers.RemoteTracker(other, name)))
        yield {name: follower for name, follower in found.items() if name in wanted}


def add_options(parser: argparse.ArgumentParser) -> None:
    """What is asked of every benchmark of these trackers."""
    parser.add_argument(
        "--networks", type=Path, help="folder of NanoTrack v2; default: models/nanotrack_v2 beside the recordings"
    )
    parser.add_argument("--peers", default="", metavar="PYTHON", help=target_trackers.HOW)
    parser.add_argument("--only", default="", metavar="NAMES", help="of trackers, as in the table, with commas between")


def recordings() -> Path:
    """Where the recordings are on this machine."""
    root = Path(__file__).resolve().parents[2]
    return Path(os.environ.get("MOBINET_DATA", root.parent / "shared" / "data"))


def find_networks(options: argparse.Namespace, data: Path) -> Path:
    """The folder of the two networks.

    Raises:
        FileNotFoundError: there is none; the message says what to do.
    """
    folders = [options.networks] if options.networks else [data.parent / NETWORKS, recordings() / NETWORKS]
    for folder in folders:
        if all(any(folder.glob(f"*{part}*.onnx")) for part in ("backbone", "head")):
            return folder
    raise FileNotFoundError(
        f"'{folders[0]}' lacks NanoTrack's *backbone*.onnx or *head*.onnx; name a folder that has both with --networks"
    )


def by_whom(results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The main figures of ours with both modules, and all figures of all by their names."""
    own = {name: figures for name, figures in results.items() if name.startswith(("core", OWN_NETWORK))}
    peers = {name: figures for name, figures in results.items() if name not in (*own, BOTH)}
    both = results.get(BOTH, {})
    shown = {name: value for name, value in both.items() if name in MAIN_FIGURES or "/" in name}
    return {**shown, **({BOTH: both} if both else {}), **own, "peers": peers}


def one_core() -> None:
    """Holds this process, and those that it starts, to one core and one thread."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)
