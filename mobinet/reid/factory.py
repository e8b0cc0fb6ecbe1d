"""Makes the embedder that the settings name."""

from __future__ import annotations

from mobinet.models.zoo import find_model
from mobinet.reid.embedder import Embedder, EmbedderSettings
from mobinet.reid.ensemble import EnsembleEmbedder
from mobinet.reid.histogram import HistogramEmbedder
from mobinet.reid.network import NetworkEmbedder


def make_embedder(settings: EmbedderSettings) -> Embedder:
    """An embedder, ready to run.

    Raises:
        ModelError: a model is neither built in nor a file nor of the zoo, or the network does not fit.
        SettingsError: a wrong key in the network's YAML file; not one weight for each model.
        MissingDependencyError: no ONNX Runtime, or one without the provider.
    """
    if not settings.ensemble and not settings.weights:
        return _make_one(settings.model, settings)
    members = [_make_one(model, settings) for model in (settings.model, *settings.ensemble)]
    return EnsembleEmbedder(members, settings.weights)


def _make_one(model: str, settings: EmbedderSettings) -> Embedder:
    return HistogramEmbedder() if model == "histogram" else NetworkEmbedder(find_model(model), settings)
