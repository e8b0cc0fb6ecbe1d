"""Thresholds, class filter, suppression and clipping."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mobinet.detection.base import Candidates, DetectorSettings
from mobinet.detection.postprocess import Selection
from mobinet.errors import ModelError, SettingsError

NAMES = ("person", "car", "dog")


def candidates(*rows) -> Candidates:
    """Rows of x1, y1, x2, y2, score, class id."""
    array = np.array(rows, np.float32).reshape(-1, 6)
    return Candidates(array[:, :4], array[:, 4], array[:, 5].astype(np.int64))


def select(found: Candidates, *, overlapping=True, **settings):
    return Selection(DetectorSettings(**settings), NAMES).apply(found, 100, 200, overlapping=overlapping)


PERSON = (10, 10, 50, 90, 0.9, 0)
FAINT_PERSON = (110, 10, 150, 90, 0.3, 0)
CAR = (60, 10, 100, 50, 0.6, 1)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        # the threshold of all classes
        ({"score_threshold": 0.5}, ["person", "car"]),
        # one class has its own, higher or lower
        ({"score_threshold": 0.5, "class_thresholds": ("car=0.7",)}, ["person"]),
        ({"score_threshold": 0.5, "class_thresholds": ("person=0.2",)}, ["person", "car", "person"]),
        # a threshold does not let in what the filter keeps out
        ({"score_threshold": 0.5, "classes": ("car",), "class_thresholds": ("person=0.1",)}, ["car"]),
        # the best ones are kept
        ({"score_threshold": 0.1, "max_detections": 2}, ["person", "car"]),
    ],
)
def test_thresholds_and_filter(settings, names):
    assert list(select(candidates(FAINT_PERSON, CAR, PERSON), **settings).class_names) == names


def test_suppresses_only_where_boxes_overlap_by_design():
    # two boxes of one person: one of a grid network, both of a network that answers with a set
    twice = candidates(PERSON, (11, 10, 51, 90, 0.8, 0))
    assert len(select(twice)) == 1
    assert len(select(twice, overlapping=False)) == 2


@pytest.mark.parametrize(
    ("row", "box"),
    [
        # sticks out on all sides
        ((-5, -5, 300, 300), [0, 0, 200, 100]),
        # outside
        ((210, 10, 250, 50), None),
        # inverted
        ((50, 10, 40, 50), None),
        # no height
        ((10, 10, 50, 10), None),
        # less than a pixel of it is in the image
        ((-50, 10, 0.5, 50), None),
        # not numbers
        ((np.nan, 10, 50, 50), None),
        ((10, 10, np.inf, 50), None),
    ],
)
def test_clips_and_drops(row, box):
    found = select(candidates((*row, 0.9, 0)))
    assert found.boxes.tolist() == ([box] if box else [])


def test_scores():
    # rounding may lift a score above one; one that is no number is none, nor is zero at a threshold of zero
    rows = [(10, 10, 50, 50, score, 0) for score in (1.0001, np.nan, 0.0)]
    assert select(candidates(*rows), overlapping=False, score_threshold=0.0).scores.tolist() == [1.0]


def test_nothing_found():
    assert len(select(candidates())) == 0


@pytest.mark.parametrize("class_id", [-1, 3])
def test_a_class_without_a_name(class_id):
    # a number that is below every threshold does not matter
    assert len(select(candidates((*PERSON[:4], 0.2, class_id)))) == 0
    with pytest.raises(ModelError, match=f"class {class_id}.*class_names"):
        select(candidates((*PERSON[:5], class_id)))


@pytest.mark.parametrize("field", ["classes", "class_thresholds"])
def test_refuses_unknown_classes(field):
    value = "persn" if field == "classes" else "persn=0.5"
    with pytest.raises(SettingsError, match=f"{field}.*'persn'.*did you mean 'person'"):
        Selection(DetectorSettings(**{field: (value,)}), NAMES)


numbers = st.floats(width=32, allow_nan=True, allow_infinity=True)


@given(data=st.data(), count=st.integers(0, 20), overlapping=st.booleans())
def test_any_output_gives_sound_detections(data, count, overlapping):
    # Detections checks itself: finite, not empty, scores in 0..1; here also inside of the image
    boxes = data.draw(hnp.arrays(np.float32, (count, 4), elements=numbers))
    scores = data.draw(hnp.arrays(np.float32, count, elements=numbers))
    class_ids = data.draw(hnp.arrays(np.int64, count, elements=st.integers(0, 2)))
    found = select(Candidates(boxes, scores, class_ids), overlapping=overlapping, score_threshold=0.0)
    assert (found.boxes >= 0).all()
    assert (found.boxes <= [200, 100, 200, 100]).all()
    assert (np.diff(found.scores) <= 0).all()
