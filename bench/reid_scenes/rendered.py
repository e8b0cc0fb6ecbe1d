"""Crops of objects that pass six fixed cameras, each with colours and light of its own.

One place, with its walls, ground and cameras, sees several groups of people, cyclists and cars after each other; an
object is in one group. What a camera does to its pictures (gain of each colour, exposure, blur, noise, compression) is
its own; in the null case all cameras are alike and perfect, which takes out the camera's bias, not that of place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from mobinet.reid.views import ViewScale, view_quality
from mobinet.sim.randomised import RandomWorldSettings, random_world
from mobinet.sim.simulation import CameraView, Simulation
from mobinet.sim.truth import TrueObject
from mobinet.sim.world import ObjectClass, World
from mobinet.types import Image

CAMERAS, GROUPS, INSTANTS = 6, 5, 10
LEAST_HEIGHT, LEAST_WIDTH, LEAST_VISIBLE = 32.0, 12.0, 0.5
CROP = (64, 128)
OBJECTS = RandomWorldSettings(cameras=CAMERAS, people=8, cyclists=5, cars=7)
KINDS = (ObjectClass.PERSON, ObjectClass.CYCLIST, ObjectClass.CAR)


@dataclass(frozen=True)
class Scene:
    """N crops ``(N, 128, 64, 3)`` BGR uint8, whom they show, which camera and track they are from, and how good they
    are; ``sides`` in radians."""

    crops: np.ndarray
    ids: np.ndarray
    cameras: np.ndarray
    tracks: np.ndarray
    qualities: np.ndarray
    sides: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


def load_scene(seed: int, biased: bool, cache: Path | None) -> Scene:
    """Rendered, or read from ``cache`` where it was rendered before."""
    path = None if cache is None else cache / f"reid_{seed}_{'biased' if biased else 'null'}.npz"
    if path is not None and path.is_file():
        with np.load(path) as found:
            return Scene(**found)
    scene = render_scene(seed, biased)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **vars(scene))
    return scene


def render_scene(seed: int, biased: bool) -> Scene:
    rows = [row for group in range(GROUPS) for row in group_crops(seed, group, biased)]
    crops, ids, cameras, qualities, sides = (list(column) for column in zip(*rows, strict=True))
    pairs = np.stack([np.array(ids), np.array(cameras)], axis=1)
    tracks = np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1)
    return Scene(
        np.stack(crops), pairs[:, 0], pairs[:, 1], tracks.astype(np.int64), np.array(qualities), np.array(sides)
    )


def group_crops(seed: int, group: int, biased: bool) -> Iterator[tuple[Image, int, int, float, float]]:
    """Crop, identity, camera, quality and side of all views of one group of objects."""
    world = world_of(seed, group)
    times = np.linspace(0.3, world.duration_s - 0.3, INSTANTS)
    with Simulation(world) as simulation:
        for number, view in enumerate(simulation.views):
            look = CameraLook(seed, number) if biased else None
            for index, time_s in enumerate(times):
                stamp_ns = int(time_s * 1e9)
                things = [thing for thing in simulation.truth(view, stamp_ns) if good(thing)]
                if not things:
                    continue
                image = simulation.image(view, stamp_ns)
                if look is not None:
                    image = look.apply(image, np.random.default_rng([seed, group, number, index]))
                boxes = np.stack([thing.box for thing in things])
                scores = view_quality(boxes, (image.shape[1], image.shape[0]), ViewScale(8000.0, 2.0))
                for thing, score in zip(things, scores, strict=True):
                    yield (
                        cut(image, thing),
                        1000 * group + thing.identity,
                        number,
                        float(score),
                        side(simulation, view, thing, stamp_ns),
                    )


def world_of(seed: int, group: int) -> World:
    """The place of ``seed`` with the objects of one group."""
    place = random_world(seed, OBJECTS)
    others = random_world(1_000_000 + 100 * seed + group, OBJECTS)
    return replace(place, people=others.people, cyclists=others.cyclists, cars=others.cars)


def side(simulation: Simulation, view: CameraView, thing: TrueObject, stamp_ns: int) -> float:
    return simulation.seen_from(view, thing.identity, stamp_ns)


def good(thing: TrueObject) -> bool:
    width, height = thing.box[2:] - thing.box[:2]
    large = bool(width >= LEAST_WIDTH and height >= LEAST_HEIGHT)
    return large and thing.visibility >= LEAST_VISIBLE and thing.object_class in KINDS


def cut(image: Image, thing: TrueObject) -> Image:
    x1, y1, x2, y2 = thing.box.round().astype(int)
    return np.asarray(cv2.resize(image[y1:y2, x1:x2], CROP, interpolation=cv2.INTER_AREA), np.uint8)


class CameraLook:
    """What a camera does to every one of its pictures."""

    def __init__(self, seed: int, camera: int) -> None:
        draw = np.random.default_rng([seed, 77, camera])
        self.gains = draw.uniform(0.65, 1.35) * np.exp(draw.normal(0, 0.12, 3))
        self.gamma = float(np.exp(draw.normal(0, 0.25)))
        self.saturation = float(draw.uniform(0.5, 1.2))
        self.haze = float(draw.uniform(0, 0.15))
        self.blur, self.noise = float(draw.uniform(0, 1.2)), float(draw.uniform(0, 8))
        self.quality = int(draw.integers(35, 95))

    def apply(self, image: Image, draw: np.random.Generator) -> Image:
        values = (image.astype(np.float32) / 255) ** self.gamma * self.gains
        grey = values.mean(axis=2, keepdims=True)
        values = (grey + self.saturation * (values - grey)) * (1 - self.haze) + 0.7 * self.haze
        if self.blur > 0.3:
            values = cv2.GaussianBlur(values, (0, 0), self.blur)
        values = 255 * values + draw.normal(0, self.noise, values.shape)
        pixels = np.clip(values, 0, 255).astype(np.uint8)
        _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
