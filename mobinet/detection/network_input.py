"""The inputs of a detection network: which one takes the image, and what the others want."""

from __future__ import annotations

import numpy as np

from mobinet.detection.sidecar import Sidecar
from mobinet.errors import ModelError
from mobinet.models.session import Array, Session, TensorInfo
from mobinet.types import Float32

_DEFAULT_SIDE = 640
# By name: the size of the image that boxes shall refer to, and which pixels are image.
_SIZE_INPUTS = ("orig_target_sizes", "target_sizes", "orig_size")
_MASK_INPUTS = ("pixel_mask",)


class NetworkInput:
    """Makes what ``Session.run`` wants from a batch of prepared images.

    Args:
        session: the network.
        sidecar: gives the size where the file leaves it open.

    Attributes:
        height, width: of the image input, pixels.
        batch: images of one run, ``None`` when any number goes.

    Raises:
        ModelError: no image input ``(batch, 3, height, width)``, a size that contradicts the sidecar, or an input of
            unknown meaning.
    """

    def __init__(self, session: Session, sidecar: Sidecar) -> None:
        self._image = _image_input(session)
        self._others = tuple(info for info in session.inputs if info is not self._image)
        for info in self._others:
            if info.name not in _SIZE_INPUTS + _MASK_INPUTS:
                raise ModelError(
                    f"{session.path}: what is input {info}? expected one image, and at most one of "
                    f"{', '.join(_SIZE_INPUTS + _MASK_INPUTS)}; export the network without it"
                )
        batch, _, height, width = self._image.shape
        self.batch = batch
        self.height, self.width = _size(session, sidecar, height, width)

    def feeds(self, images: Float32) -> dict[str, Array]:
        """Arrays by input name for ``(N, 3, height, width)`` images; a fixed batch is filled up with blank ones."""
        if self.batch is not None and len(images) < self.batch:
            images = np.concatenate([images, np.zeros((self.batch - len(images), *images.shape[1:]), np.float32)])
        feeds: dict[str, Array] = {self._image.name: images.astype(self._image.dtype, copy=False)}
        for info in self._others:
            feeds[info.name] = self._companion(info, len(images))
        return feeds

    def _companion(self, info: TensorInfo, count: int) -> Array:
        if info.name in _SIZE_INPUTS:
            # The input's own size, so that boxes come in pixels of the input as from every other family.
            return np.tile(np.array([[self.width, self.height]], info.dtype), (count, 1))
        _, height, width = (*info.shape, None, None, None)[:3]
        return np.ones((count, height or self.height, width or self.width), info.dtype)


def _image_input(session: Session) -> TensorInfo:
    for info in session.inputs:
        if len(info.shape) == 4 and info.shape[1] in (3, None) and info.dtype in ("float32", "float16", "uint8"):
            return info
    found = ", ".join(map(str, session.inputs))
    raise ModelError(
        f"{session.path}: expected an image input (batch, 3, height, width) of float32, float16 or uint8; "
        f"found {found}; export the network with colour images and channels first"
    )


def _size(session: Session, sidecar: Sidecar, height: int | None, width: int | None) -> tuple[int, int]:
    if not sidecar.input_size:
        return height or _DEFAULT_SIDE, width or _DEFAULT_SIDE
    wanted = (int(sidecar.input_size[0]), int(sidecar.input_size[1]))
    for fixed, asked in zip((height, width), wanted, strict=True):
        if fixed is not None and fixed != asked:
            raise ModelError(
                f"{session.path}: the YAML file asks for input_size {list(wanted)}, the network takes "
                f"{height} x {width} (height x width) only; remove input_size"
            )
    return wanted
