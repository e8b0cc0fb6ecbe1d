from __future__ import annotations

import pytest

from mobinet.errors import SettingsError
from mobinet.tracking import TrackerSettings


@pytest.mark.parametrize(
    ("values", "message"),
    [
        # the three score levels must rise
        ({"low_score": 0.7}, "low_score <= high_score <= new_track_score, got 0.7"),
        ({"new_track_score": 0.3}, "low_score <= high_score <= new_track_score"),
        # single ranges
        ({"min_iou": 1.5}, "min_iou: 1.5 is out of range, allowed 0.0 to 1.0"),
        ({"confirm_hits": 0}, "confirm_hits: 0 is out of range"),
        ({"max_coast_s": float("nan")}, "max_coast_s: expected a finite number"),
    ],
)
def test_refuses(values, message):
    with pytest.raises(SettingsError, match=message):
        TrackerSettings(**values)
