"""Appearance: what a tracked object looks like, as a unit vector."""

from mobinet.reid.describer import DescriberSettings, Plan, TrackDescriber, describe_together
from mobinet.reid.embedder import Embedder, EmbedderSettings
from mobinet.reid.factory import make_embedder
from mobinet.reid.reciprocal import ReciprocalSettings, k_reciprocal

__all__ = [
    "DescriberSettings",
    "Embedder",
    "EmbedderSettings",
    "Plan",
    "ReciprocalSettings",
    "TrackDescriber",
    "describe_together",
    "k_reciprocal",
    "make_embedder",
]
