"""How boxes move: a constant-velocity Kalman filter for all tracks of a camera at once.

The state is the centre, the size and their velocities, in pixels and pixels per second. All noise is proportional to
the box's size, the root of its area, so that near and far objects are treated alike, and follows the time that passed,
so that irregular stamps are treated right. The four numbers of a box are measured each on its own and their noises do
not depend on each other, so the 8 x 8 covariance stays four blocks of 2 x 2: three numbers each, and no matrix needs to
be inverted.
"""

from __future__ import annotations

import numpy as np

from mobinet.boxes import xyxy_to_cxcywh
from mobinet.tracking.settings import TrackerSettings
from mobinet.tracking.table import TrackTable
from mobinet.types import Float32, Float64, Int64

# No box is smaller than this: one that shrinks while it is predicted would turn inside out, and float32 resolves it at
# any image coordinate that the tracker accepts.
MIN_SIZE_PX = 1.0

# Four standard deviations, squared: a wrong match must not count for more.
_MAX_SURPRISE = 16.0
_LEAST_UNREST, _MOST_UNREST = 0.4, 8.0

_REST = np.eye(5)
CALM: Float64 = np.ones(2)


def measure(boxes: Float32) -> Float64:
    """``(N, 4)`` xyxy boxes to the filter's measurements cx, cy, w, h, sizes at least ``MIN_SIZE_PX``."""
    measurements = xyxy_to_cxcywh(boxes)
    np.maximum(measurements[:, 2:], MIN_SIZE_PX, out=measurements[:, 2:])
    return measurements


def initiate(table: TrackTable, measurements: Float64, settings: TrackerSettings, noise: Float64 | None = None) -> None:
    """Sets new tracks to their first detections: at rest, with a wide velocity.

    Args:
        table: N tracks; velocities and covariances are zero.
        measurements: ``(N, 4)`` cx, cy, w, h.
        noise: ``(N, 4)`` their variances, as in :func:`update`.
    """
    table.boxes[:] = measurements
    table.observed[:] = measurements
    table.variances[:] = detection_noise(measurements, settings) if noise is None else noise
    table.velocity_variances[:] = settings.initial_speed**2 * _areas(measurements)


def predict(table: TrackTable, dt_s: float, settings: TrackerSettings, unrest: Float64 = CALM) -> None:
    """Moves the tracks on by ``dt_s`` seconds, which is positive; sizes stay at least ``MIN_SIZE_PX``.

    Process noise is white acceleration in continuous time (Bar-Shalom, Li, Kirubarajan 2001, eq. 6.2.2-12): two short
    steps widen a state as one long step does, so that the result does not depend on the frame rate.

    Args:
        unrest: ``(2,)`` by how much centres move less evenly than ``acceleration_noise`` says along x and y, see
            :func:`follow_unrest`.
    """
    shake, resize = unrest * settings.acceleration_noise, settings.resize_noise
    density = _areas(table.boxes) * np.array((shake[0], shake[1], resize, resize)) ** 2
    moments = table.moments
    # x <- F x and P <- F P F^T + Q with F = [[1, dt], [0, 1]], P and Q written as columns of three
    moments[:] = _transition(dt_s) @ moments
    moments[:, 2:] += np.array(((dt_s**3 / 3,), (dt_s**2 / 2,), (dt_s,))) * density[:, None]
    _keep_size(table)


def update(
    table: TrackTable,
    rows: Int64 | slice,
    measurements: Float64,
    settings: TrackerSettings,
    noise: Float64 | None = None,
) -> Float64:
    """Takes in one detection for each of ``rows`` (Kalman 1960).

    Args:
        rows: ``(K,)`` of the table, at least one, or the slice of all.
        measurements: ``(K, 4)`` cx, cy, w, h.
        noise: ``(K, 4)`` their variances, pixels squared; ``None`` for those of the settings.

    Returns:
        ``(K, 2)`` squares of how far each centre was from where it was expected along x and y, in standard deviations:
        1 on average where the noises are as the settings say (Bar-Shalom, Li, Kirubarajan 2001, section 5.4).
    """
    numbers = table.numbers if isinstance(rows, slice) else table.numbers.take(rows, axis=0)
    moments = numbers[:, :20].reshape(-1, 5, 4)
    boxes = moments[:, 0]
    spread = moments[:, 2] + (detection_noise(boxes, settings) if noise is None else noise)
    surprise = measurements - boxes
    gain = moments[:, 2:4] / spread[:, None]
    moments[:, :2] += gain * surprise[:, None]
    moments[:, 4] -= gain[:, 1] * moments[:, 3]
    moments[:, 2:4] -= gain[:, :1] * moments[:, 2:4]
    numbers[:, 20:24] = measurements
    if not isinstance(rows, slice):
        table.numbers[rows] = numbers
    squares: Float64 = surprise[:, :2] ** 2 / spread[:, :2]
    return squares


def follow_unrest(unrest: Float64, surprises: Float64, dt_s: float, settings: TrackerSettings) -> Float64:
    """``(2,)`` how unevenly the picture moves along x and y, after one more image.

    A camera that shakes or turns surprises all tracks at once. Process noise is scaled until surprises are as large as
    expected (matching covariances, Mehra 1972), with a time constant of ``noise_adaptation_s``: from the same settings
    a resting camera gets smooth tracks and a shaking one quick ones. Cameras turn and people walk sideways far more
    than upwards, so that each direction has a scale of its own.

    Args:
        unrest: ``(2,)`` before.
        surprises: ``(K, 2)`` of :func:`update`, of confirmed tracks.
        dt_s: time since the image before, seconds.
    """
    if settings.noise_adaptation_s <= 0 or not len(surprises):
        return unrest
    share = min(1.0, dt_s / settings.noise_adaptation_s)
    level = np.minimum(surprises, _MAX_SURPRISE).sum(axis=0) / len(surprises) + 1e-3
    followed: Float64 = np.minimum(np.maximum(unrest * level**share, _LEAST_UNREST), _MOST_UNREST)
    return followed


def detection_noise(boxes: Float64, settings: TrackerSettings) -> Float64:
    """``(N, 1)`` variance of each of the four numbers of a detection of boxes of this size."""
    return settings.measurement_noise**2 * _areas(boxes)


def _areas(boxes: Float64) -> Float64:
    """``(N, 1)`` squares of the sizes to which noise is proportional."""
    areas: Float64 = boxes[:, 2:3] * boxes[:, 3:4]
    return areas


def _transition(dt_s: float) -> Float64:
    """``(5, 5)`` what ``dt_s`` seconds do to the moments of a track."""
    step = _REST.copy()
    step[0, 1] = step[3, 4] = dt_s
    step[2, 3], step[2, 4] = 2 * dt_s, dt_s * dt_s
    return step


def _keep_size(table: TrackTable) -> None:
    """Stops the sizes, in place, where they would fall below the smallest one."""
    sizes = table.boxes[:, 2:]
    if sizes.size and sizes.min() < MIN_SIZE_PX:
        too_small = sizes < MIN_SIZE_PX
        sizes[too_small] = MIN_SIZE_PX
        table.velocities[:, 2:][too_small] = 0.0
