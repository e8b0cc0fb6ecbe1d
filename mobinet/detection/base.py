"""What every detector is: settings, candidates, and the interface."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mobinet.errors import SettingsError
from mobinet.settings import check_settings, setting
from mobinet.types import Detections, Float32, Frame, Int64


@dataclass(frozen=True)
class DetectorSettings:
    """Settings of a detector."""

    model: str = setting(
        "hog",
        "'hog' (OpenCV's people detector, needs no file), 'null' (finds nothing, costs nothing), the path of an .onnx "
        "file, or a name that 'mobinet models list' shows",
    )
    score_threshold: float = setting(0.5, "lowest score that is reported", minimum=0.0, maximum=1.0, live=True)
    class_thresholds: tuple[str, ...] = setting(
        (), "lowest score of single classes, each as NAME=SCORE, e.g. person=0.6", live=True
    )
    classes: tuple[str, ...] = setting((), "classes that are reported, all if empty", live=True)
    nms_iou: float = setting(
        0.5,
        "of two boxes of a class that overlap more than this, only the better one is kept",
        minimum=0.0,
        maximum=1.0,
        live=True,
    )
    max_detections: int = setting(100, "most detections of one image", minimum=1, maximum=10000, live=True)
    provider: str = setting("cpu", "what runs a network", choices=("cpu", "cuda", "tensorrt", "openvino"))
    threads: int = setting(0, "processor threads of one run, 0 = half of the cores", minimum=0, maximum=256)

    def __post_init__(self) -> None:
        check_settings(self)
        for name in self.classes:
            if not isinstance(name, str):
                raise SettingsError(f"classes: expected names, got {name!r}")
        parse_class_thresholds(self.class_thresholds)


def parse_class_thresholds(entries: Sequence[str]) -> dict[str, float]:
    """``("person=0.6",)`` to ``{"person": 0.6}``; raises SettingsError naming the first malformed entry."""
    thresholds = {}
    for entry in entries:
        name, separator, value = entry.rpartition("=") if isinstance(entry, str) else ("", "", "")
        try:
            threshold = float(value)
        except ValueError:
            separator, threshold = "", 0.0
        if not separator or not name.strip() or not 0.0 <= threshold <= 1.0:
            raise SettingsError(f"class_thresholds: expected NAME=SCORE with a score in 0..1, got {entry!r}")
        thresholds[name.strip()] = threshold
    return thresholds


def check_live_change(old: DetectorSettings, new: DetectorSettings) -> None:
    """Raises SettingsError naming a setting that differs but cannot change while the detector runs."""
    for field in dataclasses.fields(old):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before != after and not field.metadata["live"]:
            raise SettingsError(
                f"{field.name}: cannot change from {before!r} to {after!r} while the detector runs; make a new detector"
            )


@dataclass(frozen=True)
class Candidates:
    """Boxes as a network's head gives them, before any threshold.

    Args:
        boxes: ``(N, 4)`` float32 xyxy pixels; may be inverted, outside of the image or not finite.
        scores: ``(N,)`` float32.
        class_ids: ``(N,)`` int64, rows of the class names.
    """

    boxes: Float32
    scores: Float32
    class_ids: Int64


class Detector(Protocol):
    """Finds objects in images. One detector may serve any number of cameras."""

    class_names: tuple[str, ...]

    @property
    def settings(self) -> DetectorSettings: ...

    def configure(self, settings: DetectorSettings) -> None:
        """Takes new live settings from the next ``detect`` on.

        Raises:
            SettingsError: a setting that is not live differs, or a class is unknown; the old settings stay.
        """
        ...

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """The objects of each frame, in order; frames may differ in size and camera.

        Raises:
            InputError: a frame has no image or a malformed one.
            ModelError: the network's output does not fit.
        """
        ...
