"""Settings of a detector."""

from __future__ import annotations

import dataclasses

import pytest

from mobinet.detection.base import DetectorSettings, check_live_change, parse_class_thresholds
from mobinet.errors import SettingsError


def test_class_thresholds():
    # names may hold spaces and equals signs; the last = counts
    entries = ("person=0.6", "traffic light = 0.3", "a=b=1")
    assert parse_class_thresholds(entries) == {"person": 0.6, "traffic light": 0.3, "a=b": 1.0}


@pytest.mark.parametrize("entry", ["person", "=0.5", "person=", "person=high", "person=1.5", "person=nan", " =0.1", 3])
def test_refuses_malformed_class_thresholds(entry):
    with pytest.raises(SettingsError, match="class_thresholds"):
        DetectorSettings(class_thresholds=(entry,))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("score_threshold", 1.1),
        ("score_threshold", float("nan")),
        ("nms_iou", -0.1),
        ("max_detections", 0),
        ("threads", -1),
        ("provider", "gpu"),
        ("classes", (1,)),
        ("classes", "person"),
    ],
)
def test_refuses_values_out_of_range(field, value):
    with pytest.raises(SettingsError, match=field):
        DetectorSettings(**{field: value})


def test_only_live_settings_change():
    # the network stays; thresholds may differ
    old = DetectorSettings()
    check_live_change(old, dataclasses.replace(old, score_threshold=0.1, classes=("person",), max_detections=3))
    for field, value in (("model", "null"), ("provider", "cuda"), ("threads", 3)):
        with pytest.raises(SettingsError, match=f"{field}.*make a new detector"):
            check_live_change(old, dataclasses.replace(old, **{field: value}))
