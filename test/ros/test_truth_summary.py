"""What a run is told of its own accuracy: which boxes count, whose identities, and what happens without truth."""

from __future__ import annotations

import pytest

from mobinet.errors import MissingDependencyError
from mobinet_ros.running.summary import ClockSummary, RunSummary
from mobinet_ros.running.truth_summary import TrackBox, TrueBox, TruthScores, TruthSummary

FRONT, REAR = ("r1", "front"), ("r2", "rear")
STEP_NS = 100_000_000
BOX, OTHER = (100.0, 100.0, 140.0, 200.0), (300.0, 100.0, 340.0, 200.0)
SMALL = (10.0, 10.0, 18.0, 30.0)


def person(name: str = "anna", box: tuple[float, float, float, float] = BOX, visibility: float = 1.0) -> TrueBox:
    return TrueBox(name, "person", box, visibility)


def run(
    truth: list[TrueBox], tracks: list[TrackBox], images: int = 10, classes: tuple[str, ...] = ()
) -> tuple[TruthSummary, TruthScores]:
    """The same truth and tracks in every image of one camera."""
    summary = TruthSummary([FRONT], classes)
    for index in range(images):
        summary.add_truth(FRONT, index * STEP_NS, truth)
        summary.add_tracks(FRONT, index * STEP_NS, tracks)
    scores = summary.scores()
    assert scores is not None
    return summary, scores


def test_a_perfect_run_scores_one() -> None:
    _, scores = run([person(), person("bo", OTHER)], [TrackBox("1", BOX), TrackBox("2", OTHER)])
    mot = scores.cameras["r1/front"]
    assert (mot.hota, mot.deta, mot.assa, mot.idf1) == pytest.approx((1, 1, 1, 1))
    assert scores.images == 10


@pytest.mark.parametrize(
    ("truth", "forgiven"),
    [
        (person("bo", OTHER), False),
        (person("bo", OTHER, visibility=0.2), True),  # too little shows
        (person("bo", SMALL), True),  # too small
        (TrueBox("r2", "robot", OTHER, 1.0), True),  # a robot of the team
        (TrueBox("van", "car", OTHER, 1.0), True),  # only people are looked for
    ],
)
def test_what_nobody_could_find_is_forgiven(truth: TrueBox, forgiven: bool) -> None:
    _, missed = run([person(), truth], [TrackBox("1", BOX)], classes=("person",))
    assert missed.cameras["r1/front"].fn == (0 if forgiven else 10)
    # nor is it an error to find it
    _, found = run([person(), truth], [TrackBox("1", BOX), TrackBox("2", truth.box)], classes=("person",))
    assert found.cameras["r1/front"].fp == 0


def test_images_before_the_first_tracks_and_after_the_last_are_not_judged() -> None:
    summary = TruthSummary([FRONT])
    for index in range(10):
        summary.add_truth(FRONT, index * STEP_NS, [person()])
    for index in (3, 4, 6):  # the image between was dropped, which is a miss
        summary.add_tracks(FRONT, index * STEP_NS, [TrackBox("1", BOX)])
    scores = summary.scores()
    assert scores is not None
    assert (scores.images, scores.cameras["r1/front"].fn) == (4, 1)


def test_without_a_common_image_there_is_nothing_to_say() -> None:
    summary = TruthSummary([FRONT])
    assert summary.scores() is None
    summary.add_truth(FRONT, 0, [person()])
    assert summary.scores() is None


def two_cameras(names: dict[str, str]) -> TruthScores:
    """One person in two cameras; ``names`` is what r1 calls the tracks of (r1) and (r2), r2 says 'a' for both."""
    summary = TruthSummary([FRONT, REAR])
    for index in range(10):
        stamp_ns = index * STEP_NS
        for camera in (FRONT, REAR):
            summary.add_truth(camera, stamp_ns, [person()])
            summary.add_tracks(camera, stamp_ns, [TrackBox("7", BOX)])
        summary.add_identities("r1", stamp_ns, {(*FRONT, "7"): names["r1"], (*REAR, "7"): names["r2"]})
        summary.add_identities("r2", stamp_ns, {(*FRONT, "7"): "a", (*REAR, "7"): "a"})
    scores = summary.scores()
    assert scores is not None
    return scores


