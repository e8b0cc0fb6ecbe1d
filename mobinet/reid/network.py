"""Embedders that are networks in ONNX format: an image or a clip in, one vector out (OSNet and its like)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mobinet.errors import ModelError, SettingsError
from mobinet.models.session import Session, fingerprint, load_session
from mobinet.models.sidecar import load_sidecar
from mobinet.reid.embedder import Clip, EmbedderSettings, crops_of
from mobinet.settings import check_settings, setting
from mobinet.types import Float32, Frame, Image

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
_OSNET_SIZE = (256, 128)
# of appearance embedders: known ones have 128 to 2048; a detector's flattened grid has tens of thousands
_LARGEST_DIMENSION = 4096


@dataclass(frozen=True)
class EmbedderSidecar:
    """Keys of ``STEM.yaml`` beside ``STEM.onnx``: what the network wants, where it is not OSNet's convention."""

    input_size: tuple[int, ...] = setting(
        (), "height and width of the input in pixels, where the file leaves it open", minimum=8, maximum=4096
    )
    clip_length: int = setting(
        4, "images of one object in a clip, for a network that takes clips and leaves it open", minimum=1, maximum=64
    )
    colour: str = setting("rgb", "order of the colours", choices=("bgr", "rgb"))
    scale: float = setting(1 / 255, "factor on the pixels before mean and std", minimum=1e-6, maximum=1e3)
    mean: tuple[float, ...] = setting(_IMAGENET_MEAN, "subtracted per colour after the factor, network's order")
    std: tuple[float, ...] = setting(_IMAGENET_STD, "divides per colour after the mean", minimum=1e-6)

    def __post_init__(self) -> None:
        check_settings(self)
        for name, length in (("input_size", 2), ("mean", 3), ("std", 3)):
            values = getattr(self, name)
            if len(values) != length and not (name == "input_size" and not values):
                raise SettingsError(f"{name}: expected {length} numbers, got {list(values)}")


