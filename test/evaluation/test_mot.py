"""Tracks against the truth: TrackEval's own reader and rules are the oracle of what counts, small cases of the rest."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import InputError, MissingDependencyError
from mobinet.evaluation import MotSettings, TrackTable, combine_mot, evaluate_mot, evaluate_mot_classes, matching
from mobinet.recordings.mot import MotTable, read_mot, write_mot

trackeval = pytest.importorskip("trackeval", reason="needs trackeval: pip install --no-deps trackeval")
PLACES = np.array([[0, 0, 10, 20], [100, 0, 110, 20], [200, 0, 210, 20]], np.float32)


def tracks(rows: list[tuple[int, int, int]], **columns) -> TrackTable:
    """A table of (frame, id, place)."""
    frames, ids, places = np.array(rows, np.int64).reshape(-1, 3).T
    return TrackTable(frames, ids, PLACES[places], **columns)


TWO_WALK = [(1, 1, 0), (1, 2, 1), (2, 1, 0), (2, 2, 1), (3, 1, 0), (3, 2, 1), (4, 1, 0), (4, 2, 1)]


def test_the_truth_itself_is_perfect():
    scores = evaluate_mot(tracks(TWO_WALK), tracks(TWO_WALK))
    assert [scores.hota, scores.deta, scores.assa, scores.mota, scores.idf1] == pytest.approx([1] * 5)
    assert (scores.tp, scores.fp, scores.fn, scores.idsw, scores.mt) == (8, 0, 0, 0, 2)


def test_an_exchange_of_ids_costs_association_only():
    swapped = [(frame, 3 - identity if frame > 2 else identity, place) for frame, identity, place in TWO_WALK]
    scores = evaluate_mot(tracks(TWO_WALK), tracks(swapped))
    # each id is right in half of its boxes: the overlap of tracks is 2 of 6, HOTA its root; one switch each
    assert (scores.deta, scores.assa, scores.hota) == pytest.approx((1, 1 / 3, 3**-0.5))
    assert (scores.idf1, scores.idsw, scores.mota) == pytest.approx((0.5, 2, 1 - 2 / 8))


def test_ids_may_be_names_and_frames_stamps():
    stamps = np.array([row[0] for row in TWO_WALK]) * 33_333_333 + 1_700_000_000_000_000_000
    boxes = PLACES[[row[2] for row in TWO_WALK]]
    truth = TrackTable(stamps, np.array([f"person_{row[1]}" for row in TWO_WALK]), boxes)
    assert evaluate_mot(truth, TrackTable(stamps, np.array([row[1] for row in TWO_WALK]), boxes)).hota == 1


def test_only_the_frames_that_are_named_are_judged():
    shown = tracks([row for row in TWO_WALK if row[0] in (2, 4)])
    assert evaluate_mot(tracks(TWO_WALK), shown).fn == 4
    assert evaluate_mot(tracks(TWO_WALK), shown, frames=np.array([2, 4])).hota == 1
    # the tracker answered in frame 3 too, with nothing
    assert evaluate_mot(tracks(TWO_WALK), shown, frames=np.array([2, 3, 4])).fn == 2


def test_hidden_objects_are_neither_demanded_nor_punished():
    visibility = np.array([0.05 if row[1] == 2 else 1 for row in TWO_WALK])
    truth, settings = tracks(TWO_WALK, visibility=visibility), MotSettings(minimum_visibility=0.1)
    for results in (TWO_WALK, [row for row in TWO_WALK if row[1] == 1]):
        scores = evaluate_mot(truth, tracks(results), settings)
        assert (scores.truth_boxes, scores.fp, scores.fn, scores.hota) == (4, 0, 0, pytest.approx(1))
    assert evaluate_mot(truth, tracks([row for row in TWO_WALK if row[1] == 1])).fn == 4


def test_low_boxes_can_be_forgiven():
    assert evaluate_mot(tracks(TWO_WALK), tracks([]), MotSettings(minimum_height_px=20)).fn == 8
    assert evaluate_mot(tracks(TWO_WALK), tracks([]), MotSettings(minimum_height_px=21)).fn == 0


def test_each_class_is_judged_apart():
    names = np.array(["person" if row[1] == 1 else "car" for row in TWO_WALK])
    truth = tracks(TWO_WALK, class_names=names)
    wrong = tracks(TWO_WALK, class_names=np.full(len(TWO_WALK), "person"))
    scores = evaluate_mot_classes(truth, wrong)
    assert list(scores) == ["car", "person"]
    assert (scores["person"].tp, scores["person"].fp, scores["car"].fn) == (4, 4, 4)
    assert list(evaluate_mot_classes(truth, wrong, classes=["person"])) == ["person"]
    # without classes they are the class that is judged
    assert evaluate_mot_classes(truth, tracks(TWO_WALK))["car"].tp == 4
    with pytest.raises(InputError, match="no box is of class 'dog'; there are car, person"):
        evaluate_mot_classes(truth, wrong, classes=["dog"])
    strange = tracks(TWO_WALK, class_names=np.full(len(TWO_WALK), "pedestrian"))
    with pytest.raises(InputError, match="truth has car, person, results pedestrian; rename them"):
        evaluate_mot_classes(truth, strange)


def test_sequences_are_added_up_by_boxes():
    good, missed = evaluate_mot(tracks(TWO_WALK), tracks(TWO_WALK)), evaluate_mot(tracks(TWO_WALK), tracks([]))
    both = combine_mot([good, missed])
    assert (both.tp, both.fn, both.mota, both.deta) == pytest.approx((8, 8, 0.5, 0.5))
    assert both.truth_ids == 4
    with pytest.raises(InputError, match="got none"):
        combine_mot([])


def test_nothing_to_judge_has_no_score():
    scores = evaluate_mot(tracks([]), tracks([]))
    assert np.isnan(scores.hota)
    assert np.isnan(scores.mota)
    assert scores.truth_boxes == 0


def test_results_of_other_frames_are_refused():
    late = tracks([(row[0] + 1000, *row[1:]) for row in TWO_WALK])
    with pytest.raises(InputError, match="truth has 1 to 4, results 1001 to 1004; expected the same images"):
        evaluate_mot(tracks(TWO_WALK), late)
    # who names the frames means them
    assert evaluate_mot(tracks(TWO_WALK), late, frames=np.array([1, 2])).fn == 4


def test_a_missing_library_names_its_cure(monkeypatch):
    matching._metrics.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "trackeval", None)
    with pytest.raises(MissingDependencyError, match="pip install --no-deps trackeval"):
        evaluate_mot(tracks(TWO_WALK), tracks(TWO_WALK))


def random_sequence(seed: int, classes: list[int]) -> tuple[MotTable, MotTable]:
    """Walkers of several classes, some of them marked not to count, and a tracker that errs in every way."""
    rng = np.random.default_rng(seed)
    rows = [(frame, identity) for identity in range(1, 15) for frame in range(1, 41) if rng.random() < 0.9]
    frames, ids = np.array(sorted(rows)).T
    speed, start = rng.uniform(-3, 3, (15, 2)), rng.uniform(0, 300, (15, 2))
    corners = start[ids] + speed[ids] * frames[:, None]
    boxes = np.hstack([corners, corners + np.array([20, 50])])
    kinds = np.array(classes)[rng.integers(len(classes), size=15)]
    counts = (rng.random(len(ids)) > 0.1) & (kinds[ids] == 1)
    truth = MotTable(frames, ids, boxes, counts, kinds[ids], np.ones(len(ids)))
    kept = rng.random(len(ids)) < 0.85
    moved = boxes[kept] + rng.normal(0, 3, (kept.sum(), 1))
    swapped = np.where(frames[kept] > 20, 15 - ids[kept], ids[kept]) + 100
    results = MotTable(frames[kept], swapped, moved, np.ones(len(moved)), np.full(len(moved), -1), np.ones(len(moved)))
    return truth, results


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("benchmark", "classes"), [("MOT15", [1]), ("MOT17", [1, 1, 1, 2, 3, 7, 8, 12])])
def test_what_counts_is_what_counts_in_the_mot_challenge(tmp_path, capsys, benchmark, classes, seed):
    truth, results = random_sequence(seed, classes)
    truth_folder, result_folder = (
        tmp_path / f"gt/{benchmark}-train/one/gt",
        tmp_path / f"all/{benchmark}-train/ours/data",
    )
    truth_folder.mkdir(parents=True)
    result_folder.mkdir(parents=True)
    write_mot(truth_folder / "gt.txt", truth)
    write_mot(result_folder / "one.txt", results)
    reader = trackeval.datasets.MotChallenge2DBox(
        {
            "GT_FOLDER": str(tmp_path / "gt"),
            "TRACKERS_FOLDER": str(tmp_path / "all"),
            "BENCHMARK": benchmark,
            "SEQ_INFO": {"one": 40},
            "PRINT_CONFIG": False,
        }
    )
    theirs = reader.get_preprocessed_seq_data(reader.get_raw_seq_data("ours", "one"), "pedestrian")
    tables = [TrackTable.from_mot(read_mot(path)) for path in (truth_folder / "gt.txt", result_folder / "one.txt")]
    own = evaluate_mot_classes(*tables, classes=["person"])["person"]
    capsys.readouterr()
    assert (own.truth_boxes, own.result_boxes) == (theirs["num_gt_dets"], theirs["num_tracker_dets"])
    hota, clear, identity = (matching.make_metric(name, 0.5) for name in ("HOTA", "CLEAR", "Identity"))
    expected = hota.eval_sequence(theirs) | clear.eval_sequence(theirs) | identity.eval_sequence(theirs)
    assert own.hota == pytest.approx(expected["HOTA"].mean(), abs=1e-6)
    assert (own.idsw, own.frag, own.fp, own.fn) == tuple(expected[n] for n in ("IDSW", "Frag", "CLR_FP", "CLR_FN"))
    assert own.idf1 == pytest.approx(expected["IDF1"], abs=1e-9)
