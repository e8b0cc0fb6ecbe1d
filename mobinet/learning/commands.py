"""``mobinet train``: the small networks that are shipped, from random worlds to an ONNX file."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mobinet.learning.torch_import import require_torch
from mobinet.progress import Progress

IMAGES = 4000
_FIRST_WORLD = 1000
_WORLDS_OF_A_SEED = 100_000


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``train detector | embedder``; each sets ``run``, a function of the parsed arguments to an exit code."""
    train = subparsers.add_parser("train", help="train a small network on simulated worlds")
    networks = train.add_subparsers(dest="network", metavar="NETWORK", required=True)
    detector = networks.add_parser("detector", help="of people, cyclists and cars")
    detector.set_defaults(run=_train_detector)
    embedder = networks.add_parser("embedder", help="of the appearance of people and vehicles")
    embedder.set_defaults(run=_train_embedder)
    for parser in (detector, embedder):
        parser.add_argument("-o", "--out", metavar="DIR", type=Path, required=True, help="checkpoint, curves, network")
        parser.add_argument("--data", metavar="DIR", type=Path, help="training images; default: data in the out folder")
        parser.add_argument("--images", metavar="N", type=_count, default=IMAGES, help="default %(default)s")
        parser.add_argument("--steps", metavar="N", type=_count, default=0, help="default: as the shipped network")
        parser.add_argument("--batch", metavar="N", type=_count, default=0, help="images a step; default: the same")
        parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in the out folder")
        parser.add_argument("--seed", metavar="N", type=int, default=0, help="of worlds, weights and order; default 0")
        parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: a GPU if any")


def _train_detector(arguments: argparse.Namespace) -> int:
    require_torch()
    from mobinet.learning.detector import DetectorTraining, train_detector

    defaults = DetectorTraining()
    settings = dataclasses.replace(defaults, training=dataclasses.replace(defaults.training, **_choices(arguments)))

    def run(data: Path, show: Callable[[int, int, Mapping[str, float]], None]) -> Path:
        return train_detector(data, arguments.out, settings, resume=arguments.resume, progress=show)

    return _render_and_run(arguments, "detector", run)


def _train_embedder(arguments: argparse.Namespace) -> int:
    require_torch()
    from mobinet.learning.embedder import EmbedderTraining, train_embedder

    defaults = EmbedderTraining()
    settings = dataclasses.replace(defaults, training=dataclasses.replace(defaults.training, **_choices(arguments)))

    def run(data: Path, show: Callable[[int, int, Mapping[str, float]], None]) -> Path:
        return train_embedder(data, arguments.out, settings, resume=arguments.resume, progress=show)

    return _render_and_run(arguments, "embedder", run)


def _render_and_run(
    arguments: argparse.Namespace,
    name: str,
    run: Callable[[Path, Callable[[int, int, Mapping[str, float]], None]], Path],
) -> int:
    """Renders what is missing of the training images, then trains."""
    from mobinet.learning.images import render_images
    from mobinet.learning.training import check_folder
    from mobinet.sim.randomised import RandomWorldSettings

    # before minutes of rendering
    check_folder(arguments.out, resume=arguments.resume)
    data = arguments.data or arguments.out / "data"
    first = _FIRST_WORLD + _WORLDS_OF_A_SEED * arguments.seed
    with Progress("rendering", unit="images") as progress:
        render_images(data, arguments.images, first, RandomWorldSettings(), progress.show_pieces)
    with Progress(f"training {name}", unit="steps") as progress:

        def show(done: int, total: int, losses: Mapping[str, float]) -> None:
            progress.show_pieces(done, total, " ".join(f"{key} {value:.3f}" for key, value in losses.items()))

        path = run(data, show)
    print(f"{path}: {path.stat().st_size / 1024:.0f} KiB; curves in {arguments.out / 'curves.csv'}")
    return 0


def _choices(arguments: argparse.Namespace) -> dict[str, Any]:
    chosen: dict[str, Any] = {"seed": arguments.seed, "device": arguments.device}
    return chosen | {name: getattr(arguments, name) for name in ("steps", "batch") if getattr(arguments, name)}


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text}")
    return value
