"""What is remembered of one track of one camera: immutable, so that a state of the map is copied by copying dicts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from mobinet.cooperation import motion as cv
from mobinet.cooperation.motion import Motion
from mobinet.cooperation.settings import IdentitySettings
from mobinet.types import Float64, Sighting, TrackKey

_MAX_CLASSES = 8


class TrackletId(NamedTuple):
    """One life of a track: its ids may come again after a restart. Sorts by age, oldest first.

    ``first_ns`` is the track's first detection, as its robot says, so that whoever hears of a track late gives it the
    same id; of a life that begins anew, after a silence or a jump, the first sighting.

    Flat, because a nested key would be hashed and compared in Python, a million times a minute.
    """

    first_ns: int
    robot: str
    camera: str
    track_id: int


@dataclass(frozen=True)
class Tracklet:
    """One track from its first to its last sighting.

    Args:
        id: first stamp and key.
        key: of the track.
        heard_ns: stamp of the first sighting.
        last_ns: stamp of the last sighting.
        birth: motion at the first sighting.
        motion: motion at the last sighting.
        embedding, model: newest appearance, ``None`` and empty without.
        votes: summed scores by class name.
        class_name: the class with most votes, the first by name among equals; empty when none is known.
        score: of the last sighting.
    """

    id: TrackletId
    key: TrackKey
    heard_ns: int
    last_ns: int
    birth: Motion
    motion: Motion
    embedding: Float64 | None
    model: str
    votes: tuple[tuple[str, float], ...]
    class_name: str
    score: float

    def overlaps(self, other: Tracklet) -> bool:
        """Whether there was an instant at which both were alive."""
        return self.heard_ns <= other.last_ns and other.heard_ns <= self.last_ns


def begin(sighting: Sighting, first_ns: int, settings: IdentitySettings) -> Tracklet:
    """A track seen for the first time; ``first_ns`` is for its id."""
    motion = cv.start(sighting.position, sighting.covariance, sighting.velocity, settings.start_speed_m_s)
    return Tracklet(
        id=TrackletId(first_ns, sighting.key.robot, sighting.key.camera, sighting.key.track_id),
        key=sighting.key,
        heard_ns=sighting.stamp_ns,
        last_ns=sighting.stamp_ns,
        birth=motion,
        motion=motion,
        embedding=_looks(sighting),
        model=sighting.model if sighting.embedding is not None else "",
        votes=((sighting.class_name, sighting.score),),
        class_name=sighting.class_name,
        score=sighting.score,
    )


def proceed(tracklet: Tracklet, sighting: Sighting, settings: IdentitySettings) -> Tracklet | None:
    """The track after one more sighting, or ``None`` where this cannot be the same one: silent too long, or jumped.

    Successive errors of one camera are alike, so the measurement counts as if only one in ``correlation_s`` were
    independent; otherwise a bias of 20 cm would be taken for certain after some seconds.
    """
    seconds = (sighting.stamp_ns - tracklet.last_ns) / 1e9
    if seconds > settings.track_silence_s:
        return None
    predicted = cv.predict(tracklet.motion, seconds, settings.acceleration)
    bias = np.eye(3) * settings.bias_sigma_m**2
    if cv.squared_distance(predicted, sighting.position, sighting.covariance + bias) > settings.track_jump:
        return None
    share = 1 + settings.correlation_s / max(seconds, 1e-3)
    votes = dict(tracklet.votes)
    if sighting.class_name in votes or len(votes) < _MAX_CLASSES:
        votes[sighting.class_name] = votes.get(sighting.class_name, 0.0) + sighting.score
    described = sighting.embedding is not None
    return replace(
        tracklet,
        last_ns=sighting.stamp_ns,
        motion=cv.update(predicted, sighting.position, sighting.covariance * share),
        embedding=_looks(sighting) if described else tracklet.embedding,
        model=sighting.model if described else tracklet.model,
        votes=tuple(sorted(votes.items())),
        class_name=min(((-weight, name) for name, weight in votes.items() if name), default=(0.0, ""))[1],
        score=sighting.score,
    )


def _looks(sighting: Sighting) -> Float64 | None:
    return None if sighting.embedding is None else np.asarray(sighting.embedding, np.float64)
