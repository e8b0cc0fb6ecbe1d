"""What of a scene has to be found, and measures of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from event_scenes.finding import Found
from event_scenes.scene import Scene, Truth
from event_scenes.worlds import EVENTS_SIZE
from mobinet.boxes import iou_matrix
from mobinet.evaluation import BoxTable, MotScores, MotSettings, TrackTable, evaluate_mot
from mobinet.sim.world import ObjectClass, SimCamera
from mobinet.types import Float64, Track, TrackState

# detectors and trackers need not know anything before
SETTLE_NS = 500_000_000
LEAST_VISIBILITY = 0.5
# of an image as high as the event camera's, in others in proportion
LEAST_HEIGHT_PX = 24.0
# what moves less before a camera that stands makes no events
LEAST_SPEED = 0.2
OVERLAP = 0.5


def least_height_px(camera: SimCamera) -> float:
    return LEAST_HEIGHT_PX * camera.model.height / EVENTS_SIZE[1]


def judged_stamps_ns(scene: Scene) -> list[int]:
    """Those of the images, which are those of the truth."""
    return [stamp_ns for stamp_ns in scene.stamps_ns if stamp_ns >= SETTLE_NS]


def counts(camera: SimCamera, truth: Truth) -> NDArray[np.bool_]:
    """``(N,)`` which rows of the truth have to be found: half visible and not too small."""
    heights = truth.boxes[:, 3] - truth.boxes[:, 1]
    return (truth.visibility >= LEAST_VISIBILITY) & (heights >= least_height_px(camera))


def moves(scene: Scene, truth: Truth) -> NDArray[np.bool_]:
    """``(N,)`` which rows move in the image: all before a camera that moves."""
    return (truth.speeds >= LEAST_SPEED) | scene.world.robots[0].moves


def true_boxes(scene: Scene, camera: SimCamera, truth: Truth, moving: bool = False) -> BoxTable:
    """Truth at the judged stamps; what is hidden or small is forgiven, and if ``moving`` what does not move, too."""
    truth = truth[np.isin(truth.stamps_ns, judged_stamps_ns(scene))]
    forgiven = ~counts(camera, truth) | (moving & ~moves(scene, truth))
    keys = np.array([f"{scene.world.name} {stamp}" for stamp in truth.stamps_ns.tolist()], np.str_)
    names = np.array([ObjectClass(number).label for number in truth.classes.tolist()], np.str_)
    return BoxTable(keys, truth.boxes, names, forgiven=forgiven)


def found_boxes(scene: Scene, found: Sequence[Found]) -> BoxTable:
    """What was known at the judged stamps: the newest answer, if it is not older than the last image."""
    images: list[str] = []
    parts = []
    for stamp_ns in judged_stamps_ns(scene):
        newest = max(
            (each for each in found if each.stamp_ns <= stamp_ns), key=lambda each: each.stamp_ns, default=None
        )
        if newest is not None and newest.stamp_ns > stamp_ns - 1e9 / scene.rgb.rate:
            boxes = newest.detections.boxes
            detections = newest.detections[(boxes[:, 2:] > boxes[:, :2]).all(axis=1)]
            images += [f"{scene.world.name} {stamp_ns}"] * len(detections)
            parts.append(detections)
    return BoxTable(
        np.array(images, np.str_),
        np.concatenate([np.zeros((0, 4), np.float32), *(part.boxes for part in parts)]),
        np.array([name for part in parts for name in part.class_names], np.str_),
        np.concatenate([np.zeros(0), *(part.scores for part in parts)]),
    )


def join(tables: Sequence[BoxTable]) -> BoxTable:
    """All in one; none may be without rows of its own kind."""
    columns = ("images", "boxes", "class_names", "scores", "forgiven")
    return BoxTable(*(np.concatenate([getattr(table, column) for table in tables]) for column in columns))


def first_seen_ms(scene: Scene, camera: SimCamera, truth: Truth, found: Sequence[Found], score: float) -> list[float]:
    """Each time that an object comes into sight, how long until its first right detection, milliseconds.

    Counted from the last instant at which it did not have to be found, 100 ms before it has to; infinite where it is
    not found before it goes again. What begins with the scene is left out.
    """
    delays = []
    for identity in np.unique(truth.ids).tolist():
        path = truth[truth.ids == identity]
        for since_ns, end_ns in _sights(scene, path, counts(camera, path)):
            right = (
                each.stamp_ns for each in found if since_ns < each.stamp_ns <= end_ns and _holds(each, path, score)
            )
            delays.append((next(right, np.inf) - since_ns) / 1e6)
    return delays


def _sights(scene: Scene, path: Truth, must: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """When an object that had not to be found for 200 ms had to be for 200 ms: the instant before, and the last one."""
    due = np.isin(scene.stamps_ns, path.stamps_ns[must])
    first = max(2, int(np.searchsorted(scene.stamps_ns, SETTLE_NS)))
    begins = [
        index
        for index in range(first, len(due) - 1)
        if due[index] and due[index + 1] and not due[index - 1] and not due[index - 2]
    ]
    lengths = [int(np.argmin(np.append(due[index:], False))) for index in begins]
    return [
        (scene.stamps_ns[index - 1], scene.stamps_ns[index + length - 1])
        for index, length in zip(begins, lengths, strict=True)
    ]


def _holds(found: Found, path: Truth, score: float) -> bool:
    """Whether a detection overlaps an object by half, its true box interpolated."""
    if not path.stamps_ns[0] <= found.stamp_ns <= path.stamps_ns[-1]:
        return False
    box = [np.interp(found.stamp_ns, path.stamps_ns, path.boxes[:, side]) for side in range(4)]
    boxes = found.detections.boxes[found.detections.scores >= score]
    return bool((iou_matrix(np.array([box]), boxes.astype(np.float64)) >= OVERLAP).any())


def mot_scores(scene: Scene, camera: SimCamera, truth: Truth, tracks: dict[int, list[Track]]) -> MotScores:
    """Of confirmed tracks at the judged stamps, whatever their classes."""
    stamps_ns = judged_stamps_ns(scene)
    rows = [
        (stamp_ns, track.track_id, track.box)
        for stamp_ns in stamps_ns
        for track in tracks.get(stamp_ns, [])
        if track.state is TrackState.CONFIRMED
    ]
    results = TrackTable(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.float32).reshape(-1, 4),
    )
    truth = truth[np.isin(truth.stamps_ns, stamps_ns)]
    table = TrackTable(truth.stamps_ns, truth.ids, truth.boxes, visibility=truth.visibility)
    settings = MotSettings(minimum_visibility=LEAST_VISIBILITY, minimum_height_px=least_height_px(camera))
    return evaluate_mot(table, results, settings, frames=np.array(stamps_ns))


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation over seeds."""
    known: Float64 = np.array([value for value in values if np.isfinite(value)])
    return float(known.mean()), float(known.std(ddof=1)) if len(known) > 1 else 0.0
