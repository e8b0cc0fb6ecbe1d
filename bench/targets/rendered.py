"""Images and truth of the simulated worlds, rendered once and kept under ``build/``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from targets import worlds

from mobinet.sim.simulation import Simulation
from mobinet.sim.truth import mask_box
from mobinet.types import Float64, Frame

FOLDER = Path(__file__).resolve().parents[2] / "build" / "bench" / "target_sim"
# as TLD's annotators did: less than half is out of sight
LEAST_VISIBLE = 0.5
# identities count from 1 in the order of the world's people
TARGET_IDENTITY = 1


@dataclass(frozen=True)
class Rendered:
    """A simulated sequence.

    Args:
        folder: of its images.
        places: ``(N, 4)`` xyxy pixels around the target's whole silhouette, NaN while it is out of the image.
        visibility: ``(N,)`` share of the silhouette that shows.
    """

    name: str
    folder: Path
    places: Float64
    visibility: Float64

    @property
    def truth(self) -> Float64:
        """``places`` where at least half of the target shows, else NaN."""
        return np.where((self.visibility >= LEAST_VISIBLE)[:, None], self.places, np.nan)

    def frames(self) -> Iterator[Frame]:
        for index in range(len(self.places)):
            image = cv2.imread(str(self.folder / f"{index:04d}.jpg"))
            yield Frame(round(index * 1e9 / worlds.RATE_HZ), self.name, np.asarray(image, np.uint8))


def rendered(kind: str, seed: int) -> Rendered:
    """The world of a seed from its first image that shows the target well; ``kind`` is one of ``worlds.WORLDS``."""
    version = hashlib.sha256(Path(worlds.__file__).read_bytes()).hexdigest()[:8]
    name = f"{kind}_{seed}"
    folder = FOLDER / version / name
    if not (folder / "truth.npz").is_file():
        _render(kind, seed, folder)
    with np.load(folder / "truth.npz") as truth:
        return Rendered(name, folder, truth["places"], truth["visibility"])


def _render(kind: str, seed: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    world = worlds.WORLDS[kind](seed)
    # the silhouette of the target alone is what an image would show without all that can hide it
    alone = replace(world, people=world.people[:1], walls=(), pillars=())
    places, visibility = [], []
    with Simulation(world) as simulation, Simulation(alone) as lonely:
        view, lonely_view = simulation.views[0], lonely.views[0]
        for stamp_ns in view.stamps_ns(world.duration_s):
            silhouette = lonely.identities(lonely_view, stamp_ns) == TARGET_IDENTITY
            shown = silhouette & (simulation.identities(view, stamp_ns) == TARGET_IDENTITY)
            share = float(shown.sum() / max(silhouette.sum(), 1))
            if not places and share < 0.95:
                continue
            cv2.imwrite(
                str(folder / f"{len(places):04d}.jpg"), simulation.image(view, stamp_ns), [cv2.IMWRITE_JPEG_QUALITY, 95]
            )
            places.append(mask_box(silhouette) if silhouette.any() else np.full(4, np.nan))
            visibility.append(share)
    np.savez(folder / "truth.npz", places=np.array(places, np.float64), visibility=np.array(visibility))
