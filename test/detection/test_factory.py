"""Detectors by name."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mobinet.detection import DetectorSettings, make_detector
from mobinet.errors import ModelError, SettingsError
from mobinet.types import Frame


def test_null_finds_nothing_and_needs_no_image():
    detector = make_detector(DetectorSettings(model="null"))
    assert [len(found) for found in detector.detect([Frame(0, "a", None)] * 3)] == [0, 0, 0]
    detector.configure(dataclasses.replace(detector.settings, score_threshold=0.9))
    assert detector.settings.score_threshold == 0.9


@pytest.mark.parametrize("model", ["null", "hog"])
def test_built_in_ones_keep_their_model(model):
    detector = make_detector(DetectorSettings(model=model))
    with pytest.raises(SettingsError, match="model"):
        detector.configure(dataclasses.replace(detector.settings, model="other"))


def test_hog_knows_only_people():
    with pytest.raises(SettingsError, match=r"'car'.*person"):
        make_detector(DetectorSettings(model="hog", classes=("car",)))


def test_a_name_of_the_zoo_that_was_not_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("MOBINET_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match="mobinet models pull fastestdet"):
        make_detector(DetectorSettings(model="fastestdet"))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("nets/absent.onnx", "does not exist"),
        ("fastestdt", "did you mean 'fastestdet'"),
        ("", "no model ''"),
    ],
)
def test_a_model_that_is_nowhere(model, message):
    with pytest.raises(ModelError, match=message):
        make_detector(DetectorSettings(model=model))


@pytest.mark.recordings
def test_a_fetched_network_by_its_name(data_dir, tmp_path, monkeypatch):
    # the file lies in the models folder under the zoo's name
    monkeypatch.setenv("MOBINET_MODELS", str(tmp_path))
    source = data_dir / "models" / "fastestdet" / "FastestDet.onnx"
    (tmp_path / "fastestdet.onnx").write_bytes(source.read_bytes())
    detector = make_detector(DetectorSettings(model="fastestdet", threads=1))
    assert detector.class_names[0] == "person"
    grey = np.full((120, 160), 127, np.uint8)
    assert len(detector.detect([Frame(0, "a", grey)])[0]) == 0
