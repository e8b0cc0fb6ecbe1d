"""``mobinet sim``: list the worlds that are shipped, and render one into a folder."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from mobinet.progress import Progress
from mobinet.sim.export import FORMATS, ExportSettings, export_world
from mobinet.sim.export_reid import ReidSettings
from mobinet.sim.world_file import find_world, load_world, scenario_names


def register(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
) -> argparse._SubParsersAction[argparse.ArgumentParser]:
    """Adds ``sim list | render``; each sets ``run``, a function of the parsed arguments to an exit code.

    Returns:
        Takes further actions of ``sim``.
    """
    sim = subparsers.add_parser("sim", help="simulated worlds with ground truth")
    actions = sim.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="the worlds that are shipped").set_defaults(run=_list)
    render = actions.add_parser("render", help="images and ground truth of a world, into a folder")
    render.add_argument("world", metavar="WORLD", help="a shipped world or a YAML file")
    render.add_argument("-o", "--out", metavar="DIR", type=Path, required=True, help="a folder that is not there yet")
    render.add_argument("--duration", metavar="SECONDS", type=_seconds, default=0.0, help="default: the world's length")
    render.add_argument("--video", action="store_true", help="also a video.mp4 of each camera")
    render.add_argument("--depth", action="store_true", help="also depth images")
    render.add_argument(
        "--format",
        nargs="+",
        choices=FORMATS,
        default=["mot"],
        metavar="FORMAT",
        help=f"{', '.join(FORMATS)}; default mot",
    )
    render.add_argument(
        "--train-share", type=float, default=ReidSettings().train_share, metavar="SHARE",
        help="share of the identities for training in reid, 0 to 1; default %(default)s",
    )  # fmt: skip
    render.set_defaults(run=_render)
    return actions


def _list(_arguments: argparse.Namespace) -> int:
    for name in scenario_names():
        lines = find_world(name).read_text(encoding="utf-8").splitlines()
        comment = [line.removeprefix("#").strip() for line in lines if line.startswith("#")]
        print(f"{name:12s} {' '.join(comment)}")
    return 0


def _render(arguments: argparse.Namespace) -> int:
    path = find_world(arguments.world)
    world = load_world(path)
    settings = ExportSettings(
        duration_s=arguments.duration,
        video=arguments.video,
        depth=arguments.depth,
        formats=tuple(arguments.format),
        reid=ReidSettings(train_share=arguments.train_share),
    )
    start_s = time.monotonic()
    with Progress(f"rendering {world.name}", unit="images") as progress:
        export_world(world, path, arguments.out, settings, progress.show_pieces)
    print(f"{arguments.out}: {progress.done} images in {time.monotonic() - start_s:.1f} s")
    return 0


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected seconds above 0, got {text}")
    return value
