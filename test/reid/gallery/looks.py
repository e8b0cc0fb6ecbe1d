"""Vectors of objects that are told apart easily."""

from __future__ import annotations

import numpy as np

from mobinet.types import Float32

MODEL, DIMENSION = "net:0123456789ab", 16


def look(place: int, turn: float = 0.0) -> Float32:
    """A unit vector of object ``place``, turned by so many radians to a side of its own."""
    vector = np.zeros(DIMENSION, np.float32)
    vector[place] = np.cos(turn)
    vector[DIMENSION // 2 + place] = np.sin(turn)
    return vector
