"""Training images in a folder: written world by world, and read again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mobinet.errors import RecordingError
from mobinet.learning import images
from mobinet.learning.images import read_images, render_images
from mobinet.sim.randomised import RandomWorldSettings, TrueImage
from mobinet.sim.truth import TrueObject
from mobinet.sim.world import ObjectClass

SETTINGS = RandomWorldSettings(cameras=1, instants=2)
EACH = 2


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Seeds of the worlds that were rendered; each image is grey with one person."""
    seeds: list[int] = []

    def fake_images(seed: int, settings: RandomWorldSettings) -> Iterator[TrueImage]:
        seeds.append(seed)
        person = TrueObject(
            name="person_0",
            identity=7,
            object_class=ObjectClass.PERSON,
            box=np.array([3, 4, 13, 24], np.float32),
            visible_box=np.array([3, 4, 13, 24], np.float32),
            visibility=0.75,
            hidden_by={},
            position=np.zeros(3),
            velocity=np.zeros(3),
        )
        for number in range(EACH):
            yield TrueImage(np.full((32, 48, 3), 100 + seed, np.uint8), (person,), seed, "r1/front", number, (0.5,))

    monkeypatch.setattr(images, "random_images", fake_images)
    return seeds


def test_written_and_read(tmp_path, rendered):
    steps: list[tuple[int, int]] = []
    render_images(tmp_path, 3, 5, SETTINGS, lambda done, total: steps.append((done, total)))
    # whole worlds: four images instead of three
    assert (rendered, steps) == ([5, 6], [(2, 4), (4, 4)])
    found = read_images(tmp_path)
    assert [(image.world, image.camera, image.labels, image.identities) for image in found] == [
        (f"{seed:07d}", "r1/front", ("person",), (7,)) for seed in (5, 5, 6, 6)
    ]
    np.testing.assert_array_equal(found[0].boxes, [[3, 4, 13, 24]])
    np.testing.assert_array_equal(found[0].visibility, np.float32([0.75]))
    assert found[3].load().shape == (32, 48, 3)
    assert abs(int(found[3].load()[0, 0, 0]) - 106) <= 1


def test_only_what_is_missing_is_rendered(tmp_path, rendered):
    render_images(tmp_path, 6, 0, SETTINGS)
    (tmp_path / "worlds/0000001.json").unlink()
    render_images(tmp_path, 6, 0, SETTINGS)
    assert rendered == [0, 1, 2, 1]


def test_an_interrupted_world_is_not_there(tmp_path, rendered, monkeypatch):
    render_images(tmp_path, 2, 0, SETTINGS)

    def torn(seed: int, settings: RandomWorldSettings) -> Iterator[TrueImage]:
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(images, "random_images", torn)
    with pytest.raises(KeyboardInterrupt):
        render_images(tmp_path, 4, 0, SETTINGS)
    assert len(read_images(tmp_path)) == 2


def test_full_disk(tmp_path, rendered, monkeypatch):
    def fill(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fill)
    with pytest.raises(RecordingError, match=r"No space left on device.*free space"):
        render_images(tmp_path, 2, 0, SETTINGS)
    with pytest.raises(RecordingError, match="no training images"):
        read_images(tmp_path)


def test_damaged_image(tmp_path, rendered):
    render_images(tmp_path, 2, 0, SETTINGS)
    image = read_images(tmp_path)[0]
    image.path.write_bytes(b"no image")
    with pytest.raises(RecordingError, match="no readable image"):
        image.load()
