"""One recorded person before a still event camera: for how long is it one track, and in how many pieces.

Ours is the ClusterDetector; the peer is what is written in an afternoon: events of a window counted, blurred, cut at a
threshold, and connected components of OpenCV. Both get the same filtered windows and the same tracker with its
defaults. The recording (``events/evt3_person_walking_bag`` of ``--data``) has no truth: the person stands at first and
moves from about 0.7 s to 1.9 s of 2.08 s, and screens flicker beside it, so that one track without a gap is right.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mobinet.errors import MissingDependencyError, MobinetError
from mobinet.events import (
    BackgroundActivityFilter,
    ClusterDetector,
    Events,
    Evt3Decoder,
    NoiseSettings,
    Window,
    Windows,
)
from mobinet.recordings.bags import BagReader
from mobinet.tracking import Tracker
from mobinet.types import Detections, Frame, Track, TrackState

WIDTH, HEIGHT = 640, 480
RECORDING = Path("events", "evt3_person_walking_bag")
DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
COLUMNS, ROWS = 4, 3


class PlainClusters:
    """The peer."""

    def detect(self, events: Events, _: Window) -> Detections:
        counts = np.zeros((HEIGHT, WIDTH), np.float32)
        np.add.at(counts, (events.y, events.x), 1)
        busy = (cv2.blur(counts, (9, 9)) > 0.1).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(busy)
        left, top, wide, high, area = stats[stats[:, 4] > 400][1:].T
        boxes = np.stack((left, top, left + wide, top + high), axis=1).astype(np.float32)
        return Detections(boxes, np.minimum(area / 1000, 1).astype(np.float32), ("",) * len(boxes))


@dataclass(frozen=True)
class Step:
    window: Window
    events: Events
    detections: Detections
    tracks: list[Track]


def read(folder: Path) -> Events:
    """All events of the bag's only topic."""
    decoder = Evt3Decoder(WIDTH, HEIGHT)
    parts = []
    with BagReader(folder) as bag:
        for message in bag.messages():
            data = message.cdr
            # behind the encoding's name and a flag: the length of the last field, aligned to four bytes, and its bytes
            length_at = -(-(data.index(b"evt3\0") + 6) // 4) * 4
            (length,) = struct.unpack_from("<I", data, length_at)
            parts.append(decoder.decode(data[length_at + 4 : length_at + 4 + length]))
    return Events.concatenate(parts)


def follow(events: Events, detector: ClusterDetector | PlainClusters) -> list[Step]:
    noise, tracker = BackgroundActivityFilter(WIDTH, HEIGHT, NoiseSettings().support_s), Tracker()
    steps = []
    for window, some in Windows(WIDTH, HEIGHT).push(events):
        kept = some[noise.keep(some)]
        found = detector.detect(kept, window)
        steps.append(Step(window, kept, found, tracker.update(Frame(window.end_ns, "dvs", None), found)))
    return steps


def figures(steps: list[Step]) -> dict[str, float]:
    """Of the tracks that were confirmed: how many, and of the longest one when it was seen."""
    confirmed = {track.track_id for step in steps for track in step.tracks if track.state is TrackState.CONFIRMED}
    begun_ns = steps[0].window.start_ns
    seen = {
        track_id: [
            (step.window.end_ns - begun_ns) * 1e-9
            for step in steps
            for track in step.tracks
            if track.track_id == track_id and track.detection_index >= 0
        ]
        for track_id in confirmed
    }
    longest = max(seen.values(), key=len, default=[0.0])
    period_s = (steps[0].window.end_ns - begun_ns) * 1e-9
    return {
        "tracks": len(confirmed),
        "first_s": round(longest[0], 2),
        "last_s": round(longest[-1], 2),
        "seen_s": round(len(longest) * period_s, 2),
        "gaps": int(np.count_nonzero(np.diff(longest) > 1.5 * period_s)),
        "detections": sum(len(step.detections) for step in steps),
    }


def sheet(steps: list[Step]) -> np.ndarray:
    """Twelve instants from 0.65 s on: events, detections (thin, with their score) and confirmed tracks (thick)."""
    chosen = np.linspace(13, len(steps) - 1, COLUMNS * ROWS).astype(int)
    pictures = [draw(steps[index], steps[0].window.start_ns) for index in chosen]
    rows = [np.hstack(pictures[start : start + COLUMNS]) for start in range(0, len(pictures), COLUMNS)]
    return np.vstack(rows)


def draw(step: Step, begun_ns: int) -> np.ndarray:
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[step.events.y, step.events.x] = np.where(step.events.polarity[:, None], (255, 255, 255), (255, 120, 0))
    for box, score in zip(step.detections.boxes.astype(int).tolist(), step.detections.scores, strict=True):
        cv2.rectangle(picture, tuple(box[:2]), tuple(box[2:]), (0, 200, 200), 1)
        cv2.putText(picture, f"{score:.2f}", (box[2] + 4, box[1] + 18), 0, 0.6, (0, 200, 200), 1, cv2.LINE_AA)
    for track in step.tracks:
        if track.state is not TrackState.TENTATIVE:
            colour = (0, 255, 0) if track.state is TrackState.CONFIRMED else (0, 0, 255)
            box = track.box.astype(int).tolist()
            cv2.rectangle(picture, tuple(box[:2]), tuple(box[2:]), colour, 2)
            cv2.putText(picture, str(track.track_id), (box[0] - 24, box[1] + 24), 0, 0.9, colour, 2, cv2.LINE_AA)
    stamp = f"{(step.window.end_ns - begun_ns) * 1e-9:.2f} s"
    cv2.putText(picture, stamp, (8, HEIGHT - 12), 0, 0.8, (200, 200, 200), 1, cv2.LINE_AA)
    return cv2.resize(picture, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of recordings")
    parser.add_argument("--quick", action="store_true", help="no difference: it takes seconds")
    parser.add_argument("--sheet", type=Path, help="write a picture of twelve instants")
    options = parser.parse_args()
    folder = options.data / RECORDING
    if not folder.is_dir():
        print(f"skipped: needs the recording '{folder}'; name the folder of recordings with --data")
        return 0
    try:
        events = read(folder)
        detectors = {"clusters": ClusterDetector(WIDTH, HEIGHT), "plain components": PlainClusters()}
        steps = {name: follow(events, detector) for name, detector in detectors.items()}
    except MissingDependencyError as error:
        print(f"skipped: {error}")
        return 0
    except MobinetError as error:
        print(f"cannot run: {error}", file=sys.stderr)
        return 1
    duration_s = (int(events.t_ns[-1]) - int(events.t_ns[0])) * 1e-9
    print(f"{len(events)} events in {duration_s:.2f} s")
    values = {name: figures(each) for name, each in steps.items()}
    for name, each in values.items():
        print(f"{name:18s} " + "  ".join(f"{key} {value}" for key, value in each.items()))
    if options.sheet:
        cv2.imwrite(str(options.sheet), sheet(steps["clusters"]))
    print(
        json.dumps(
            {
                "bench": "event_person",
                "ours": values["clusters"],
                "peers": values["plain components"],
                "limit": {"tracks": 1},
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