class NetworkEmbedder:
    """See Embedder.

    Args:
        path: the .onnx file; one input float32, ``(N or 1, 3, H, W)`` of images or ``(N or 1, T, 3, H, W)`` of clips,
            one output ``(N or 1, D)`` or ``(N or 1, D, 1, 1)`` with D up to 4096.
        settings: provider, threads, batch and flip.

    Raises:
        ModelError: the file is missing or damaged, or its input or output does not fit.
        SettingsError: the sidecar has an unknown key or a wrong value.
        MissingDependencyError: no ONNX Runtime, or one without the provider.
    """

    def __init__(self, path: Path, settings: EmbedderSettings) -> None:
        self._session = load_session(path, settings.provider, settings.threads)
        self._sidecar = load_sidecar(EmbedderSidecar, path)
        self._flip = settings.flip
        self._takes_clips = _takes_clips(self._session)
        self._size = _input_size(self._session, self._sidecar)
        self.clip_length = (self._session.inputs[0].shape[1] or self._sidecar.clip_length) if self._takes_clips else 1
        fixed = self._session.inputs[0].shape[0]
        self._fixed_batch = fixed is not None
        self._batch = fixed if fixed is not None else settings.batch
        self.model = fingerprint(path)
        # the file may leave D open; one run of a black image tells, and shows at once whether the network runs
        self.dimension = self._run(np.zeros((1, self.clip_length, 3, *self._size), np.float32)).shape[1]

    def embed(self, frame: Frame, boxes: Float32) -> Float32:
        """See Embedder; a network that takes clips sees one image again and again."""
        return self.embed_clips([[crop] for crop in crops_of(frame, boxes)])

    def embed_clips(self, clips: Sequence[Clip]) -> Float32:
        """See Embedder; of long clips the newest crops, of short ones the oldest again and again."""
        if not clips:
            return np.zeros((0, self.dimension), np.float32)
        chunks = [self._embed_some(clips[start : start + self._batch]) for start in range(0, len(clips), self._batch)]
        return np.concatenate(chunks)

    def _embed_some(self, clips: Sequence[Clip]) -> Float32:
        length = self.clip_length
        blob = np.stack(
            [np.stack([self._prepare(crop) for crop in _of_length(clip, length)]) for clip in clips]
        )  # (N, T, 3, H, W)
        vectors = self._unit(self._run(blob))
        if self._flip:
            vectors = self._unit(vectors + self._unit(self._run(np.ascontiguousarray(blob[..., ::-1]))))
        return vectors

    def _unit(self, vectors: Float32) -> Float32:
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(vectors).all() or (norms < 1e-12).any():
            raise ModelError(
                f"{self._session.path}: gave a vector that is zero or not finite; check the preprocessing in its "
                "YAML file, or export the network again"
            )
        unit: Float32 = vectors / norms
        return unit

    def _prepare(self, crop: Image) -> Float32:
        height, width = self._size
        resized = cv2.resize(crop, (width, height), interpolation=cv2.INTER_LINEAR)
        pixels = (resized[..., ::-1] if self._sidecar.colour == "rgb" else resized).astype(np.float32)
        mean, std = np.array(self._sidecar.mean, np.float32), np.array(self._sidecar.std, np.float32)
        pixels = (pixels * np.float32(self._sidecar.scale) - mean) / std
        return np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32)

    def _run(self, blob: Float32) -> Float32:
        """``(N, D)`` of ``(N, T, 3, H, W)``."""
        count = len(blob)
        if not self._takes_clips:
            blob = blob[:, 0]
        if self._fixed_batch and count < self._batch:
            blob = np.concatenate([blob, np.zeros((self._batch - count, *blob.shape[1:]), np.float32)])
        outputs = self._session.run({self._session.inputs[0].name: blob})
        if not _are_vectors([output.shape for output in outputs], len(blob)):
            found = ", ".join(str(output.shape) for output in outputs)
            raise ModelError(
                f"{self._session.path}: expected one output (N, D) or (N, D, 1, 1) with N = {len(blob)} and D from 1 "
                f"to {_LARGEST_DIMENSION}, got {found}; this is no embedder: give a network that makes one vector of "
                "each image"
            )
        return np.asarray(outputs[0].reshape(len(blob), -1)[:count], np.float32)


def _are_vectors(shapes: list[tuple[int, ...]], count: int) -> bool:
    """Whether outputs of these shapes are one vector for each of ``count`` images."""
    if len(shapes) != 1 or len(shapes[0]) < 2:
        return False
    images, dimension, *rest = shapes[0]
    return images == count and 1 <= dimension <= _LARGEST_DIMENSION and rest in ([], [1, 1])


def _of_length(clip: Clip, length: int) -> Clip:
    newest = clip[-length:]
    return [newest[0]] * (length - len(newest)) + list(newest)


def _takes_clips(session: Session) -> bool:
    """Whether the input is of clips; raises ModelError where it is neither of clips nor of images."""
    image = session.inputs[0]
    is_sound = len(session.inputs) == 1 and image.dtype == "float32" and len(image.shape) in (4, 5)
    if is_sound and image.shape[-3] in (3, None):
        return len(image.shape) == 5
    raise ModelError(
        f"{session.path}: expected one input (N, 3, H, W) or (N, T, 3, H, W) float32, found "
        f"{', '.join(map(str, session.inputs))}; export an embedder that takes one image or one clip"
    )


def _input_size(session: Session, sidecar: EmbedderSidecar) -> tuple[int, int]:
    wanted = sidecar.input_size or _OSNET_SIZE
    height, width = (fixed or int(size) for fixed, size in zip(session.inputs[0].shape[-2:], wanted, strict=True))
    if sidecar.input_size and (height, width) != tuple(sidecar.input_size):
        raise ModelError(f"{session.path}: the input is {height} x {width}, its YAML file says {sidecar.input_size}")
    return height, width
