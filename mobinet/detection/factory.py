"""Makes the detector that the settings name."""

from __future__ import annotations

from mobinet.detection.base import Detector, DetectorSettings
from mobinet.detection.hog import HogDetector
from mobinet.detection.network import NetworkDetector
from mobinet.detection.null import NullDetector
from mobinet.models.zoo import find_model


def make_detector(settings: DetectorSettings) -> Detector:
    """A detector, ready to run.

    Raises:
        ModelError: the model is neither built in nor a file nor of the zoo, or the network does not fit.
        SettingsError: a class that the model does not know, a wrong key in the model's YAML file.
        MissingDependencyError: no ONNX Runtime, or one without the provider.
    """
    if settings.model == "hog":
        return HogDetector(settings)
    if settings.model == "null":
        return NullDetector(settings)
    return NetworkDetector(find_model(settings.model), settings)
