"""Several embedders as one: their vectors side by side, each with its share of the similarity."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from mobinet.errors import SettingsError
from mobinet.reid.embedder import Clip, Embedder, crops_of
from mobinet.reid.vectors import unit_vectors
from mobinet.types import Float32, Frame


class EnsembleEmbedder:
    """See Embedder. The dot product of two of its vectors is the weighted mean of its members' dot products.

    Args:
        members: of images or of clips, in any mixture.
        weights: shares of the members, not negative, not all 0; all alike when empty.

    Raises:
        SettingsError: not one weight for each member, or none above 0.
    """

    def __init__(self, members: Sequence[Embedder], weights: Sequence[float] = ()) -> None:
        weights = list(weights) or [1.0] * len(members)
        if len(weights) != len(members) or not sum(weights) > 0 or min(weights) < 0:
            raise SettingsError(
                f"weights: expected {len(members)} numbers from 0, one for each model, and one above 0; got {weights}"
            )
        chosen = [(member, weight) for member, weight in zip(members, weights, strict=True) if weight > 0]
        self._members = [member for member, _ in chosen]
        self._factors = np.sqrt([weight / sum(weights) for _, weight in chosen]).astype(np.float32)
        self.dimension = sum(member.dimension for member in self._members)
        self.clip_length = max(member.clip_length for member in self._members)
        parts = [f"{member.model}*{factor:.6f}" for member, factor in zip(self._members, self._factors, strict=True)]
        stems = "+".join(member.model.partition(":")[0] for member in self._members)
        self.model = f"{stems}:{hashlib.sha256(' '.join(parts).encode()).hexdigest()[:12]}"

    def embed(self, frame: Frame, boxes: Float32) -> Float32:
        """See Embedder."""
        return self.embed_clips([[crop] for crop in crops_of(frame, boxes)])

    def embed_clips(self, clips: Sequence[Clip]) -> Float32:
        """See Embedder."""
        return joined([member.embed_clips(clips) for member in self._members], self._factors)


def joined(parts: Sequence[Float32], factors: Sequence[float] | Float32) -> Float32:
    """``(N, D1 + D2 + ...)`` unit vectors of N unit vectors of each kind, the kinds times their factors."""
    return unit_vectors(
        np.concatenate([part * np.float32(factor) for part, factor in zip(parts, factors, strict=True)], axis=1)
    )
