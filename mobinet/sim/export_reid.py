"""Re-identification: crops of every object, in the layouts that benchmarks read.

``reid/people`` is named as Market-1501 (Zheng et al., "Scalable person re-identification", 2015), everything
on wheels in ``reid/vehicles`` as VeRi (Liu et al., 2016), with label files as VeRi and CityFlow have them::

    people/bounding_box_train  bounding_box_test  query      0003_c1s1_000151_00.jpg: identity, camera, image, truth
    vehicles/image_train  image_test  image_query            0007_c001_00000151_0.jpg
    vehicles/train_label.xml  test_label.xml  query_label.xml
    people/crops.csv  vehicles/crops.csv                     one line a crop: split, name, class, visibility, box

Identities are those of the world, the same for every camera. Some of them are for training, the others for testing;
of these one crop a camera is a query where another camera saw the object too.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mobinet.settings import check_settings, setting
from mobinet.sim.export_folder import image_bytes
from mobinet.sim.export_layout import Shot, sees_colours
from mobinet.sim.simulation import CameraView
from mobinet.sim.truth import TrueObject
from mobinet.sim.world import ObjectClass

_COLUMNS = "file,split,identity,name,class,camera,frame,stamp_ns,visibility,x1,y1,x2,y2\n"
_SPLITS = ("train", "test", "query")


@dataclass(frozen=True)
class ReidSettings:
    """Which crops are written."""

    min_visibility: float = setting(0.5, "least visible share of an object", minimum=0.0, maximum=1.0)
    min_height_px: float = setting(32.0, "least height of a crop, pixels", minimum=2.0)
    min_width_px: float = setting(12.0, "least width of a crop, pixels", minimum=2.0)
    every_s: float = setting(0.4, "time between two images of a camera that crops are cut from, seconds", minimum=0.0)
    max_crops: int = setting(20, "most crops of an object in a camera, spread over time", minimum=1)
    train_share: float = setting(0.5, "share of the identities for training", minimum=0.0, maximum=1.0)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class _Crop:
    """A cut-out, encoded, and where it comes from."""

    data: bytes
    thing: TrueObject
    camera: int
    view: str
    number: int
    stamp_ns: int

    @property
    def is_person(self) -> bool:
        return self.thing.object_class is ObjectClass.PERSON

    @property
    def name(self) -> str:
        if self.is_person:
            return f"{self.thing.identity:04d}_c{self.camera}s1_{self.number:06d}_00.jpg"
        return f"{self.thing.identity:04d}_c{self.camera:03d}_{self.number:08d}_0.jpg"


class ReidLayout:
    """See Layout; ``seed`` chooses the identities for training."""

    def __init__(self, folder: Path, seed: int, settings: ReidSettings) -> None:
        self._folder, self._seed, self._settings = folder / "reid", seed, settings
        self._crops: dict[tuple[int, int], list[_Crop]] = {}

    def wants(self, view: CameraView, number: int) -> bool:
        step = max(round(self._settings.every_s * view.camera.rate), 1)
        return sees_colours(view) and (number - 1) % step == 0

    def add(self, shot: Shot) -> None:
        if shot.image is None:
            return
        for thing in shot.objects:
            if self._is_good(thing):
                x1, y1, x2, y2 = thing.box.astype(int)
                data = image_bytes(np.ascontiguousarray(shot.image[y1:y2, x1:x2]))
                crops = self._crops.setdefault((thing.identity, shot.camera), [])
                crops.append(_Crop(data, thing, shot.camera, shot.view.name, shot.number, shot.stamp_ns))

    def finish(self) -> None:
        chosen = {key: spread(crops, self._settings.max_crops) for key, crops in self._crops.items()}
        for of_people, kind in ((True, "people"), (False, "vehicles")):
            mine = {key: crops for key, crops in chosen.items() if crops[0].is_person is of_people}
            self._write(self._folder / kind, self._split(mine), of_people)

    def _is_good(self, thing: TrueObject) -> bool:
        width, height = thing.box[2] - thing.box[0], thing.box[3] - thing.box[1]
        large = width >= self._settings.min_width_px and height >= self._settings.min_height_px
        return bool(large) and thing.visibility >= self._settings.min_visibility

    def _split(self, chosen: dict[tuple[int, int], Sequence[_Crop]]) -> dict[str, list[_Crop]]:
        identities = sorted({identity for identity, _ in chosen})
        random.Random(self._seed).shuffle(identities)
        training = set(identities[: round(self._settings.train_share * len(identities))])
        splits: dict[str, list[_Crop]] = {name: [] for name in _SPLITS}
        for (identity, camera), crops in sorted(chosen.items()):
            if identity in training:
                splits["train"] += crops
                continue
            elsewhere = any(other == identity and where != camera for other, where in chosen)
            query = len(crops) // 2 if elsewhere else -1
            for index, crop in enumerate(crops):
                splits["query" if index == query else "test"].append(crop)
        return splits

    def _write(self, folder: Path, splits: dict[str, list[_Crop]], of_people: bool) -> None:
        lines = []
        for split in _SPLITS:
            place = split if split == "query" else f"bounding_box_{split}"
            place = place if of_people else f"image_{split}"
            (folder / place).mkdir(parents=True)
            for crop in splits[split]:
                (folder / place / crop.name).write_bytes(crop.data)
                lines.append(_line(f"{place}/{crop.name}", split, crop))
            if not of_people:
                (folder / f"{split}_label.xml").write_text(_label_xml(split, splits[split]), encoding="utf-8")
        (folder / "crops.csv").write_text(_COLUMNS + "".join(lines), encoding="utf-8")


def spread(crops: Sequence[_Crop], most: int) -> Sequence[_Crop]:
    """At most ``most`` of them, evenly over their order, first and last included."""
    if len(crops) <= most:
        return crops
    rows = np.unique(np.linspace(0, len(crops) - 1, most).round().astype(int))
    return [crops[row] for row in rows]


def _line(path: str, split: str, crop: _Crop) -> str:
    thing = crop.thing
    box = ",".join(f"{value:g}" for value in thing.box.tolist())
    start = f"{path},{split},{thing.identity},{thing.name},{thing.object_class.label},{crop.view}"
    return f"{start},{crop.number},{crop.stamp_ns},{thing.visibility:.4f},{box}\n"


def _label_xml(split: str, crops: Sequence[_Crop]) -> str:
    kind = {"train": "TrainingImages", "test": "TestImages", "query": "QueryImages"}[split]
    items = "".join(
        f'<Item imageName="{crop.name}" vehicleID="{crop.thing.identity:04d}" cameraID="c{crop.camera:03d}"/>\n'
        for crop in crops
    )
    start = f'<?xml version="1.0" encoding="utf-8"?>\n<{kind} Version="1.0">\n<Items number="{len(crops)}">\n'
    return f"{start}{items}</Items>\n</{kind}>\n"
