"""``mobinet demo``: the main job, in a simulated world or on a recording, with a summary at the end."""

from __future__ import annotations

import argparse
import json
import os
import socket
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobinet.errors import SettingsError
from mobinet_ros.environment import SOURCE_ROOT, share_path
from mobinet_ros.rig.node_specs import LaunchSettings
from mobinet_ros.rig.start_time import common_start_ns
from mobinet_ros.running.up import add_common_arguments

if TYPE_CHECKING:
    from mobinet_ros.rig import Rig

DURATION_S = 120.0
DATA_VARIABLE = "MOBINET_DATA"
VIEWER_PORTS = {"port": 9876, "web_port": 9090}
NEEDED = (
    "mot/PETS09-S2L1/vtest_480x360_795.avi",
    "models/fastestdet/FastestDet.onnx",
    "models/osnet_x0_25/osnet_x0_25_msmt17_a.onnx",
)


def register(subparsers: Any) -> None:
    """Adds ``mobinet demo``."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "demo", help="run the main job in a simulated world or on a recording", description=__doc__
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--world", metavar="RIG", default="demo", help="a rig or world, by name or file (default: demo)")
    what.add_argument("--video", type=Path, metavar="PATH", help="any video, seen by three virtual mobile cameras")
    what.add_argument("--recorded", action="store_true", help="the recordings of a folder, seen in the same way")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help=f"that folder, implies --recorded ({DATA_VARIABLE}, ../shared/data)"
    )
    parser.add_argument(
        "--speed", type=float, metavar="X", help="of a world: X seconds a second, 0 as fast as it can be drawn"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the summary as JSON")
    add_common_arguments(parser, view="rerun", duration_s=DURATION_S)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs ``mobinet demo``; returns 0, or 1 when a camera or a robot delivered nothing.

    Raises:
        SettingsError: the recordings are absent, or a rig is wrong.
        MissingDependencyError: a world cannot be drawn here.
        SourceError: the video cannot be opened.
    """
    from mobinet_ros.running.rig_runner import RunOptions, log_folder, run_rig, say
    from mobinet_ros.running.summary import RunSummary
    from mobinet_ros.running.summary_node import RunSummaryNode

    folder = log_folder()
    rig = chosen_rig(arguments, folder)
    rig = replace(rig, viewer={name: free_port(port) for name, port in VIEWER_PORTS.items()} | dict(rig.viewer))
    say(introduction(rig, arguments.duration))
    launch = LaunchSettings(log_level=arguments.log_level, start_time_ns=common_start_ns(), view=arguments.view)
    options = RunOptions(launch, duration_s=arguments.duration, table=not arguments.no_table, folder=folder)
    summary = RunSummary(cameras_of(rig))
    if rig.world:
        from mobinet_ros.running.demo_world import bounds_of_world, require_rendering, truth_of

        require_rendering(rig)
        summary.truth = truth_of(rig)
        options = replace(options, **bounds_of_world(rig, arguments.duration, summary.clock))
    status = run_rig(rig, options, [partial(RunSummaryNode, summary)])
    say("")
    for line in summary.lines():
        say(line)
    if arguments.json:
        arguments.json.write_text(json.dumps(summary.as_dict(), indent=2) + "\n", encoding="utf-8")
    if not summary.worked:
        say(f"not every camera and robot delivered: see the logs in {folder}, and 'mobinet doctor' while it runs")
    return status or (0 if summary.worked else 1)


def chosen_rig(arguments: argparse.Namespace, folder: Path) -> Rig:
    """The rig that the arguments ask for; ``folder`` gets the one that is made for a video."""
    if arguments.video:
        return video_rig(arguments.video, folder)
    if arguments.recorded or arguments.data:
        return recorded_rig(arguments.data)
    from mobinet_ros.rig import load_rig

    rig = load_rig(arguments.world)
    if not rig.world:
        return rig
    sim = dict(rig.sim)
    if arguments.speed is not None:
        sim["speed"] = arguments.speed
    if arguments.duration:  # as long as asked for, and then no more
        sim |= {"duration": float(arguments.duration), "loop": False}
    return replace(rig, sim=sim)


def recorded_rig(data: Path | None) -> Rig:
    """The rig of the PETS recording; sets the variable that it names the folder by.

    Raises:
        SettingsError: files are absent; the message says which, and that any video does.
    """
    from mobinet_ros.rig import load_rig

    folder = (data or default_data_folder()).expanduser().resolve()
    absent = [name for name in NEEDED if not (folder / name).is_file()]
    if absent:
        raise SettingsError(
            f"the demonstration needs recordings and networks that are not in '{folder}': {', '.join(absent)}. Name "
            f"the folder that holds them (--data DIR or {DATA_VARIABLE}=DIR), or take any video, which needs no other "
            "file: make demo VIDEO=path (mobinet demo --video path)"
        )
    os.environ[DATA_VARIABLE] = str(folder)
    return load_rig(share_path("config/rigs/pets.yaml"))


def default_data_folder() -> Path:
    """``MOBINET_DATA``, or ``../shared/data`` as seen from the project's root."""
    return Path(os.environ.get(DATA_VARIABLE) or SOURCE_ROOT.parent / "shared" / "data")


def video_rig(video: Path, folder: Path) -> Rig:
    """Three virtual mobile cameras on any video, written to ``folder`` as a rig file that can be edited and run again.

    Raises:
        SourceError: the video cannot be opened.
        SettingsError: it is a camera or stream.
    """
    from mobinet_ros.rig import load_rig
    from mobinet_ros.running.demo_rig import write_video_rig

    return load_rig(write_video_rig(video.expanduser().resolve(), folder))


def introduction(rig: Rig, duration_s: float) -> str:
    """What is about to happen, in a few lines."""
    robots = ", ".join(robot.name for robot in rig.robots)
    length = f"ends after {duration_s:g} s or with Ctrl-C" if duration_s > 0 else "ends with Ctrl-C"
    legend = " In the view the truth is white." if rig.viewer.get("truth") else ""
    if rig.world:
        place = f"move through the simulated world '{Path(rig.world).stem}', on simulated time"
    else:
        place = f"look at '{Path(rig.robots[0].cameras[0].source).name}' through windows that move over it"
    return (
        f"{len(rig.robots)} robots ({robots}) {place}. Each detects, tracks and describes what it sees, and they agree "
        f"on who is who.{legend}\nrig: {rig.path}\n{length}"
    )


def cameras_of(rig: Rig) -> list[tuple[str, str]]:
    """(robot, camera) of all robots."""
    return [(robot.name, camera.name) for robot in rig.robots for camera in robot.cameras]


def free_port(preferred: int) -> int:
    """``preferred``, or one that the system gives out when another program has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", preferred))
        except OSError:
            probe.bind(("", 0))
        return int(probe.getsockname()[1])
