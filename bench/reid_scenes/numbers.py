"""Vectors of simulated vehicles: what is the vehicle's, its orientation's, its background's, its camera's, and noise.

Each vehicle passes some cameras; in each it is a track of several views, which turn a little while it passes. A view's
vector is the sum of a vector of the vehicle, one of its orientation, one of the background (the place in the picture),
one of the camera, noise of the track (which views of it share) and noise of the view, as a unit vector. Orientation and
background are known from vectors of their own, with errors. The null case has none of the three.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mobinet.reid.ranking import Views
from mobinet.reid.vectors import unit_vectors

VEHICLES, CAMERAS, PLACES, SIDES, DIMENSION = 120, 8, 4, 8, 128
SEEN_BY, VIEWS = 0.5, 6
TRACK_NOISE, VIEW_NOISE = 1.0, 2.0
ORIENTATION, BACKGROUND, CAMERA = 0.9, 0.7, 0.9
KNOWN_NOISE = 0.5


@dataclass(frozen=True)
class Numbers:
    """Views of one scene, described in several ways.

    Args:
        plain, flipped: by one embedder, without and with the mirrored crop.
        other, other_flipped: by another embedder, whose errors are its own.
        ids, sides: of the vehicles, and orientation in eighths of a turn.
    """

    plain: Views
    flipped: Views
    other: Views
    other_flipped: Views
    ids: np.ndarray


def draw_numbers(seed: int, biased: bool) -> Numbers:
    draw = np.random.default_rng([seed, 5])
    pairs = [(one, camera) for one in range(VEHICLES) for camera in range(CAMERAS) if draw.random() < SEEN_BY]
    tracks = np.repeat(np.arange(len(pairs)), VIEWS)
    ids, cameras = np.array(pairs)[tracks].T
    sides = (draw.integers(0, SIDES, len(pairs))[tracks] + draw.integers(-1, 2, len(tracks))) % SIDES
    places = cameras * PLACES + draw.integers(0, PLACES, len(pairs))[tracks]
    orientations = known(sides, SIDES, draw)
    backgrounds = known(places, CAMERAS * PLACES, draw)
    qualities = draw.uniform(0.2, 1.0, len(tracks))
    described = []
    for _ in range(2):
        parts = [(VEHICLES, ids, 1.0), (len(pairs), tracks, TRACK_NOISE)]
        if biased:
            parts += [
                (SIDES, sides, ORIENTATION), (CAMERAS * PLACES, places, BACKGROUND), (CAMERAS, cameras, CAMERA),
            ]  # fmt: skip
        clean = sum(size * draw.normal(size=(count, DIMENSION))[rows] for count, rows, size in parts)
        # poor views are noisier; the mirrored crop has errors of its own in half of what it shows
        scale = VIEW_NOISE / np.sqrt(qualities / qualities.mean())[:, None]
        shared = draw.normal(size=clean.shape) * np.sqrt(0.5)
        once, twice = (shared + draw.normal(size=clean.shape) * np.sqrt(0.5) for _ in range(2))
        one, other = clean + scale * once, clean + scale * twice
        described += [unit_vectors(one), unit_vectors(unit_vectors(one) + unit_vectors(other))]
    views = [Views(vectors, orientations, backgrounds, cameras, tracks, qualities) for vectors in described]
    return Numbers(*views, ids)


def known(labels: np.ndarray, count: int, draw: np.random.Generator) -> np.ndarray:
    """What a network of its own tells of them."""
    width = max(16, count)
    return unit_vectors(draw.normal(size=(count, width))[labels] + KNOWN_NOISE * draw.normal(size=(len(labels), width)))
