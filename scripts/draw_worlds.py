"""Draws the pictures of the simulated worlds in docs/images/: draw_worlds.py [NAME ...], all by default.

Each shows what every camera sees at one time, and the ground truth: a box and the visible share of each object, red
where it is less than half. Of event cameras it shows the events of 30 ms: white where it turned brighter, blue where
darker.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from mobinet.sim.event_camera import EventCamera
from mobinet.sim.event_settings import EventCameraSettings
from mobinet.sim.simulation import CameraView, Simulation
from mobinet.sim.world_file import find_world, load_world, scenario_names
from mobinet.types import Image

FOLDER = Path(__file__).resolve().parent.parent / "docs/images"
# when the difficulty of a world shows best, seconds
TIMES_S = {
    "street": 10.2, "crossing": 3.0, "occlusion": 6.5, "look_alikes": 4.0, "night": 9.0, "fast_motion": 13.1,
    "distractors": 2.85, "contact_lost": 17.5, "lecture": 5.6, "junction": 21.6, "flat": 34.0, "patrol": 12.0,
    "square": 5.0,
}  # fmt: skip
# width of each camera's picture, by how many of them stand in it
WIDTHS = {1: 640, 2: 480}
MANY_WIDTH = 400
MAX_BYTES = 60_000
FONT, FONT_SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.36
# lower boxes are left out, and so are labels for which there is no place
LEAST_HEIGHT = 12
GREEN, RED = (90, 220, 90), (60, 60, 240)
BACKGROUND, BRIGHTER, DARKER = (52, 37, 30), (255, 255, 255), (200, 126, 64)
EVENTS_NS = 30_000_000


def draw(simulation: Simulation, view: CameraView, stamp_ns: int, size: tuple[int, int]) -> Image:
    """What a camera sees, with boxes, as a picture of ``size``."""
    settings = view.camera.events
    image = simulation.image(view, stamp_ns) if settings is None else draw_events(simulation, view, settings, stamp_ns)
    image = cv2.resize(image, size, interpolation=cv2.INTER_NEAREST if settings else cv2.INTER_AREA)
    scale = size[0] / view.camera.model.width
    things = [
        (thing, [round(scale * float(value)) for value in thing.box]) for thing in simulation.truth(view, stamp_ns)
    ]
    things = [(thing, box) for thing, box in things if box[3] - box[1] >= LEAST_HEIGHT]
    taken: list[tuple[int, int, int, int]] = []
    for thing, (x1, y1, x2, y2) in sorted(things, key=lambda item: -item[0].visibility):
        colour = GREEN if thing.visibility >= 0.5 else RED
        cv2.rectangle(image, (x1, y1), (x2 - 1, y2 - 1), colour, 1)
        write_label(image, f"{thing.name} {100 * thing.visibility:.0f} %", (x1, y1, y2), colour, taken)
    return image


def write_label(
    image: Image,
    text: str,
    box: tuple[int, int, int],
    colour: tuple[int, int, int],
    taken: list[tuple[int, int, int, int]],
) -> None:
    """Writes above or below a box (left, top, bottom), where no other label is; nowhere if there is no such place."""
    (width, height), _ = cv2.getTextSize(text, FONT, FONT_SCALE, 1)
    left = min(max(box[0], 0), image.shape[1] - width)
    for bottom in (box[1] - 3, box[2] + height + 2, box[1] - height - 6, box[2] + 2 * height + 5):
        place = (left, bottom - height - 1, left + width, bottom + 1)
        free = all(place[2] < x1 or x2 < place[0] or place[3] < y1 or y2 < place[1] for x1, y1, x2, y2 in taken)
        if free and place[1] >= 0 and place[3] < image.shape[0]:
            cv2.putText(image, text, (left, bottom), FONT, FONT_SCALE, colour, 1, cv2.LINE_AA)
            taken.append(place)
            return


def draw_events(simulation: Simulation, view: CameraView, settings: EventCameraSettings, stamp_ns: int) -> Image:
    """The events of the time before ``stamp_ns``."""
    events = EventCamera(simulation, view, settings, stamp_ns - EVENTS_NS).advance(stamp_ns)
    image = np.full((view.camera.model.height, view.camera.model.width, 3), BACKGROUND, np.uint8)
    image[events.y, events.x] = np.where(events.polarity[:, None], BRIGHTER, DARKER)
    return image


def frame(image: Image) -> Image:
    """Keeps pictures side by side apart."""
    return cv2.copyMakeBorder(image, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=(255, 255, 255))


def write_small(path: Path, image: Image) -> None:
    """As JPEG, of the best quality that stays below the limit."""
    for quality in range(88, 40, -4):
        data = np.asarray(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
        if data.size < MAX_BYTES:
            break
    path.write_bytes(data.tobytes())


def main(names: Sequence[str]) -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names or scenario_names():
        with Simulation(load_world(find_world(name))) as simulation:
            stamp_ns = round(TIMES_S.get(name, 5.0) * 1e9)
            model = simulation.views[0].camera.model
            width = WIDTHS.get(len(simulation.views), MANY_WIDTH)
            size = (width, width * model.height // model.width)
            images = [frame(draw(simulation, view, stamp_ns, size)) for view in simulation.views]
        path = FOLDER / f"world_{name}.jpg"
        rows = [np.hstack(images[first : first + 2]) for first in range(0, len(images), 2)]
        write_small(path, np.vstack(rows))
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
