"""``mobinet train``: the small networks that are shipped, from random worlds to an ONNX file."""

from __future__ import annotations

import argparse
import dataclasses
import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from mobinet.errors import SettingsError
from mobinet.learning.torch_import import require_torch
from mobinet.progress import Progress

IMAGES = 4000
SEQUENCES = 240
_FIRST_WORLD = 1000
_FIRST_EVENT_WORLD = 20_000
_WORLDS_OF_A_SEED = 100_000

_Prepared: TypeAlias = tuple[Any, Callable[..., Path]]
"""Settings of a training with a member ``training``, and what trains with them."""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``train`` and its networks below it; each sets ``run``, a function of the arguments to an exit code."""
    train = subparsers.add_parser("train", help="train a small network on simulated worlds")
    networks = train.add_subparsers(dest="network", metavar="NETWORK", required=True)
    parsers = {}
    for name, (prepare, purpose) in _NETWORKS.items():
        parser = parsers[name] = networks.add_parser(name, help=purpose)
        parser.set_defaults(run=functools.partial(_train, name, prepare))
        parser.add_argument("-o", "--out", metavar="DIR", type=Path, required=True, help="checkpoint, curves, network")
        things, count = ("sequences", SEQUENCES) if name == _OF_EVENTS else ("images", IMAGES)
        parser.add_argument(
            "--data", metavar="DIR", type=Path, help=f"training {things}; default: data in the out folder"
        )
        parser.add_argument(f"--{things}", metavar="N", type=_count, default=count, help="default %(default)s")
        parser.add_argument("--steps", metavar="N", type=_count, default=0, help="default: as the shipped network")
        parser.add_argument("--batch", metavar="N", type=_count, default=0, help=f"{things} a step; default: the same")
        parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in the out folder")
        parser.add_argument("--seed", metavar="N", type=int, default=0, help="of worlds, weights and order; default 0")
        parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: a GPU if any")

    parsers["embedder"].add_argument(
        "--crops",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="learn from a folder as Market-1501, VeRi or CityFlow too; may be repeated",
    )
    parsers["embedder"].add_argument(
        "--only-crops", action="store_true", help="render nothing, learn from --crops alone"
    )
    parsers["siamese"].add_argument(
        "--backbone", metavar="FILE", type=Path, help="checkpoint.pt of a detector to begin with; default: from nothing"
    )


def _prepare_detector(_: argparse.Namespace) -> _Prepared:
    from mobinet.learning.detector import DetectorTraining, train_detector

    return DetectorTraining(), train_detector


def _prepare_embedder(arguments: argparse.Namespace) -> _Prepared:
    from mobinet.learning.embedder import EmbedderTraining, train_embedder

    if arguments.only_crops and not arguments.crops:
        raise SettingsError("--only-crops: expected --crops DIR with it, as there is nothing else to learn from")
    return EmbedderTraining(), functools.partial(train_embedder, folders=arguments.crops)


def _prepare_orientation(_: argparse.Namespace) -> _Prepared:
    from mobinet.learning.bias import BiasTraining, train_orientation

    return BiasTraining(), train_orientation


def _prepare_background(_: argparse.Namespace) -> _Prepared:
    from mobinet.learning.bias import BiasTraining, train_background

    return BiasTraining(), train_background


def _prepare_siamese(arguments: argparse.Namespace) -> _Prepared:
    from mobinet.learning.siamese import SiameseTraining, train_siamese

    return SiameseTraining(), functools.partial(train_siamese, backbone=arguments.backbone)


def _prepare_event_detector(_: argparse.Namespace) -> _Prepared:
    from mobinet.learning.event_detector import EventDetectorTraining, train_event_detector

    return EventDetectorTraining(), train_event_detector


def _train(name: str, prepare: Callable[[argparse.Namespace], _Prepared], arguments: argparse.Namespace) -> int:
    """Renders what is missing of the training data, then trains."""
    require_torch()
    from mobinet.learning.training import check_folder

    defaults, train = prepare(arguments)
    settings = dataclasses.replace(defaults, training=dataclasses.replace(defaults.training, **_choices(arguments)))
    # before minutes of rendering
    check_folder(arguments.out, resume=arguments.resume)
    data = None if getattr(arguments, "only_crops", False) else arguments.data or arguments.out / "data"
    render = _render_sequences if name == _OF_EVENTS else _render_images
    if data is not None:
        render(data, arguments)
    with Progress(f"training {name}", unit="steps") as progress:

        def show(done: int, total: int, losses: Mapping[str, float]) -> None:
            progress.show_pieces(done, total, " ".join(f"{key} {value:.3f}" for key, value in losses.items()))

        path = train(data, arguments.out, settings, resume=arguments.resume, progress=show)
    print(f"{path}: {path.stat().st_size / 1024:.0f} KiB; curves in {arguments.out / 'curves.csv'}")
    return 0


def _render_images(data: Path, arguments: argparse.Namespace) -> None:
    from mobinet.learning.images import render_images
    from mobinet.sim.randomised import RandomWorldSettings

    first = _FIRST_WORLD + _WORLDS_OF_A_SEED * arguments.seed
    with Progress("rendering", unit="images") as progress:
        render_images(data, arguments.images, first, RandomWorldSettings(), progress.show_pieces)


def _render_sequences(data: Path, arguments: argparse.Namespace) -> None:
    from mobinet.learning.event_sequences import render_sequences
    from mobinet.sim.random_sequences import RandomSequenceSettings

    first = _FIRST_EVENT_WORLD + _WORLDS_OF_A_SEED * arguments.seed
    with Progress("rendering", unit="sequences") as progress:
        render_sequences(data, arguments.sequences, first, RandomSequenceSettings(), progress.show_pieces)


def _choices(arguments: argparse.Namespace) -> dict[str, Any]:
    chosen: dict[str, Any] = {"seed": arguments.seed, "device": arguments.device}
    return chosen | {name: getattr(arguments, name) for name in ("steps", "batch") if getattr(arguments, name)}


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text}")
    return value


_OF_EVENTS = "event-detector"
_NETWORKS: Mapping[str, tuple[Callable[[argparse.Namespace], _Prepared], str]] = {
    "detector": (_prepare_detector, "of people, cyclists and cars"),
    "embedder": (_prepare_embedder, "of the appearance of people and vehicles"),
    "orientation": (_prepare_orientation, "of the side from which an object is seen"),
    "background": (_prepare_background, "of the scenery and light around an object"),
    "siamese": (_prepare_siamese, "that follows one object of any kind"),
    _OF_EVENTS: (_prepare_event_detector, "of people, cyclists and cars in events, with a memory"),
}
