"""A detector whose network is an ONNX file of any of the known families."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mobinet.detection.base import DetectorSettings, check_live_change
from mobinet.detection.head import to_source
from mobinet.detection.network_input import NetworkInput
from mobinet.detection.postprocess import Selection
from mobinet.detection.preprocessing import prepare
from mobinet.detection.recognition import class_names_of, head_of, signature_of, takes_batches
from mobinet.detection.sidecar import Sidecar, input_format_of, read_sidecar
from mobinet.models.session import load_session
from mobinet.types import Detections, Frame, Image

# More images at once need more memory but are hardly faster.
_ANY = 16


class NetworkDetector:
    """Runs one network for the images of any number of cameras.

    Args:
        path: the ``.onnx`` file; ``STEM.yaml`` and ``STEM.names`` beside it are read too.
        settings: threads, provider, thresholds.
        sidecar: instead of the YAML file.

    Raises:
        ModelError: the file cannot be loaded, or its inputs or outputs fit no known family.
        SettingsError: unknown key in the YAML file, unknown class in the settings.
        MissingDependencyError: no ONNX Runtime, or one without the provider.
    """

    def __init__(self, path: Path, settings: DetectorSettings, sidecar: Sidecar | None = None) -> None:
        sidecar = sidecar or read_sidecar(path)
        self._session = load_session(path, settings.provider, settings.threads)
        self._input = NetworkInput(self._session, sidecar)
        signature = signature_of(self._session, self._input)
        self._head = head_of(path, signature, sidecar.head)
        self._step = self._input.batch or (_ANY if takes_batches(self._session, self._input) else 1)
        self._format = input_format_of(sidecar, self._head.input_format)
        self.class_names = class_names_of(path, sidecar, signature, self._head.class_count)
        self._selection = Selection(settings, self.class_names)

    @property
    def settings(self) -> DetectorSettings:
        return self._selection.settings

    @property
    def head_name(self) -> str:
        """The family that the network was taken for."""
        return self._head.name

    def configure(self, settings: DetectorSettings) -> None:
        check_live_change(self.settings, settings)
        self._selection = Selection(settings, self.class_names)

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        selection = self._selection
        images = [frame.require_image() for frame in frames]
        groups = [images[start : start + self._step] for start in range(0, len(images), self._step)]
        return [detections for group in groups for detections in self._detect_group(group, selection)]

    def _detect_group(self, images: Sequence[Image], selection: Selection) -> list[Detections]:
        prepared = [prepare(image, self._format) for image in images]
        feeds = self._input.feeds(np.stack([tensor for tensor, _ in prepared]))
        candidates = self._head.decode(self._session.run(feeds))
        return [
            selection.apply(to_source(found, placement), *image.shape[:2], overlapping=self._head.overlapping)
            for image, (_, placement), found in zip(images, prepared, candidates, strict=False)
        ]
