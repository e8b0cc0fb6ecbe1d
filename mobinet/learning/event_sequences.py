"""Training sequences of random worlds before event cameras, in a folder: rendered once, resumed where it stopped.

The layout::

    DIR/events/0020007_1.npy       second camera of the world of seed 20007: (N, 2) uint32, microseconds and place
    DIR/sequences/0020007.json     what was there; written last, so a world that has it is whole

The place is ``x + 2^15 y``, with 2^30 added for an ON event: files are mapped into memory, and a window is a slice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import RecordingError
from mobinet.events import Events
from mobinet.learning.world_folder import Progress, Record, read_worlds, render_worlds
from mobinet.sim.random_sequences import RandomSequenceSettings, TrueSequence, random_sequences
from mobinet.types import Float32, Float64, Int64

_HELD_BACK_EVERY = 10
_Y_SHIFT, _ON_SHIFT = 15, 30
_LOW = (1 << _Y_SHIFT) - 1


@dataclass(frozen=True)
class LabelledSequence:
    """A file of events and the objects in it, K of them at T instants.

    Args:
        path: of the events.
        size: width and height of the sensor.
        stamps_ns: ``(T,)`` increasing.
        boxes: ``(T, K, 4)`` float32 xyxy pixels around whole silhouettes, cut at the image's border; NaN where it has
            none.
        labels: K class names.
        visibility: ``(T, K)`` share of the silhouette that is visible.
        speeds: ``(T, K)`` metres per second.
        light: of the world.
        moving: whether the camera moves.
    """

    path: Path
    size: tuple[int, int]
    stamps_ns: Int64
    boxes: Float32
    labels: tuple[str, ...]
    visibility: Float32
    speeds: Float32
    light: str
    moving: bool

    @property
    def world(self) -> str:
        """Of which world it is."""
        return self.path.stem.partition("_")[0]

    def events(self, start_ns: int, end_ns: int) -> Events:
        """Those from ``start_ns`` up to, but not with, ``end_ns``, whole microseconds.

        Raises:
            RecordingError: the file is missing or damaged.
        """
        try:
            stored = np.load(self.path, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise RecordingError(
                f"'{self.path}' holds no events ({error}); remove the folder and render again"
            ) from error
        first, last = np.searchsorted(stored[:, 0], [start_ns // 1000, end_ns // 1000])
        return unpack_events(np.asarray(stored[first:last]))

    def objects_at(self, stamp_ns: int) -> tuple[Float32, Float32, Int64]:
        """Boxes ``(M, 4)``, visibility ``(M,)`` and indices ``(M,)`` of the objects in the image at any time.

        Between two instants boxes are interpolated; an object that is in the image at one of them only is where it
        was at the nearer one, if that has it.
        """
        after = int(np.clip(np.searchsorted(self.stamps_ns, stamp_ns), 1, len(self.stamps_ns) - 1))
        before = after - 1
        span = int(self.stamps_ns[after] - self.stamps_ns[before])
        share = min(max((stamp_ns - int(self.stamps_ns[before])) / span, 0.0), 1.0)
        mixed = (1 - share) * self.boxes[before] + share * self.boxes[after]
        visibility = (1 - share) * self.visibility[before] + share * self.visibility[after]
        nearest = self.boxes[after if share > 0.5 else before]
        boxes = np.where(np.isfinite(mixed), mixed, nearest)
        there = np.flatnonzero(np.isfinite(boxes).all(axis=1))
        return boxes[there].astype(np.float32), visibility[there].astype(np.float32), there.astype(np.int64)

    def top_speeds(self, start_ns: int, end_ns: int) -> Float32:
        """``(K,)`` metres per second: the highest of each object from one time to another; 0 of what is not there."""
        first = max(int(np.searchsorted(self.stamps_ns, start_ns, "right")) - 1, 0)
        last = int(np.searchsorted(self.stamps_ns, end_ns, "right"))
        return np.asarray(self.speeds[first : max(last, first + 1)].max(axis=0), np.float32)


def pack_events(events: Events) -> NDArray[np.uint32]:
    """``(N, 2)``: microseconds and place."""
    place = events.x.astype(np.uint32) | (events.y.astype(np.uint32) << _Y_SHIFT)
    place |= events.polarity.astype(np.uint32) << _ON_SHIFT
    return np.column_stack([(events.t_ns // 1000).astype(np.uint32), place])


def unpack_events(stored: NDArray[np.uint32]) -> Events:
    """The events of such rows."""
    place = stored[:, 1]
    return Events(
        stored[:, 0].astype(np.int64) * 1000,
        (place & _LOW).astype(np.uint16),
        (place >> _Y_SHIFT & _LOW).astype(np.uint16),
        (place >> _ON_SHIFT).astype(np.bool_),
    )


def render_sequences(
    folder: Path, count: int, seed: int, settings: RandomSequenceSettings, progress: Progress | None = None
) -> None:
    """Renders worlds of the seeds ``seed, seed + 1, ...`` until there are ``count`` sequences; whole worlds stay.

    Raises:
        RecordingError: the folder cannot be written (a full disk).
        MissingDependencyError: no MuJoCo or no EGL.
    """
    each, files = settings.cameras, folder / "events"
    seeds = range(seed, seed - (-count // each))
    render_worlds(files, folder / "sequences", seeds, lambda seed: _render_world(files, seed, settings), each, progress)


def read_sequences(folder: Path) -> list[LabelledSequence]:
    """All sequences of a folder, in the order of their worlds.

    Raises:
        RecordingError: none is there, or a listing is damaged.
    """
    expected = "training sequences: expected events/ and sequences/*.json"
    return read_worlds(folder / "sequences", lambda record: _labelled(folder, record), expected)


def hold_back(sequences: Sequence[LabelledSequence]) -> tuple[list[LabelledSequence], list[LabelledSequence]]:
    """To learn from, and those of every tenth world to validate with, also when others are added; of few worlds, the
    same."""
    held_back = [sequence for sequence in sequences if int(sequence.world) % _HELD_BACK_EVERY == _HELD_BACK_EVERY - 1]
    if not held_back:
        return list(sequences), list(sequences)
    chosen = {sequence.path for sequence in held_back}
    return [sequence for sequence in sequences if sequence.path not in chosen] or held_back, held_back


def _render_world(files: Path, seed: int, settings: RandomSequenceSettings) -> list[Record]:
    records = []
    for number, true in enumerate(random_sequences(seed, settings)):
        name = f"{seed:07d}_{number}.npy"
        np.save(files / name, pack_events(true.events))
        records.append(_record(name, true))
    return records


def _record(name: str, true: TrueSequence) -> Record:
    """One sequence; its objects by identity, each with the numbers of the instants at which it is in the image."""
    objects: dict[int, Record] = {}
    for instant, seen in enumerate(true.objects):
        for thing in seen:
            entry = objects.setdefault(thing.identity, {"class": thing.object_class.label, "seen": []})
            box = [round(float(value), 1) for value in thing.box]
            speed = float(np.linalg.norm(thing.velocity))
            entry["seen"].append([instant, *box, round(thing.visibility, 3), round(speed, 3)])
    return {
        "file": name,
        "size": true.size,
        "stamps_ns": true.stamps_ns,
        "light": true.light,
        "moving": true.moving,
        "objects": [objects[identity] for identity in sorted(objects)],
    }


def _labelled(folder: Path, record: Record) -> LabelledSequence:
    stamps_ns = np.array(record["stamps_ns"], np.int64)
    objects: Sequence[Record] = record["objects"]
    table: Float64 = np.full((len(stamps_ns), len(objects), 6), np.nan)
    table[:, :, 4:] = 0.0
    for column, thing in enumerate(objects):
        seen = np.array(thing["seen"], np.float64)
        table[seen[:, 0].astype(np.int64), column] = seen[:, 1:]
    width, height = record["size"]
    return LabelledSequence(
        path=folder / "events" / str(record["file"]),
        size=(int(width), int(height)),
        stamps_ns=stamps_ns,
        boxes=table[:, :, :4].astype(np.float32),
        labels=tuple(str(thing["class"]) for thing in objects),
        visibility=table[:, :, 4].astype(np.float32),
        speeds=table[:, :, 5].astype(np.float32),
        light=str(record["light"]),
        moving=bool(record["moving"]),
    )