def test_identities_are_judged_over_all_cameras_and_for_each_robot() -> None:
    right = two_cameras({"r1": "a", "r2": "a"})
    assert right.identities.idf1 == pytest.approx(1.0)
    # r1 takes r2's track for somebody else: half of the boxes have a wrong name, but only in r1's eyes
    wrong = two_cameras({"r1": "a", "r2": "b"})
    assert wrong.seen_by["r1"].idf1 == pytest.approx(0.5)
    assert wrong.seen_by["r2"].idf1 == pytest.approx(1.0)
    assert wrong.identities.idf1 == pytest.approx(1.0)  # each camera's tracks as its own robot names them


def test_a_name_counts_when_it_comes_within_a_second_after_the_image() -> None:
    for delay_ns, expected in ((200_000_000, 10), (1_500_000_000, 0)):
        summary = TruthSummary([FRONT])
        for index in range(10):
            summary.add_truth(FRONT, index, [person()])
            summary.add_tracks(FRONT, index, [TrackBox("7", BOX)])
        summary.add_identities("r1", delay_ns, {(*FRONT, "7"): "a"})
        scores = summary.scores()
        assert scores is not None
        assert scores.identities.idtp == expected


def test_one_name_for_two_boxes_of_an_image_is_counted_once() -> None:
    summary = TruthSummary([FRONT])
    summary.add_truth(FRONT, 0, [person(), person("bo", OTHER)])
    summary.add_tracks(FRONT, 0, [TrackBox("7", BOX), TrackBox("8", OTHER)])
    summary.add_identities("r1", 0, {(*FRONT, "7"): "a", (*FRONT, "8"): "a"})
    scores = summary.scores()
    assert scores is not None
    assert (scores.identities.idtp, scores.identities.idfn) == (1, 1)


def test_a_world_that_starts_again_is_judged_anew() -> None:
    summary = TruthSummary([FRONT])
    for start_ns, tracks in ((0, []), (-5_000_000_000, [TrackBox("1", BOX)])):
        for index in range(10):
            summary.add_truth(FRONT, start_ns + index * STEP_NS, [person()])
            summary.add_tracks(FRONT, start_ns + index * STEP_NS, tracks)
    scores = summary.scores()
    assert scores is not None
    assert (scores.images, scores.cameras["r1/front"].fn) == (10, 0)


def test_the_summary_tells_how_fast_and_how_right_it_was() -> None:
    truth, _ = run([person()], [TrackBox("1", BOX)])
    truth.add_identities("r1", 0, {(*FRONT, "1"): "a"})
    summary = RunSummary([FRONT], truth)
    summary.clock.add(10_000_000_000, 0)
    summary.clock.add(13_000_000_000, 2_000_000_000)
    text = "\n".join(summary.lines())
    assert "simulated time: 3.0 s at 1.50 of real time" in text
    assert "r1/front            1.000  1.000  1.000  1.000   1.000      1.000" in text
    assert "at least 30% visible and 24 pixels high" in text
    figures = summary.as_dict()
    assert figures["realtime_factor"] == 1.5
    assert figures["cameras"]["r1/front"]["hota"] == pytest.approx(1.0)


def test_without_trackeval_everything_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: TruthSummary) -> None:
        raise MissingDependencyError("trackeval", "this evaluation", cure="pip install trackeval")

    monkeypatch.setattr(TruthSummary, "scores", missing)
    summary = RunSummary([FRONT], TruthSummary([FRONT]))
    summary.add_detections(FRONT, 2)
    assert summary.lines()[1].split()[:3] == ["r1/front", "1", "2"]
    assert "pip install trackeval" in summary.lines()[-1]
    assert "hota" not in summary.as_dict()["cameras"]["r1/front"]


def test_the_clock_s_factor_begins_anew_when_it_goes_back() -> None:
    clock = ClockSummary()
    assert clock.simulated_s == 0.0
    for simulated_s, wall_s in ((100, 0), (110, 10), (100, 11), (104, 13)):
        clock.add(simulated_s * 10**9, wall_s * 10**9)
    assert (clock.simulated_s, clock.realtime_factor) == (4.0, 2.0)
