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
TIMES_S = {"street": 10.2, "crossing": 3.0, "occlusion": 6.5, "look_alikes": 4.0, "night": 9.0, "fast_motion": 13.1}
GREEN, RED = (90, 220, 90), (60, 60, 240)
BACKGROUND, BRIGHTER, DARKER = (52, 37, 30), (255, 255, 255), (200, 126, 64)
EVENTS_NS = 30_000_000


def draw(simulation: Simulation, view: CameraView, stamp_ns: int, size: tuple[int, int]) -> Image:
    """What a camera sees, with boxes, as a picture of ``size``."""
    settings = view.camera.events
    image = simulation.image(view, stamp_ns) if settings is None else draw_events(simulation, view, settings, stamp_ns)
    image = cv2.resize(image, size, interpolation=cv2.INTER_NEAREST)
    scale = size[0] / view.camera.model.width
    for thing in simulation.truth(view, stamp_ns):
        x1, y1, x2, y2 = (round(scale * float(value)) for value in thing.box)
        colour = GREEN if thing.visibility >= 0.5 else RED
        cv2.rectangle(image, (x1, y1), (x2 - 1, y2 - 1), colour, 1)
        text = f"{thing.name} {100 * thing.visibility:.0f} %"
        cv2.putText(image, text, (x1, y1 - 3), cv2.FONT_HERSHEY_SIMPLEX, 0.36, colour, 1, cv2.LINE_AA)
    return image


def draw_events(simulation: Simulation, view: CameraView, settings: EventCameraSettings, stamp_ns: int) -> Image:
    """The events of the time before ``stamp_ns``."""
    events = EventCamera(simulation, view, settings, stamp_ns - EVENTS_NS).advance(stamp_ns)
    image = np.full((view.camera.model.height, view.camera.model.width, 3), BACKGROUND, np.uint8)
    image[events.y, events.x] = np.where(events.polarity[:, None], BRIGHTER, DARKER)
    return image


def main(names: Sequence[str]) -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names or scenario_names():
        with Simulation(load_world(find_world(name))) as simulation:
            stamp_ns = round(TIMES_S.get(name, 5.0) * 1e9)
            model = simulation.views[0].camera.model
            images = [draw(simulation, view, stamp_ns, (model.width, model.height)) for view in simulation.views]
        path = FOLDER / f"world_{name}.jpg"
        rows = [np.hstack(images[first : first + 2]) for first in range(0, len(images), 2)]
        cv2.imwrite(str(path), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 85])
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
