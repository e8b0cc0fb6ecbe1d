"""What a layout of exported data is: it is shown every image of every camera, and writes its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mobinet.sim.simulation import CameraView
from mobinet.sim.truth import TrueObject
from mobinet.sim.world import COLOUR_KINDS
from mobinet.types import Image


@dataclass(frozen=True)
class Shot:
    """One image of one camera, and what is really in it.

    Args:
        view: the camera.
        camera: its number in the world, from 1.
        number: of the image, from 1 for every camera.
        stamp_ns: time since the beginning of the world.
        image: ``(H, W, 3)`` BGR; ``None`` of a camera that sees no colours.
        objects: the ground truth.
        identities: ``(H, W)`` int32 identity shown by each pixel, 0 for none; only when a layout asks for it.
    """

    view: CameraView
    camera: int
    number: int
    stamp_ns: int
    image: Image | None
    objects: Sequence[TrueObject]
    identities: NDArray[np.int32] | None = None

    @property
    def file_name(self) -> str:
        """Where the camera's folder has the image, seen from the folder that is written."""
        return f"{self.view.name}/{image_name(self.number)}"


class Layout(Protocol):
    """Writes a data set. All images of a camera come in order, one camera after the other."""

    def wants(self, view: CameraView, number: int) -> bool:
        """Whether it takes an image of a camera; the others need not be rendered for it."""
        ...

    def add(self, shot: Shot) -> None:
        """Takes one image."""
        ...

    def finish(self) -> None:
        """Writes what is known only at the end."""
        ...


def sees_colours(view: CameraView) -> bool:
    """Whether a camera makes colour images."""
    return view.camera.kind in COLOUR_KINDS


def image_name(number: int) -> str:
    """Path of an image below its camera's folder."""
    return f"img1/{number:06d}.jpg"


def xywh(thing: TrueObject, visible: bool) -> list[float]:
    """Left, top, width, height in pixels of an object's visible pixels, or of its full silhouette."""
    x1, y1, x2, y2 = (thing.visible_box if visible else thing.box).tolist()
    return [x1, y1, x2 - x1, y2 - y1]


def rounded(shares: dict[str, float]) -> dict[str, float]:
    """Shares with four digits."""
    return {name: round(share, 4) for name, share in shares.items()}
