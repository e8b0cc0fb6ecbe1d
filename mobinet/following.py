"""``mobinet target``: follow one object through a video, write its boxes, show it."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import cv2

from mobinet.errors import InputError, RecordingError, SettingsError
from mobinet.evaluation.options import add_settings, settings_of
from mobinet.recordings.base import Source
from mobinet.recordings.sources import SourceSettings, open_source
from mobinet.targets.corrections import make_corrections
from mobinet.targets.factory import load_matcher
from mobinet.targets.settings import TargetSettings
from mobinet.targets.tracker import TargetTracker
from mobinet.types import Frame, Target
from mobinet.viewing import draw_overlay

_CAMERA = "video"
_USUAL_RATE = 25.0


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``target``; it sets ``run``, a function of the parsed arguments to an exit code."""
    parser = subparsers.add_parser("target", help="follow one object through a video")
    parser.add_argument("video", metavar="VIDEO", help="a video, or a folder of images")
    parser.add_argument(
        "--box", metavar=("X1", "Y1", "X2", "Y2"), type=float, nargs=4, required=True,
        help="the object in the first image, pixels",
    )  # fmt: skip
    parser.add_argument("--first", metavar="COUNT", type=int, default=0, help="images before the box (default: 0)")
    parser.add_argument("--alone", action="store_true", help="the network alone, without what corrects its errors")
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path,
        help="boxes: left, top, width, height, confidence, a line an image, as 'mobinet eval target' reads them",
    )  # fmt: skip
    parser.add_argument("--view", metavar="FILE", type=Path, help="the video with the box drawn, .mp4 or .avi")
    add_settings(parser, TargetSettings)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    settings = settings_of(arguments, TargetSettings)
    matcher = load_matcher(settings)
    tracker = TargetTracker(matcher, () if arguments.alone else make_corrections(matcher), settings)
    source = open_source(SourceSettings(source=arguments.video, rate=_rate_of(arguments.video)))
    with ExitStack() as stack:
        stack.callback(source.close)
        if source.live:
            raise SettingsError(f"'{arguments.video}' is a camera: expected a video or a folder of images")
        view = stack.enter_context(_writer(arguments.view, source)) if arguments.view else None
        lines: list[str] = []
        states: Counter[str] = Counter()
        spent_s = 0.0
        for frame in _frames(source):
            start = time.perf_counter()
            target = _step(tracker, frame, len(lines) - arguments.first, arguments.box)
            spent_s += time.perf_counter() - start
            lines.append(_line(target))
            if target is not None:
                states[target.state.name] += 1
            if view is not None:
                view.write(draw_overlay(frame.require_image(), (), {}, target=target))
    if len(lines) <= arguments.first:
        raise InputError(f"--first {arguments.first}: the video has {len(lines)} images; choose one that it has")
    if arguments.output:
        _write(arguments.output, lines)
    else:
        print("\n".join(lines))
    count = ", ".join(f"{name} {number}" for name, number in states.items())
    print(f"{len(lines)} images, {(len(lines) - arguments.first) / spent_s:.0f} a second: {count}", file=sys.stderr)
    return 0


def _step(tracker: TargetTracker, frame: Frame, number: int, box: list[float]) -> Target | None:
    if number < 0:
        return None
    return tracker.start(frame, box) if number == 0 else tracker.update(frame)


def _frames(source: Source) -> Iterator[Frame]:
    while (found := source.read()) is not None:
        yield Frame(found.offset_ns, _CAMERA, found.image)


def _line(target: Target | None) -> str:
    if target is None or target.box is None:
        return "nan,nan,nan,nan,0"
    x1, y1, x2, y2 = target.box
    return f"{x1:.2f},{y1:.2f},{x2 - x1:.2f},{y2 - y1:.2f},{target.confidence:.3f}"


def _write(path: Path, lines: list[str]) -> None:
    try:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise RecordingError(f"'{path}' cannot be written: {error.strerror}; choose another place") from error


@contextmanager
def _writer(path: Path, source: Source) -> Iterator[cv2.VideoWriter]:
    kinds = {".mp4": "mp4v", ".avi": "MJPG"}
    if path.suffix not in kinds:
        raise SettingsError(f"--view {path}: expected a name that ends in {' or '.join(kinds)}")
    code = cv2.VideoWriter.fourcc(*kinds[path.suffix])
    writer = cv2.VideoWriter(str(path), code, source.rate or _USUAL_RATE, source.size)
    if not writer.isOpened():
        raise RecordingError(f"'{path}' cannot be written: check the folder, or choose the other of .mp4 and .avi")
    try:
        yield writer
    finally:
        writer.release()


def _rate_of(video: str) -> float:
    """Folders do not tell; what is wrong here shifts no box."""
    return _USUAL_RATE if Path(video).is_dir() else 0.0
