"""Folders of pictures for re-identification, as benchmarks lay them out.

- ``market`` (Market-1501, Zheng et al. 2015; DukeMTMC-reID is named alike): ``bounding_box_train``, ``query``,
  ``bounding_box_test``; names begin with identity and camera: ``0003_c1s1_000151_00.jpg``; identity -1 is junk
- ``veri`` (Liu et al. 2016): ``image_train``, ``image_query``, ``image_test``; ``0007_c001_00000151_0.jpg``
- ``cityflow`` (Tang et al. 2019, AI City Challenge): the same folders with names that are numbers; identities and
  cameras stand in ``train_label.xml``, ``query_label.xml`` and ``test_label.xml``

``train_track.txt`` and ``test_track.txt``, where there are any, list the pictures of a track in each line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np

from mobinet.errors import RecordingError
from mobinet.evaluation.reid import Pictures
from mobinet.reid import Embedder
from mobinet.types import Float32, Image, Int64

LAYOUTS = ("market", "veri", "cityflow")
SPLITS = ("train", "query", "test")
_MARKET = {"train": "bounding_box_train", "query": "query", "test": "bounding_box_test"}
_OTHERS = {split: f"image_{split}" for split in SPLITS}
_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
_NAME = re.compile(r"(-?\d+)_c(\d+)")
_IDENTITY, _CAMERA = "vehicleID", "cameraID"
NO_TRACK = -1
_AT_ONCE = 256


@dataclass(frozen=True)
class PictureFolder:
    """One split of a folder, by rising name: the order in which AI City numbers them from 1.

    Args:
        files: of N pictures.
        pictures: whom they show, and cameras as numbers.
        tracks: ``(N,)`` int64 number of the track that each is from, -1 where the folder tells none.
    """

    files: tuple[Path, ...]
    pictures: Pictures
    tracks: Int64

    def __len__(self) -> int:
        return len(self.files)


def find_layout(folder: Path) -> str:
    """Which of ``LAYOUTS`` a folder has.

    Raises:
        RecordingError: none of them.
    """
    if any((folder / name).is_dir() for name in _MARKET.values()):
        return "market"
    splits = [folder / name for name in _OTHERS.values() if (folder / name).is_dir()]
    if not splits:
        raise RecordingError(
            f"'{folder}' has no layout that is known: expected {', '.join(_MARKET.values())} (Market-1501) or "
            f"{', '.join(_OTHERS.values())} (VeRi, CityFlow) in it"
        )
    first = next((path for split in splits for path in _files(split)), None)
    return "veri" if first is not None and _NAME.match(first.name) else "cityflow"


def read_picture_folder(folder: Path, split: str, layout: str = "") -> PictureFolder:
    """The pictures of ``split`` (train, query or test); their images are not opened.

    Args:
        layout: of ``LAYOUTS``; found by ``find_layout`` when empty.

    Raises:
        RecordingError: there is no such folder or no picture in it, a name does not fit, or no identities are told.
    """
    layout = layout or find_layout(folder)
    place = folder / (_MARKET if layout == "market" else _OTHERS)[split]
    if not place.is_dir():
        raise RecordingError(f"'{place}' is no folder; a folder in the layout of {layout} has one")
    files = _files(place)
    if not files:
        raise RecordingError(f"'{place}' has no picture; expected files of type {', '.join(_SUFFIXES)}")
    labels = _xml_labels(folder / f"{split}_label.xml") if layout == "cityflow" else _name_labels(files)
    lacking = next((path for path in files if path.name not in labels), None)
    if lacking is not None:
        raise RecordingError(f"'{folder / f'{split}_label.xml'}' says nothing of '{lacking.name}'; fetch it again")
    rows = np.array([labels[path.name] for path in files], np.int64)
    return PictureFolder(tuple(files), Pictures(rows[:, 0], rows[:, 1]), _tracks(folder, split, files))


def describe_pictures(embedder: Embedder, files: Sequence[Path]) -> Float32:
    """``(N, D)`` unit vectors of whole pictures.

    Raises:
        RecordingError: a picture is damaged.
        ModelError: the network fails.
    """
    parts: list[Float32] = [np.zeros((0, embedder.dimension), np.float32)]
    for start in range(0, len(files), _AT_ONCE):
        clips: list[list[Image]] = []
        for path in files[start : start + _AT_ONCE]:
            image = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if image is None:
                raise RecordingError(f"'{path}' is no readable image; fetch it again or take it away")
            clips.append([np.asarray(image, np.uint8)])
        parts.append(embedder.embed_clips(clips))
    return np.concatenate(parts)


def _files(place: Path) -> list[Path]:
    return sorted(path for path in place.iterdir() if path.suffix.lower() in _SUFFIXES)


def _name_labels(files: list[Path]) -> dict[str, tuple[int, int]]:
    labels = {}
    for path in files:
        match = _NAME.match(path.name)
        if match is None:
            raise RecordingError(
                f"'{path}': expected a name that begins with identity and camera, as 0003_c1s1_000151_00.jpg (Market) "
                "or 0007_c001_00000151_0.jpg (VeRi); rename it or take it away"
            )
        labels[path.name] = int(match[1]), int(match[2])
    return labels


def _xml_labels(path: Path) -> dict[str, tuple[int, int]]:
    try:
        # fed as text: the standard library's parser has none of the encodings that some of these files declare
        text = re.sub(r"^\s*<\?xml[^>]*\?>", "", path.read_text(encoding="utf-8", errors="replace"))
        items = list(ElementTree.fromstring(text).iter("Item"))
    except (OSError, ElementTree.ParseError) as error:
        raise RecordingError(
            f"'{path}' cannot be read ({error}); pictures without identity in their names need it: as CityFlow's, with "
            f'<Item imageName="000001.jpg" {_IDENTITY}="0001" {_CAMERA}="c001"/> for each'
        ) from error
    labels = {}
    for item in items:
        identity, camera = item.get(_IDENTITY), item.get(_CAMERA)
        if identity is None or camera is None:
            raise RecordingError(
                f"'{path}': '{item.get('imageName')}' has no {_CAMERA if identity else _IDENTITY}; the challenge "
                "keeps those of its test back: judge by a part of train, or submit a ranking"
            )
        try:
            labels[item.get("imageName", "")] = int(identity), int(camera.lstrip("c"))
        except ValueError:
            raise RecordingError(
                f"'{path}': expected numbers as {_IDENTITY} and {_CAMERA} (c001), got '{identity}' and '{camera}'"
            ) from None
    return labels


def _tracks(folder: Path, split: str, files: list[Path]) -> Int64:
    path = folder / f"{split}_track.txt"
    tracks = np.full(len(files), NO_TRACK, np.int64)
    if not path.is_file():
        return tracks
    rows = {file.name: row for row, file in enumerate(files)}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines()):
        # VeRi's lines begin with the track's own name, CityFlow's do not
        for name in line.split():
            if name in rows:
                tracks[rows[name]] = number
    return tracks
