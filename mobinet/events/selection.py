"""Some of many events, chosen by a mask: compiled, as NumPy takes longer for that than a filter for its choice."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.compiled import compiled
from mobinet.types import Int64


def select(
    kept: NDArray[np.bool_], t_ns: Int64, x: NDArray[np.uint16], y: NDArray[np.uint16], polarity: NDArray[np.bool_]
) -> tuple[Int64, NDArray[np.uint16], NDArray[np.uint16], NDArray[np.bool_]]:
    """The values where ``kept`` is true, of contiguous arrays of one length."""
    count = np.count_nonzero(kept)
    # with room for an event that is written but not kept
    chosen = tuple(np.empty(count + 1, values.dtype) for values in (t_ns, x, y, polarity))
    _select(kept, t_ns, x, y, polarity, *chosen)
    times, columns, rows, signs = (values[:count] for values in chosen)
    return times, columns, rows, signs


@compiled
def _select(
    kept: NDArray[np.bool_],
    t_ns: Int64,
    x: NDArray[np.uint16],
    y: NDArray[np.uint16],
    polarity: NDArray[np.bool_],
    chosen_t_ns: Any,
    chosen_x: Any,
    chosen_y: Any,
    chosen_polarity: Any,
) -> None:
    # without a branch, which a processor could not guess
    place = np.uint64(0)
    for index in range(np.uint64(len(kept))):
        chosen_t_ns[place], chosen_x[place], chosen_y[place] = t_ns[index], x[index], y[index]
        chosen_polarity[place] = polarity[index]
        place += np.uint64(kept[index])
