"""Identities over cameras and on the map, in cases small enough to count."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import InputError
from mobinet.evaluation import (
    IdentitySettings,
    PositionSettings,
    PositionTable,
    TrackTable,
    evaluate_agreement,
    evaluate_identities,
    evaluate_positions,
)
from mobinet.evaluation.positions import interpolate_positions

pytest.importorskip("trackeval", reason="needs trackeval: pip install --no-deps trackeval")
SECOND_NS = 10**9


def camera(ids: list[object], frames: int = 4) -> TrackTable:
    """Objects side by side, each in every frame."""
    count = len(ids)
    boxes = np.array([[100 * place, 0, 100 * place + 10, 20] for place in range(count)], np.float32)
    return TrackTable(np.repeat(np.arange(frames), count), np.array(ids * frames), np.tile(boxes, (frames, 1)))


def positions(rows: list[tuple[float, object, float]]) -> PositionTable:
    """A table of (seconds, id, x in metres)."""
    stamps, ids, xs = zip(*rows, strict=True)
    places = np.array([[x, 0.0] for x in xs])
    return PositionTable(np.array([round(s * SECOND_NS) for s in stamps]), np.array(ids), places)


TRUTH = {"r1/front": camera([1, 2]), "r2/front": camera([1, 2])}


def test_one_name_in_all_cameras_is_perfect_and_one_a_camera_is_half():
    same = {name: camera(["a", "b"]) for name in TRUTH}
    scores = evaluate_identities(TRUTH, same)
    assert (scores.idf1, scores.idtp, scores.fragments, scores.mixtures) == (1, 16, 1, 1)
    # nobody knows that the cameras see the same people: each true identity has half of its boxes in one name
    apart = {"r1/front": camera([1, 2]), "r2/front": camera([3, 4])}
    scores = evaluate_identities(TRUTH, apart)
    assert (scores.idf1, scores.fragments, scores.mixtures) == (0.5, 2, 1)


def test_exchanged_names_cost_what_one_name_for_both_does_not_hide():
    exchanged = {"r1/front": camera([1, 2]), "r2/front": camera([2, 1])}
    scores = evaluate_identities(TRUTH, exchanged)
    assert (scores.idf1, scores.fragments, scores.mixtures) == (0.5, 2, 2)


def test_a_camera_without_results_lacks_all():
    scores = evaluate_identities(TRUTH, {"r1/front": camera([1, 2])})
    assert (scores.idtp, scores.idfn, scores.idfp) == (8, 8, 0)
    assert (scores.idp, scores.idr) == (1, 0.5)


def test_objects_of_one_camera_can_be_forgiven():
    truth = {"r1/front": camera([1, 2]), "r2/front": camera([1])}
    results = {"r1/front": camera(["a", "b"]), "r2/front": camera(["a"])}
    scores = evaluate_identities(truth, results, IdentitySettings(minimum_cameras=2))
    assert (scores.idf1, scores.truth_ids, scores.result_ids) == (1, 1, 1)


def test_results_of_an_unknown_camera_are_refused():
    with pytest.raises(InputError, match=r"camera 'r3/front' of the results has no truth; there is truth of r1/front"):
        evaluate_identities(TRUTH, {"r3/front": camera([1])})


@pytest.mark.parametrize(
    ("offset_m", "idf1"),
    [
        (0.0, 1.0),
        # the limit itself is a match
        (1.0, 1.0),
        (1.01, 0.0),
    ],
)
def test_positions_match_up_to_a_metre(offset_m, idf1):
    truth = positions([(0.0, 1, 0.0), (1.0, 1, 0.0)])
    results = positions([(0.0, "a", offset_m), (1.0, "a", offset_m)])
    assert evaluate_positions(truth, results).idf1 == pytest.approx(idf1)


def test_the_truth_is_interpolated_at_the_stamps_of_the_results():
    truth = positions([(0.0, 1, 0.0), (0.4, 1, 4.0)])
    assert evaluate_positions(truth, positions([(0.1, "a", 1.0), (0.3, "a", 3.0)])).idtp == 2
    # nobody knows where it was within a longer gap, and before and after
    table = interpolate_positions(truth, np.array([-1, 0, 100_000_000, 500_000_000]), tolerance_s=0.1)
    assert table.stamps_ns.tolist() == [0]


def test_positions_of_another_time_are_refused():
    with pytest.raises(InputError, match="no stamp of the results is one of the truth"):
        evaluate_positions(positions([(0.0, 1, 0.0), (0.2, 1, 0.0)]), positions([(50.0, "a", 0.0)]))
    flat = PositionTable(np.array([0]), np.array([1]), np.zeros((1, 3)))
    with pytest.raises(InputError, match="2 coordinates and results 3"):
        evaluate_positions(positions([(0.0, 1, 0.0)]), flat)


def test_robots_agree_where_they_give_one_object_one_name():
    first = positions([(0.0, "a", 0.0), (0.0, "b", 5.0), (1.0, "a", 0.0), (1.0, "c", 9.0)])
    second = positions([(0.0, "a", 0.2), (0.0, "x", 5.2), (1.0, "a", 0.2), (1.0, "d", 50.0)])
    scores = evaluate_agreement(first, second, PositionSettings(tolerance_s=1.0))
    # at 0 s one is agreed on and one is not; at 1 s one is agreed on, and each knows one that the other does not
    assert (scores.same, scores.different, scores.missing) == (2, 1, 2)
    assert scores.agreement == pytest.approx(2 / 3)
    assert np.isnan(evaluate_agreement(positions([(9.0, "a", 0.0)]), second).agreement)
