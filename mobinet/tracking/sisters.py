"""How a tracker takes the detections of a sister camera, and what it makes of those of its own beside her."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mobinet.tracking import motion
from mobinet.tracking.association import Stage, associate
from mobinet.tracking.found import Found
from mobinet.tracking.fusion import HINT, MOST_EVIDENCE, FusionSettings, Senses, add_evidence, follow_noise, seen_last
from mobinet.tracking.gating import Leeway, gate
from mobinet.tracking.overlaps import agree, overlaid
from mobinet.tracking.settings import TrackerSettings
from mobinet.tracking.table import TrackTable
from mobinet.types import Float64, Int64

# Share of the smaller box from which on two boxes of two cameras are one object.
_SAME = 0.5


def give_leeway(table: TrackTable, found: Found, settings: TrackerSettings) -> Leeway:
    """Where the noise of detections is told, or a sister has started tracks: her boxes and classes say less."""
    strange = table.hits == 0
    usual = motion.detection_noise(table.boxes, settings)
    tracks: Float64 = np.where(strange[:, None], _edge_error(table.variances, usual), 0.0)
    detections: Float64 = np.zeros((len(found.scores), 2))
    if found.variances is not None:
        detections = _edge_error(found.variances, motion.detection_noise(found.measurements, settings))
    return Leeway(tracks, detections, strange, np.zeros(len(found.scores), bool))


def take_hints(table: TrackTable, matches: Int64, found: Found, settings: TrackerSettings) -> Int64:
    """Gives doubtful detections of the camera itself to the tracks that only the sister has seen, as hints, in place.

    They tell where a track is, if it is there, and count for it; but they are no proof, since there are many in each
    image, and always in the same places.

    Returns:
        ``matches``, ``(N,)``, without them.
    """
    (rows,) = ((matches >= 0) & (table.hits == 0)).nonzero()
    rows = rows[found.scores[matches[rows]] < settings.high_score]
    if not len(rows):
        return matches
    noise = None if found.variances is None else found.variances[matches[rows]]
    motion.update(table, rows, found.measurements[matches[rows]], settings, noise)
    table.evidence[rows] += HINT
    sure = matches.copy()
    sure[rows] = -1
    return sure


def match_sister(table: TrackTable, found: Found, settings: TrackerSettings, fusion: FusionSettings) -> Int64:
    """``(N,)`` which of the sister's detections each track takes, -1 for none; of any class."""
    leeway = give_leeway(table, found, settings)._replace(open_detections=np.ones(len(found.scores), bool))
    pairs = gate(table, found.measurements, found.classes, found.looks, settings, leeway)
    known, every = table.confirmed, np.ones(len(found.scores), bool)
    plan = (
        Stage(known, every, fusion.sister_min_iou, settings.box_margin),
        Stage(known, every, fusion.sister_min_iou, settings.wide_box_margin),
        Stage(~known, every, fusion.sister_min_iou, settings.box_margin),
    )
    return associate(pairs, plan, (len(table), len(found.scores)), settings.max_cost)


def correct_by_sister(
    table: TrackTable,
    matches: Int64,
    found: Found,
    senses: Senses,
    stamp_ns: int,
    settings: TrackerSettings,
    fusion: FusionSettings,
) -> Senses:
    """Gives the tracks the sister's detections, ``matches`` as of :func:`match_sister`, in place.

    Args:
        senses: before this look of hers at ``stamp_ns``.

    Returns:
        After it.
    """
    (rows,) = (matches >= 0).nonzero()
    if not len(rows):
        return senses
    taken = matches[rows]
    observed, strange = table.observed[rows], table.hits[rows] == 0
    noise = None if found.variances is None else senses.worsened(found.variances[taken])
    # against what the camera itself saw last: the tracks have followed the sister since
    expected = table.observed[rows] + table.velocities[rows] * senses.own_dt_s(stamp_ns)
    seen = seen_last(table, senses)[rows]
    good = ~seen | agree(expected, found.measurements[taken], table.variances[rows])
    if noise is not None:
        spread = noise + motion.detection_noise(expected, settings)
        surprises = (found.measurements[taken] - expected) ** 2 / spread
        senses, noise = follow_noise(senses, surprises[seen], stamp_ns), noise[good]
    if good.any():
        motion.update(table, rows[good], found.measurements[taken[good]], settings, noise)
    # where a track was heading is judged from one camera's boxes: they lie differently in the other's
    table.observed[rows] = np.where(strange[:, None], found.measurements[taken], observed)
    table.scores[rows] = np.where(strange, found.scores[taken], table.scores[rows])
    table.last_stamps_ns[rows] = table.sister_stamps_ns[rows] = stamp_ns
    table.sister_hits[rows] += 1
    add_evidence(table, rows, senses.sister_dt_s(stamp_ns), fusion)
    table.marks[:, 3] |= (
        table.hits * fusion.sister_confirm_hits + table.sister_hits * settings.confirm_hits
        >= settings.confirm_hits * fusion.sister_confirm_hits
    )
    return senses


def newcomers(
    table: TrackTable, matches: Int64, found: Found, starting: NDArray[np.bool_], fusion: FusionSettings
) -> Int64:
    """Rows of the sister's detections that start tracks: sure and ``starting`` ones, ``(M,)``, with no track near."""
    starts = starting & (found.scores >= fusion.sister_new_track_score)
    starts[matches[matches >= 0]] = False
    if len(table):
        starts &= overlaid(table.boxes, found.measurements).max(axis=0, initial=0) < fusion.sister_apart
    (rows,) = starts.nonzero()
    near = np.triu(overlaid(found.measurements[rows], found.measurements[rows]) >= fusion.sister_apart, 1)
    alone: Int64 = rows[~near.any(axis=0)]
    return alone


def begin_own(new: TrackTable) -> None:
    """What the camera itself starts is there."""
    new.evidence[:] = MOST_EVIDENCE


def begin_by_sister(new: TrackTable, stamp_ns: int, fusion: FusionSettings) -> None:
    """Makes the hits of new tracks those of the sister."""
    new.hits[:] = new.marks[:, 3] = new.own_stamps_ns[:] = 0
    new.sister_hits[:] = 1
    new.sister_stamps_ns[:] = stamp_ns
    new.marks[:, 3] |= fusion.sister_confirm_hits <= 1


def claim(table: TrackTable, rows: Int64 | slice, classes: Int64) -> None:
    """Gives tracks that the camera itself sees for the first time the classes ``(K,)`` of its detections."""
    table.classes[rows] = np.where(table.hits[rows] == 0, classes, table.classes[rows])


def doubled(table: TrackTable, matched: NDArray[np.bool_], born: Float64) -> NDArray[np.bool_]:
    """``(N,)`` which tracks only the sister has seen, where the camera itself now sees something else.

    Args:
        matched: ``(N,)`` the tracks that it sees.
        born: ``(K, 4)`` cx, cy, w, h of those that it starts.
    """
    strange = (table.hits == 0) & ~matched
    seen = np.concatenate((table.boxes[matched], born))
    return np.asarray(strange & (overlaid(table.boxes, seen).max(axis=1, initial=0) >= _SAME))


def _edge_error(variances: Float64, usual: Float64) -> Float64:
    """``(N, 2)`` by how much more than ``usual`` the sides of boxes err along x and y, pixels.

    Args:
        variances: ``(N, 4)`` of cx, cy, w, h.
        usual: ``(N, 1)`` of each of them.
    """
    edges = np.sqrt(variances[:, :2] + 0.25 * variances[:, 2:])
    return np.asarray(np.maximum(edges - np.sqrt(1.25 * usual), 0.0))
