import numpy as np
import pytest

from mobinet.tracking.found import Found
from mobinet.tracking.fusion import Senses
from mobinet.tracking.overlaps import agree, overlaid
from mobinet.tracking.table import TrackTable
from mobinet.tracking.trust import fitness, follow_trust, no_trust, rightness, split

PERSON = (100.0, 100.0, 40.0, 80.0)
ELSEWHERE = (300.0, 100.0, 40.0, 80.0)
LEGS = (100.0, 125.0, 30.0, 30.0)
LOOK_NS = 50_000_000


def seen(*boxes: tuple[float, ...]) -> TrackTable:
    """Confirmed tracks that the camera saw in its image at 0 ns."""
    table = TrackTable.of_size(len(boxes))
    table.boxes[:] = table.observed[:] = np.reshape(boxes, (-1, 4))
    table.variances[:] = 4.0
    table.marks[:, 2] = table.marks[:, 3] = 5
    return table


def told(*boxes: tuple[float, ...], score: float = 0.8) -> Found:
    count = len(boxes)
    return Found(
        np.arange(count),
        np.full(count, score),
        np.reshape(boxes, (-1, 4)),
        np.zeros(count, np.int64),
        np.zeros((count, 0), np.float32),
    )


def learn(table: TrackTable, found: Found, looks: int = 40, sight: float = 0.9):
    trust = no_trust()
    for look in range(looks):
        trust = follow_trust(trust, table, found, Senses(0, LOOK_NS * look, sight), LOOK_NS * (look + 1))
    return trust


def test_before_anything_is_known_a_score_is_the_probability_that_it_should_be():
    assert np.allclose(rightness(no_trust(), np.array([0.2, 0.65, 1.0])), [0.2, 0.65, 1.0])
    assert fitness(no_trust()) == pytest.approx(0.8)


def test_what_the_camera_sees_too_is_believed_and_what_it_does_not_see_is_not():
    score = np.array([0.8])
    assert rightness(learn(seen(PERSON), told(PERSON)), score) > 0.9
    assert rightness(learn(seen(PERSON), told(ELSEWHERE)), score) < 0.3


def test_each_band_of_scores_is_judged_apart():
    trust = no_trust()
    for look in range(100):
        for found in (told(ELSEWHERE, score=0.5), told(PERSON, score=0.9)):
            trust = follow_trust(trust, seen(PERSON), found, Senses(0, LOOK_NS * look, 0.9), LOOK_NS * (look + 1))
    doubtful, sure = rightness(trust, np.array([0.5, 0.9]))
    assert doubtful < 0.5 < sure


def test_boxes_of_legs_are_right_and_do_not_fit():
    trust = learn(seen(PERSON), told(LEGS))
    assert rightness(trust, np.array([0.8])) > 0.9
    assert fitness(trust) < 0.5
    assert not split(trust, np.array([0.8]), 0.0)[0].any()


def test_a_camera_that_sees_nothing_tells_nothing():
    trust = learn(seen(PERSON), told(PERSON))
    dark = TrackTable.of_size(0)
    assert np.array_equal(follow_trust(trust, dark, told(ELSEWHERE), Senses(0, 0, 0.9), LOOK_NS), trust)


def test_a_camera_that_misses_much_says_less_of_what_it_does_not_see():
    by_day, at_night = (learn(seen(PERSON), told(ELSEWHERE), 10, sight) for sight in (0.95, 0.5))
    score = np.array([0.8])
    assert rightness(by_day, score) < rightness(at_night, score)


def test_counts_do_not_depend_on_how_often_the_sister_looks():
    slow, fast = no_trust(), no_trust()
    table, found = seen(PERSON), told(PERSON)
    for look in range(20):
        slow = follow_trust(slow, table, found, Senses(0, 2 * LOOK_NS * look), 2 * LOOK_NS * (look + 1))
    for look in range(40):
        fast = follow_trust(fast, table, found, Senses(0, LOOK_NS * look), LOOK_NS * (look + 1))
    assert np.allclose(slow, fast, rtol=0.01)


@pytest.mark.parametrize(
    ("box", "shared", "agreed"),
    [
        (PERSON, 1.0, True),
        (LEGS, 1.0, False),
        (ELSEWHERE, 0.0, False),
        ((100.0, 100.0, 80.0, 160.0), 1.0, False),  # around two
        ((102.0, 104.0, 40.0, 80.0), 0.95 * 0.95, True),
    ],
)
def test_overlaps(box, shared, agreed):
    first, second = np.array([PERSON]), np.array([box])
    assert overlaid(first, second)[0, 0] == pytest.approx(shared)
    assert agree(first, second, np.ones((1, 4)))[0] == agreed
