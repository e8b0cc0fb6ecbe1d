"""The networks that come with the package."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.detection import DetectorSettings, make_detector
from mobinet.errors import ModelError
from mobinet.models.shipped import shipped
from mobinet.models.zoo import find_model, zoo, zoo_entry
from mobinet.types import Frame


@pytest.mark.parametrize("name", sorted(shipped()))
def test_each_is_whole(name: str):
    path = shipped()[name].path
    assert path.stat().st_size < 2_000_000
    assert path.with_suffix(".yaml").is_file()
    assert path.with_suffix(".md").read_text().startswith(f"# {name}\n")
    # found without a models folder
    assert find_model(name) == path


def test_no_name_is_of_the_zoo_too():
    assert not set(shipped()) & set(zoo())


def test_there_is_nothing_to_fetch():
    with pytest.raises(ModelError, match="comes with mobinet"):
        zoo_entry("street-detector")


def test_near_names_are_told():
    with pytest.raises(ModelError, match="did you mean 'street-detector'"):
        find_model("street-detecter")


def test_the_detector_runs_by_its_name():
    detector = make_detector(DetectorSettings(model="street-detector", threads=1))
    grey = np.full((480, 640, 3), 128, np.uint8)
    assert len(detector.detect([Frame(1, "a", grey)])[0]) == 0
    assert detector.class_names == ("person", "cyclist", "car")
