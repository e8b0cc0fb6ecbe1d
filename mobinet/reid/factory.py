"""Makes the embedder that the settings name."""

from __future__ import annotations

from mobinet.models.zoo import find_model
from mobinet.reid.embedder import Embedder, EmbedderSettings
from mobinet.reid.histogram import HistogramEmbedder
from mobinet.reid.network import NetworkEmbedder


def make_embedder(settings: EmbedderSettings) -> Embedder:
    """An embedder, ready to run.

    Raises:
        ModelError: the model is neither built in nor a file nor of the zoo, or the network does not fit.
        SettingsError: a wrong key in the network's YAML file.
        MissingDependencyError: no ONNX Runtime, or one without the provider.
    """
    if settings.model == "histogram":
        return HistogramEmbedder()
    return NetworkEmbedder(find_model(settings.model), settings)
