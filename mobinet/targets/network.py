"""The files of a siamese network, run as one: a template of a crop, and maps of a searched crop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from mobinet.errors import ModelError
from mobinet.models.session import Session, TensorInfo, load_session
from mobinet.targets.heads import kind_of
from mobinet.targets.sidecar import SiameseSidecar
from mobinet.targets.tiles import Tiling
from mobinet.types import Float32, Image

Features: TypeAlias = list[NDArray[Any]]

_COLOURS = 3
_MORE_CELLS = 5


class SiameseNetwork:
    """A backbone and a head; a network of one file that takes both crops; or one that describes and one that searches.

    Args:
        path: of the backbone, or of the only file.
        head: of the head; ``None`` for a single file with two inputs that are images.
        template: of the network that describes the target; ``None`` for the backbone.
        sidecar: what the files do not tell.
        provider, threads: see ``load_session``.

    Raises:
        ModelError: a file is missing or damaged, or the inputs and outputs do not fit together.
        MissingDependencyError: no ONNX Runtime, or one without the provider.
    """

    def __init__(
        self, path: Path, head: Path | None, template: Path | None, sidecar: SiameseSidecar, provider: str, threads: int
    ) -> None:
        self.sidecar = sidecar
        self._head = load_session(head or path, provider, threads)
        # a head that takes the searched image itself has no use for a backbone
        self._head_sees = any(map(self._is_crop, self._head.inputs))
        self._backbone = load_session(path, provider, threads, any_size=True) if head else None
        self._describer = load_session(template, provider, threads, any_size=True) if template else self._backbone
        self._mean = np.array(sidecar.mean, np.float32).reshape(1, _COLOURS, 1, 1)
        self._std = np.array(sidecar.std, np.float32).reshape(1, _COLOURS, 1, 1)
        self._seen_cells = (0, 0)
        self._plain = not self._mean.any() and bool((self._std == 1).all())
        self._template_inputs, self._search_inputs = self._divide_inputs()
        maps = self._try()
        self.kind = kind_of(self._head.path, sidecar, maps)
        self._cells = int(maps[0].shape[3])
        self.slides = self._backbone_slides()

    def describe(self, crop: Image) -> Features:
        """What the head is to compare with, for the target's crop ``(exemplar_size, exemplar_size, 3)`` BGR uint8."""
        blob = self._blob(crop)
        return [blob] if self._describer is None else _run(self._describer, blob)

    def search(self, crop: Image, template: Features) -> Features:
        """The head's maps for the searched crop ``(search_size, search_size, 3)`` BGR uint8."""
        return self.compare(self.see(crop), template)

    def see(self, crop: Image) -> Features:
        """What the head is given of a searched crop; of a larger one, a map with more cells where ``slides``."""
        blob = self._blob(crop)
        return [blob] if self._head_sees or self._backbone is None else _run(self._backbone, blob)

    def compare(self, seen: Features, template: Features) -> Features:
        """The head's maps."""
        feeds = dict(zip((*self._template_inputs, *self._search_inputs), (*template, *seen), strict=True))
        return self._head.run(feeds)

    def window(self, seen: Features, column: int, row: int) -> Features:
        """The part of a larger crop's map that the head takes, from a cell on."""
        width, height = self._seen_cells
        part = seen[0][..., row : row + height, column : column + width]
        return [np.ascontiguousarray(part)]

    @property
    def cell_px(self) -> float:
        """Pixels of the crop from cell to cell of the proposals."""
        return self.sidecar.stride / (self.sidecar.enlarge if self.kind == "heatmap" else 1)

    def tiling(self, widen: float) -> Tiling:
        """How a region of ``widen`` crops is searched."""
        parts = self.sidecar.enlarge if self.kind == "heatmap" else 1
        return Tiling.of(widen, self.sidecar.search_size, self.cell_px, self._cells * parts)

    def _divide_inputs(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of the head's inputs that take the template, and of those that take what is searched."""
        names = [tensor.name for tensor in self._head.inputs]
        chosen = self.sidecar.template_inputs
        if missing := set(chosen) - set(names):
            raise ModelError(
                f"{self._head.path}: its YAML file names the template's input {sorted(missing)[0]!r}, the inputs are "
                f"{', '.join(map(str, self._head.inputs))}; name one of them in template_inputs"
            )
        if len(names) < 2:
            raise ModelError(
                f"{self._head.path}: expected inputs for a template and for what is searched, found "
                f"{', '.join(map(str, self._head.inputs))}; if this is a backbone, name its 'head' in its YAML file"
            )
        if not chosen:
            ordered = sorted(self._head.inputs, key=_area) if len(names) == 2 else list(self._head.inputs)
            if self._head_sees and self._describer is not None:
                ordered.sort(key=self._is_crop)
            chosen = tuple(tensor.name for tensor in ordered[:-1])
        return chosen, tuple(name for name in names if name not in chosen)

    def _is_crop(self, tensor: TensorInfo) -> bool:
        """Whether an input takes pixels, not features (which may have three channels too)."""
        sizes = (None, self.sidecar.exemplar_size, self.sidecar.search_size)
        return len(tensor.shape) == 4 and tensor.shape[1] == _COLOURS and tensor.shape[2] in sizes

    def _try(self) -> Features:
        """The head's maps of black crops: shows at once whether the files fit together."""
        sidecar = self.sidecar
        exemplar, search = (
            np.zeros((size, size, _COLOURS), np.uint8) for size in (sidecar.exemplar_size, sidecar.search_size)
        )
        try:
            return self.search(search, self.describe(exemplar))
        except (ModelError, ValueError) as error:
            raise ModelError(
                f"{self._head.path}: does not run on what '{self._describer.path.name if self._describer else 'it'}' "
                f"makes of crops of {sidecar.exemplar_size} and {sidecar.search_size} pixels ({error}); check 'head', "
                "'exemplar_size', 'search_size' and 'template_inputs' in the YAML file"
            ) from error

    def _backbone_slides(self) -> bool:
        """Whether the map of a larger crop is that of the usual crop, with a cell more for each stride."""
        if self._backbone is None or self._head_sees or self.kind == "heatmap":
            return False
        size, stride = self.sidecar.search_size, self.sidecar.stride
        usual, larger = (
            self.see(np.zeros((side, side, _COLOURS), np.uint8)) for side in (size, size + _MORE_CELLS * stride)
        )
        if len(usual) != 1 or usual[0].ndim != 4:
            return False
        self._seen_cells = (usual[0].shape[3], usual[0].shape[2])
        return larger[0].shape[2:] == (self._seen_cells[1] + _MORE_CELLS, self._seen_cells[0] + _MORE_CELLS)

    def _blob(self, crop: Image) -> Float32:
        blob: Float32 = cv2.dnn.blobFromImage(crop, self.sidecar.scale, swapRB=self.sidecar.colour == "rgb")
        return blob if self._plain else (blob - self._mean) / self._std


def _run(session: Session, blob: Float32) -> Features:
    return session.run({session.inputs[0].name: blob})


def _area(tensor: TensorInfo) -> float:
    """Cells of a map, to tell the template from what is searched; open sizes keep their order."""
    sizes: Sequence[int | None] = tensor.shape[2:]
    return float(np.prod([size or 0 for size in sizes])) if sizes else 0.0
