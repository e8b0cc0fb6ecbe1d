"""Which crops are learnt from together: P objects with K crops each, so that every crop has its like beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import SettingsError
from mobinet.types import Int64

_PEOPLE_SHARE = 0.7


class IdentitySampler:
    """Draws batches as Hermans et al., "In defense of the triplet loss for person re-identification", 2017.

    A batch has only people or only vehicles (cyclists too), as far as there are two: telling those apart would teach
    nothing. Every object is drawn as often as any other of its kind, whatever the number of its crops.

    Args:
        identities: ``(N,)`` int64.
        people: ``(N,)`` bool.
        objects: P, in a batch.
        crops: K, of each object; drawn again where there are fewer.
        seed: of the order.

    Raises:
        SettingsError: less than two objects.
    """

    def __init__(self, identities: Int64, people: NDArray[np.bool_], objects: int, crops: int, seed: int) -> None:
        self._crops, self._objects, self._seed = crops, objects, seed
        order = np.argsort(identities, kind="stable")
        rows = np.split(order, np.flatnonzero(np.diff(identities[order])) + 1)
        kinds = [[mine for mine in rows if people[mine[0]] == kind] for kind in (True, False)]
        self._kinds = [kind for kind in kinds if len(kind) > 1] or [rows]
        if len(rows) < 2:
            raise SettingsError(f"expected two objects to tell apart, got {len(rows)}; render more images")

    def rows(self, step: int) -> Int64:
        """``(P * K,)`` rows of the crops of a step, object by object; from the seed and ``step`` alone."""
        draw = np.random.default_rng([self._seed, step])
        kind = self._kinds[0 if len(self._kinds) == 1 or draw.random() < _PEOPLE_SHARE else 1]
        chosen = draw.choice(len(kind), min(self._objects, len(kind)), replace=False)
        drawn = [draw.choice(kind[index], self._crops, replace=len(kind[index]) < self._crops) for index in chosen]
        return np.concatenate(drawn).astype(np.int64)
