"""The same work as anybody would write it: NumPy's bincount, and plain loops in Numba."""

from __future__ import annotations

import numba
import numpy as np

from mobinet.events import Events

from .streams import HEIGHT, WIDTH


def bincount_histogram(events: Events, bins: int) -> np.ndarray:
    edges = np.linspace(events.t_ns[0], events.t_ns[-1] + 1, bins + 1)
    place = (np.searchsorted(edges, events.t_ns, "right") - 1) + bins * events.polarity.astype(np.int64)
    flat = (place * HEIGHT + events.y) * WIDTH + events.x
    return np.bincount(flat, minlength=2 * bins * HEIGHT * WIDTH).reshape(2, bins, HEIGHT, WIDTH)


@numba.njit(nogil=True)
def decode_evt3(words, t_us, x, y, p):
    high = low = row = base = sign = count = 0
    for word in words:
        kind, value = word >> 12, word & 0xFFF
        if kind == 8:
            high = value
        elif kind == 6:
            low = value
        elif kind == 0:
            row = value & 0x7FF
        elif kind == 2:
            t_us[count], x[count], y[count], p[count] = high << 12 | low, value & 0x7FF, row, value >> 11
            count += 1
        elif kind == 3:
            base, sign = value & 0x7FF, value >> 11
        elif kind == 4 or kind == 5:
            size = 12 if kind == 4 else 8
            for bit in range(size):
                if value >> bit & 1:
                    t_us[count], x[count], y[count], p[count] = high << 12 | low, base + bit, row, sign
                    count += 1
            base += size
    return count


@numba.njit(nogil=True)
def decode_evt2(words, t_us, x, y, p):
    high = count = 0
    for word in words:
        kind = word >> 28
        if kind == 8:
            high = np.int64(word & 0xFFFFFFF)
        elif kind < 2:
            t_us[count], x[count] = high << 6 | (word >> 22 & 63), word >> 11 & 0x7FF
            y[count], p[count] = word & 0x7FF, kind
            count += 1
    return count


@numba.njit(nogil=True)
def histogram(t_ns, x, y, p, start_ns, end_ns, counts):
    counts[:] = 0
    bins = counts.shape[1]
    for i in range(len(t_ns)):
        b = (t_ns[i] - start_ns) * bins // (end_ns - start_ns)
        if counts[p[i], b, y[i], x[i]] < 255:
            counts[p[i], b, y[i], x[i]] += 1


@numba.njit(nogil=True)
def voxel_grid(t_ns, x, y, p, start_ns, end_ns, grid):
    grid[:] = 0
    bins = grid.shape[0]
    for i in range(len(t_ns)):
        place = (bins - 1) * (t_ns[i] - start_ns) / (end_ns - start_ns)
        b, sign = int(place), 2.0 * p[i] - 1
        grid[b, y[i], x[i]] += sign * (1 - place + b)
        if b + 1 < bins:
            grid[b + 1, y[i], x[i]] += sign * (place - b)


@numba.njit(nogil=True)
def time_surface(t_ns, x, y, p, surface):
    for i in range(len(t_ns)):
        surface[p[i], y[i], x[i]] = t_ns[i]


@numba.njit(nogil=True)
def background_filter(t_ns, x, y, last_ns, support_ns, kept):
    height, width = last_ns.shape
    for i in range(len(t_ns)):
        column, row, now = x[i], y[i], t_ns[i]
        kept[i] = last_ns[row, column] >= now - support_ns
        for r in range(max(row - 1, 0), min(row + 2, height)):
            for c in range(max(column - 1, 0), min(column + 2, width)):
                if r != row or c != column:
                    last_ns[r, c] = now
