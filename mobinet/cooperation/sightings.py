"""From the tracks of one image to sightings in the map that all robots share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mobinet.camera import CameraModel
from mobinet.cooperation.projection import CameraPose, GroundFlag, GroundSettings, project_feet
from mobinet.types import Appearance, Sighting, Track, TrackKey, TrackState


@dataclass(frozen=True)
class CameraView:
    """One camera of one robot at one instant.

    Args:
        robot, camera: names.
        stamp_ns: exposure of the image.
        model: intrinsic parameters.
        pose: of the optical frame at ``stamp_ns``.
    """

    robot: str
    camera: str
    stamp_ns: int
    model: CameraModel
    pose: CameraPose


@dataclass(frozen=True)
class Sighted:
    """Sightings of one image, and how many tracks were left out for which reason (lower case GroundFlag names)."""

    sightings: list[Sighting]
    left_out: Counter[str] = field(default_factory=Counter)


def make_sightings(
    view: CameraView,
    tracks: Sequence[Track],
    appearances: Mapping[int, Appearance],
    embedding_model: str,
    settings: GroundSettings,
) -> Sighted:
    """Sightings of the confirmed tracks that were matched in this image.

    A coasting track is not a sighting: its box is a guess, and would count as evidence.

    Args:
        appearances: by track id; tracks without one are sighted without embedding.
        embedding_model: fingerprint of the embedder, empty without one.

    Raises:
        InputError: the camera's pose is not finite.
    """
    seen = [t for t in tracks if t.state is TrackState.CONFIRMED and t.detection_index >= 0]
    if not seen:
        return Sighted([])
    ground = project_feet(np.stack([track.box for track in seen]), view.model, view.pose, settings)
    sightings = []
    left_out: Counter[str] = Counter()
    for row, track in enumerate(seen):
        flag = GroundFlag(int(ground.flags[row]))
        if flag is not GroundFlag.OK:
            left_out[flag.name.lower()] += 1
            continue
        appearance = appearances.get(track.track_id)
        sightings.append(
            Sighting(
                key=TrackKey(view.robot, view.camera, track.track_id),
                stamp_ns=view.stamp_ns,
                position=ground.positions[row],
                covariance=ground.covariances[row],
                class_name=track.class_name,
                score=track.score,
                embedding=None if appearance is None else appearance.embedding,
                model="" if appearance is None else embedding_model,
                first_stamp_ns=track.first_stamp_ns,
            )
        )
    return Sighted(sightings, left_out)
