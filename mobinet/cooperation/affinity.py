"""How much speaks for two tracks being one object: log likelihood ratios of position, looks and class.

Position: under "one object" the difference ``d`` of two estimates is normal with covariance ``S``; under "two objects"
the other one is anywhere in the area ``A`` that one object has on average, so

    LLR = log A - log(2 pi sqrt|S|) - d' S^-1 d / 2

Looks: linear in the dot product of the embeddings, limited on both sides; class: a penalty when they differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mobinet.cooperation import motion as cv
from mobinet.cooperation.motion import Motion
from mobinet.cooperation.settings import IdentitySettings
from mobinet.cooperation.tracklets import Tracklet, TrackletId
from mobinet.types import Float64

# Two tracks are compared by predictions no older than this.
SYNC_NS = 1_000_000_000
# After a long gap a position says little, and that little must not outweigh the looks.
_GAP_FLOOR = -2.0
# Tracks farther apart than so many gates are not even remembered as a pair.
_NEAR = 4.0


class PairEvidence(NamedTuple):
    """Averages over time of what the positions of two tracks say.

    Args:
        ratio: log likelihood ratio.
        distance: squared Mahalanobis distance.
        weight: of the average, in observations.
        stamp_ns: of the last observation.
    """

    ratio: float
    distance: float
    weight: float
    stamp_ns: int


Pair: TypeAlias = tuple[TrackletId, TrackletId]  # older first


def observe_pairs(
    pairs: dict[Pair, PairEvidence],
    tracklets: Mapping[TrackletId, Tracklet],
    updated: set[TrackletId],
    stamp_ns: int,
    settings: IdentitySettings,
) -> None:
    """Adds to ``pairs`` what the positions at ``stamp_ns`` say of all tracks that are alive, in place.

    Pairs of one camera are left out: two of its tracks that live at one time are two objects.
    """
    alive = [t for _, t in sorted(tracklets.items()) if stamp_ns - t.last_ns <= SYNC_NS]
    if len(alive) < 2:
        return
    stacked = Motion(np.stack([t.motion.mean for t in alive]), np.stack([t.motion.covariance for t in alive]))
    ages = np.array([max(stamp_ns - t.last_ns, 0) / 1e9 for t in alive])
    ratios, distances = _compare(cv.predict(stacked, ages, settings.acceleration), settings)
    fade = settings.evidence_s * 1e9
    for row, column in zip(*np.nonzero(_comparable(alive, updated)), strict=True):
        pair = (alive[row].id, alive[column].id)
        old = pairs.get(pair)
        if old is None and distances[row, column] >= _NEAR * settings.gate:
            continue
        past = 0.0 if old is None else old.weight * float(np.exp(-(stamp_ns - old.stamp_ns) / fade))
        ratio, distance = float(ratios[row, column]), float(distances[row, column])
        if old is not None:
            ratio = (past * old.ratio + ratio) / (past + 1)
            distance = (past * old.distance + distance) / (past + 1)
        pairs[pair] = PairEvidence(ratio, distance, past + 1, stamp_ns)


def observe_birth(
    pairs: dict[Pair, PairEvidence],
    tracklets: Mapping[TrackletId, Tracklet],
    born: Tracklet,
    settings: IdentitySettings,
) -> None:
    """Adds to ``pairs`` which tracks that ended before may go on in the new one, in place."""
    ended = [t for _, t in sorted(tracklets.items()) if t.last_ns < born.heard_ns]
    if not ended:
        return
    stacked = Motion(np.stack([t.motion.mean for t in ended]), np.stack([t.motion.covariance for t in ended]))
    gaps = np.array([(born.heard_ns - t.last_ns) / 1e9 for t in ended])
    predicted = cv.predict(stacked, gaps, settings.acceleration)
    differences = predicted.mean[:, :2] - born.birth.mean[:2]
    ratios, distances = _ratios(differences, predicted.covariance[:, :2, :2] + born.birth.covariance[:2, :2], settings)
    for row in np.flatnonzero(distances <= settings.gate):
        ratio = max(float(ratios[row]), _GAP_FLOOR)
        pairs[ended[row].id, born.id] = PairEvidence(ratio, float(distances[row]), 1.0, born.heard_ns)


def looks_ratio(first: Tracklet, second: Tracklet, settings: IdentitySettings) -> float:
    """What embeddings and classes say for one object."""
    ratio = 0.0
    a, b = first.embedding, second.embedding
    # a peer may send any length under any name
    if a is not None and b is not None and first.model == second.model and len(a) == len(b):
        similarity = float(a @ b)
        linear = settings.similarity_slope * (similarity - settings.similarity_middle)
        ratio += min(max(linear, -settings.similarity_limit), settings.similarity_limit)
    if first.class_name and second.class_name and first.class_name != second.class_name:
        ratio -= settings.class_penalty
    return ratio


def excluded(first: Tracklet, second: Tracklet, evidence: PairEvidence | None, settings: IdentitySettings) -> bool:
    """Whether two tracks can never be one object: alive at one time in one camera, or far apart at one time."""
    if evidence is not None and evidence.distance > settings.gate:
        return True
    return first.overlaps(second) and (evidence is None or _one_camera(first, second))


def _one_camera(first: Tracklet, second: Tracklet) -> bool:
    return first.id.robot == second.id.robot and first.id.camera == second.id.camera


def _comparable(alive: Sequence[Tracklet], updated: set[TrackletId]) -> NDArray[np.bool_]:
    """``(N, N)`` upper triangle: pairs of different cameras of which one has something new to say."""
    places = {place: code for code, place in enumerate({t.id[1:3] for t in alive})}
    cameras = np.array([places[t.id[1:3]] for t in alive])
    fresh = np.array([t.id in updated for t in alive])
    return np.triu((cameras[:, None] != cameras[None, :]) & (fresh[:, None] | fresh[None, :]), 1)


def _compare(motions: Motion, settings: IdentitySettings) -> tuple[Float64, Float64]:
    """``(N, N)`` log likelihood ratios and squared distances of all pairs."""
    differences = motions.mean[:, None, :2] - motions.mean[None, :, :2]
    covariances = motions.covariance[:, None, :2, :2] + motions.covariance[None, :, :2, :2]
    return _ratios(differences, covariances, settings)


def _ratios(differences: Float64, covariances: Float64, settings: IdentitySettings) -> tuple[Float64, Float64]:
    """``(...)`` ratios and squared distances for differences ``(..., 2)`` and covariances ``(..., 2, 2)``."""
    bias = 2 * settings.bias_sigma_m**2
    a, b, c = covariances[..., 0, 0] + bias, covariances[..., 0, 1], covariances[..., 1, 1] + bias
    determinant = a * c - b * b
    dx, dy = differences[..., 0], differences[..., 1]
    distances: Float64 = (c * dx * dx - 2 * b * dx * dy + a * dy * dy) / determinant
    ratios: Float64 = np.log(settings.area_m2) - np.log(2 * np.pi) - np.log(determinant) / 2 - distances / 2
    return ratios, distances
