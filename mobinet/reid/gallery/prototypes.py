"""How an identity's prototypes follow what is seen of it: few, unlike each other, each a mean that adapts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mobinet.reid.gallery.records import Prototype
from mobinet.reid.gallery.settings import GallerySettings
from mobinet.types import Float32, Float64


def add_views(
    prototypes: Sequence[Prototype], views: Float32, qualities: Float64, origin: str, settings: GallerySettings
) -> tuple[Prototype, ...]:
    """The prototypes with these views in them.

    A view goes into the mean of the prototype that it is like, weighted by its quality; one like none becomes a
    prototype, and where there are too many of one origin the two most alike become one, so that looks that differ stay.

    Args:
        prototypes: of one identity; those of other origins only take in views that are like them.
        views: ``(V, D)`` unit vectors.
        qualities: ``(V,)`` above 0 up to 1.
        origin: of new prototypes.
    """
    kept = list(prototypes)
    for view, quality in zip(views, qualities, strict=True):
        alike = np.array([prototype.vector @ view for prototype in kept])
        nearest = int(alike.argmax()) if len(alike) else -1
        fresh = Prototype(view, float(quality), float(quality), origin)
        if nearest >= 0 and alike[nearest] >= settings.same_view:
            kept[nearest] = _joined(kept[nearest], fresh, settings.memory)
            continue
        kept.append(fresh)
        own = [index for index, prototype in enumerate(kept) if prototype.origin == origin]
        if len(own) > settings.views:
            _join_most_alike(kept, own, settings.memory)
    return tuple(kept)


def _join_most_alike(kept: list[Prototype], own: list[int], memory: float) -> None:
    vectors = np.stack([kept[index].vector for index in own])
    alike = vectors @ vectors.T
    np.fill_diagonal(alike, -np.inf)
    one, other = sorted(own[place] for place in divmod(int(alike.argmax()), len(own)))
    kept[one] = _joined(kept[one], kept[other], memory)
    del kept[other]


def _joined(past: Prototype, fresh: Prototype, memory: float) -> Prototype:
    """The weighted mean of both; the past's weight is limited, so that the mean follows a slow change."""
    weight = max(min(past.weight, memory - fresh.weight), 0.0)
    total = weight + fresh.weight
    mean = weight * past.vector.astype(np.float64) + fresh.weight * fresh.vector
    length = float(np.linalg.norm(mean))
    vector = past.vector if length < 1e-9 else (mean / length).astype(np.float32)
    quality = (weight * past.quality + fresh.weight * fresh.quality) / total
    return replace(past, vector=vector, weight=min(total, memory), quality=quality)
