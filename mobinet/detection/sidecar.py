"""What a YAML file beside a network says that the network itself does not."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mobinet.detection.preprocessing import InputFormat
from mobinet.errors import SettingsError
from mobinet.models.sidecar import load_sidecar
from mobinet.settings import check_settings, setting


@dataclass(frozen=True)
class Sidecar:
    """Keys of ``STEM.yaml`` beside ``STEM.onnx``; what is empty comes from the network or its family."""

    head: str = setting("", "family of the network's outputs, empty = by their shapes")
    input_size: tuple[int, ...] = setting((), "height and width of the input in pixels, where the file leaves it open")
    resize: str = setting("", "how an image is fitted to the input", choices=("", "stretch", "letterbox", "corner"))
    colour: str = setting("", "order of the colours", choices=("", "bgr", "rgb"))
    scale: float = setting(0.0, "factor on the pixels before mean and std, 0 = as the family wants", minimum=0.0)
    mean: tuple[float, ...] = setting((), "subtracted per colour after the factor, in the network's order")
    std: tuple[float, ...] = setting((), "divides per colour after the mean, in the network's order")
    pad: int = setting(-1, "grey level around a letterboxed image, -1 = as the family wants", minimum=-1, maximum=255)
    class_names: tuple[str, ...] = setting((), "names of the classes, in the order of their ids")

    def __post_init__(self) -> None:
        check_settings(self)
        for name, length in (("input_size", 2), ("mean", 3), ("std", 3)):
            values = getattr(self, name)
            numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
            if values and (len(values) != length or not numbers):
                raise SettingsError(f"{name}: expected {length} numbers, got {list(values)}")
        if any(not isinstance(value, int) or value < 16 for value in self.input_size):
            raise SettingsError(f"input_size: expected whole numbers from 16, got {list(self.input_size)}")
        if any(value <= 0 for value in self.std):
            raise SettingsError(f"std: expected numbers above 0, got {list(self.std)}")
        if any(not isinstance(name, str) for name in self.class_names):
            raise SettingsError(f"class_names: expected names, got {list(self.class_names)}; quote them")


def read_sidecar(model: Path) -> Sidecar:
    """The YAML file beside a network, or all defaults where there is none.

    Raises:
        SettingsError: see ``load_sidecar``.
    """
    return load_sidecar(Sidecar, model)


def input_format_of(sidecar: Sidecar, family: InputFormat) -> InputFormat:
    """The family's input format with what the sidecar says otherwise."""
    said = {
        "resize": sidecar.resize,
        "colour": sidecar.colour,
        "scale": sidecar.scale,
        "mean": sidecar.mean,
        "std": sidecar.std,
    }
    changes: dict[str, Any] = {name: value for name, value in said.items() if value}
    if sidecar.pad >= 0:
        changes["pad"] = sidecar.pad
    return dataclasses.replace(family, **changes)
