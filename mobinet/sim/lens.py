"""From the ideal picture that a renderer makes to that of a real lens.

The renderer has a pinhole camera with the frustum that just holds every ray of the lens; each pixel of the lens is
then looked up in it. An ideal lens is its own pinhole, and nothing is looked up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mobinet.camera import CameraModel
from mobinet.errors import SettingsError
from mobinet.types import Float32, Image

_MAX_TANGENT = 4.0


@dataclass(frozen=True)
class Lens:
    """How a camera's image is looked up in a pinhole picture.

    Args:
        pinhole: the camera to render.
        lookup: ``(H, W, 2)`` pixel x, y in the pinhole picture, or ``None`` for an ideal lens; -1 where no ray is.
    """

    pinhole: CameraModel
    lookup: Float32 | None

    @classmethod
    def of(cls, model: CameraModel) -> Lens:
        """The lens of a camera.

        Raises:
            SettingsError: its rays reach further than 76 degrees from the axis.
        """
        if not model.distortion.any() and model.model != "equidistant":
            return cls(model, None)
        columns, rows = np.meshgrid(np.arange(model.width), np.arange(model.height))
        rays = model.pixels_to_rays(np.column_stack([columns.ravel(), rows.ravel()]).astype(np.float64))
        with np.errstate(invalid="ignore", divide="ignore"):
            tangents = rays[:, :2] / rays[:, 2:]
            tangents[~(rays[:, 2] > 0)] = np.nan
        if not np.isfinite(tangents).any() or np.nanmax(np.abs(tangents)) > _MAX_TANGENT:
            raise SettingsError("distortion: expected rays within 76 degrees of the axis; choose a narrower lens")
        low, high = np.nanmin(tangents, axis=0), np.nanmax(tangents, axis=0)
        focal = model.matrix[[0, 1], [0, 1]]
        width, height = (int(n) for n in np.ceil(focal * (high - low)) + 2)
        matrix = np.diag([focal[0], focal[1], 1.0])
        matrix[:2, 2] = 0.5 - focal * low
        pinhole = CameraModel(width, height, matrix, np.zeros(0))
        lookup = np.nan_to_num(tangents * focal + matrix[:2, 2], nan=-1.0)
        return cls(pinhole, lookup.reshape(model.height, model.width, 2).astype(np.float32))

    def bend(self, picture: Image) -> Image:
        """A pinhole picture ``(h, w, 3)`` as the lens shows it, ``(H, W, 3)``; black where no ray is."""
        if self.lookup is None:
            return picture
        bent = cv2.remap(picture, self.lookup, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        return np.asarray(bent, np.uint8)

    def bend_exactly(self, values: NDArray[Any], outside: float) -> NDArray[Any]:
        """Labels or depths ``(h, w)`` as the lens sees them ``(H, W)``, never mixed; ``outside`` where no ray is."""
        if self.lookup is None:
            return values
        x, y = np.rint(self.lookup[..., 0]).astype(int), np.rint(self.lookup[..., 1]).astype(int)
        inside = (x >= 0) & (y >= 0) & (x < values.shape[1]) & (y < values.shape[0])
        bent = np.full(x.shape, outside, values.dtype)
        bent[inside] = values[y[inside], x[inside]]
        return bent
