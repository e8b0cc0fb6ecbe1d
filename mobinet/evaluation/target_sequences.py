"""Recorded sequences of one object: images and true boxes, in the folders of the benchmarks.

A folder with a file of boxes (see :mod:`mobinet.evaluation.target_files`) and beside it either the images, or a folder
of them (``img/`` in OTB and LaSOT), or a video (TLD). Other files are passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mobinet.errors import RecordingError, SourceError
from mobinet.evaluation.target_files import find_targets, read_target
from mobinet.recordings.images import SUFFIXES, ImageFolder
from mobinet.recordings.video import VideoFile
from mobinet.types import Float64, Frame

_VIDEOS = (
    *(".3gp", ".avi", ".flv", ".m1v", ".m2v", ".m4v", ".mkv", ".mov", ".mp4", ".mpe", ".mpeg", ".mpg", ".ogv", ".ts"),
    *(".vob", ".webm", ".wmv", ".y4m"),
)
_RATE_HZ = 25.0


@dataclass(frozen=True)
class TargetSequence:
    """One object in one recording.

    Args:
        name: of the folder, with the number of the object where there are several.
        images: a video file or a folder of images.
        truth: ``(N, 4)`` xyxy pixels, a row of NaN where the object is out of sight; from its first box on.
        first: number of the image, from 0, that the first row belongs to.
    """

    name: str
    images: Path
    truth: Float64
    first: int

    def frames(self) -> Iterator[Frame]:
        """The image of each row, decoded in turn. A recording may end before the truth does.

        Raises:
            SourceError: the recording cannot be opened, or an image in its midst is damaged.
        """
        recording = ImageFolder(self.images) if self.images.is_dir() else VideoFile(self.images)
        rate = getattr(recording, "rate", 0.0) or _RATE_HZ
        try:
            for row in range(len(self.truth)):
                try:
                    image = recording.image(self.first + row)
                except SourceError:
                    # a video that promises more images than it has: what there is can be judged
                    if recording.count is None or row == 0 or self.images.is_dir():
                        raise
                    return
                if image is None:
                    return
                yield Frame(round(row * 1e9 / rate), self.name, image)
        finally:
            recording.close()


def read_target_sequences(path: Path) -> dict[str, TargetSequence]:
    """The sequences below a folder, by name.

    Raises:
        RecordingError: there is none, or one has unreadable boxes, no box at all, or no images.
    """
    return {name: read_target_sequence(file, name) for name, file in find_targets(path).items()}


def read_target_sequence(boxes: Path, name: str = "") -> TargetSequence:
    """The sequence that a file of boxes belongs to.

    Args:
        boxes: the file.
        name: of the sequence; by default that of the folder.

    Raises:
        RecordingError: unreadable boxes, no box at all, or no images beside the file.
    """
    truth, _ = read_target(boxes)
    there = np.flatnonzero(~np.isnan(truth[:, 0]))
    if not len(there):
        raise RecordingError(f"'{boxes}' has no box: expected at least one line without NaN or zeros")
    images, start = _images_beside(boxes.parent, len(truth)), int(there[0])
    return TargetSequence(
        name or boxes.parent.name, images, truth[start:], _skipped(boxes.parent, images, len(truth)) + start
    )


def _images_beside(folder: Path, rows: int) -> Path:
    """The folder with most images, or a video where these are but a few, as a preview is."""
    inside = sorted(folder.iterdir())
    folders = [folder, *(path for path in inside if path.is_dir())]
    counts = [sum(path.suffix.lower() in SUFFIXES for path in candidate.iterdir()) for candidate in folders]
    videos = [path for path in inside if path.suffix.lower() in _VIDEOS]
    if videos and 2 * max(counts) < rows:
        return videos[0]
    if not max(counts):
        raise RecordingError(
            f"'{folder}' has boxes but no images: expected a folder 'img', images, or a video of "
            + ", ".join(sorted(_VIDEOS))
        )
    return folders[int(np.argmax(counts))]


def _skipped(folder: Path, images: Path, rows: int) -> int:
    """Images before the first line of boxes: OTB's ``David`` has boxes from image 300 on, as its ``cfg.json`` tells."""
    config = folder / "cfg.json"
    if not images.is_dir() or not config.is_file():
        return 0
    numbers = sorted(_number(path) for path in images.iterdir() if path.suffix.lower() in SUFFIXES)
    try:
        start = int(json.loads(config.read_text(encoding="utf-8"))["startFrame"])
    except (ValueError, KeyError, TypeError, UnicodeDecodeError):
        # the file belongs to somebody else's program: without it, boxes begin with the first image
        return 0
    before = sum(number < start for number in numbers)
    return before if before + rows <= len(numbers) else 0


def _number(path: Path) -> int:
    digits = re.findall(r"\d+", path.stem)
    return int(digits[-1]) if digits else 0
