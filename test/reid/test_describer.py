from __future__ import annotations

import numpy as np
import pytest

from mobinet.errors import InputError
from mobinet.reid import DescriberSettings, TrackDescriber, describe_together
from mobinet.reid.views import ViewScale, view_quality
from mobinet.types import Float32, Frame, Track, TrackState

S = 1_000_000_000
IMAGE = np.zeros((480, 640, 3), np.uint8)


class Clock:
    """Time that passes only when told."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


class FakeEmbedder:
    """Answers with what the test laid down for the left edge of a box; each box takes ``cost_ms`` of the clock."""

    model, dimension, clip_length = "fake:1", 2, 1

    def __init__(self, clock: Clock, cost_ms: float = 0.0) -> None:
        self.clock, self.cost_ms = clock, cost_ms
        self.asked: list[list[float]] = []
        self.angle: dict[float, float] = {}

    def embed(self, frame: Frame, boxes: Float32) -> Float32:
        self.asked.append([float(box[0]) for box in boxes])
        self.clock.now_ns += round(self.cost_ms * 1e6 * len(boxes))
        angles = np.radians([self.angle.get(float(box[0]), 0.0) for box in boxes])
        return np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)


def track(
    track_id: int, x: float, *, width: float = 60, state: TrackState = TrackState.CONFIRMED, index: int = 0
) -> Track:
    box = np.array([x, 100, x + width, 100 + 2.5 * width], np.float32)
    return Track(track_id, box, 0.9, "person", state, np.zeros(2, np.float32), 0, 0, index)


def frame(stamp_s: float = 0.0) -> Frame:
    return Frame(round(stamp_s * S), "front", IMAGE)


def make(cost_ms: float = 0.0, **settings: float) -> tuple[TrackDescriber, FakeEmbedder]:
    clock = Clock()
    embedder = FakeEmbedder(clock, cost_ms)
    return TrackDescriber(embedder, DescriberSettings(**settings), clock), embedder  # type: ignore[arg-type]


def test_only_confirmed_tracks_seen_in_this_image() -> None:
    describer, _ = make()
    tracks = [
        track(1, 10),
        track(2, 110, state=TrackState.TENTATIVE),
        track(3, 210, state=TrackState.COASTING, index=-1),
        track(4, 310, index=-1),
        track(5, 410),
    ]
    assert sorted(a.track_id for a in describer.describe(frame(), tracks)) == [1, 5]
    assert describer.describe(frame(), []) == []


def test_the_best_view_comes_first_and_the_others_next_time() -> None:
    describer, embedder = make(max_per_image=2)
    tracks = [track(1, 10, width=30), track(2, 110, width=70), track(3, 210, width=50)]
    assert [a.track_id for a in describer.describe(frame(0), tracks)] == [2, 3]
    # the one never described is now more urgent than the better views of before
    assert [a.track_id for a in describer.describe(frame(0.1), tracks)] == [1]
    assert [x for asked in embedder.asked for x in asked] == [110.0, 210.0, 10.0]


def test_a_track_is_described_again_after_a_while_or_on_a_better_view() -> None:
    describer, _ = make(refresh_s=1.0)
    assert describer.describe(frame(0), [track(1, 10, width=30)])
    assert not describer.describe(frame(0.5), [track(1, 10, width=30)])
    assert describer.describe(frame(0.6), [track(1, 10, width=60)])
    assert not describer.describe(frame(0.7), [track(1, 10, width=60)])
    assert describer.describe(frame(1.7), [track(1, 10, width=30)])
    # a clock that jumped back does not silence a track
    assert describer.describe(frame(0.2), [track(1, 10, width=30)])


def test_the_time_budget_is_kept() -> None:
    # 4 ms a view: the first measures the pace, then two more fit into 12 ms
    describer, embedder = make(cost_ms=4.0, budget_ms=12.0)
    tracks = [track(i, 10.0 + 90 * i) for i in range(6)]
    assert len(describer.describe(frame(0), tracks)) == 3
    assert [len(asked) for asked in embedder.asked] == [1, 2]
    # the pace is known now: one batch
    assert len(describer.describe(frame(0.1), tracks)) == 3
    assert [len(asked) for asked in embedder.asked] == [1, 2, 3]


@pytest.mark.parametrize("cost_ms", [0.0, 1.0, 1000.0])
def test_without_a_budget_the_machine_does_not_matter(cost_ms: float) -> None:
    # however slow, the same views in the same batches: replays come out the same
    describer, embedder = make(cost_ms=cost_ms, budget_ms=0.0, max_per_image=4)
    tracks = [track(i, 10.0 + 90 * i) for i in range(6)]
    assert [len(describer.describe(frame(t / 10), tracks)) for t in range(3)] == [4, 2, 0]
    assert [len(asked) for asked in embedder.asked] == [4, 2]


def test_at_least_one_view_is_taken() -> None:
    describer, _ = make(cost_ms=50.0, budget_ms=1.0)
    tracks = [track(1, 10), track(2, 110)]
    seen = [describer.describe(frame(t / 10), tracks)[0].track_id for t in range(2)]
    assert sorted(seen) == [1, 2]


def test_looks_are_averaged_by_quality_and_stay_unit() -> None:
    describer, embedder = make(refresh_s=0.0, good_area_px=9000.0)
    embedder.angle = {10.0: 0.0, 200.0: 60.0}
    good, poor = track(1, 10, width=60), track(1, 200, width=30)  # qualities 1 and 0.5
    describer.describe(frame(0), [good])
    (appearance,) = describer.describe(frame(1), [poor])
    expected = 1.0 * np.array([1, 0]) + 0.5 * np.array([np.cos(np.radians(60)), np.sin(np.radians(60))])
    np.testing.assert_allclose(appearance.embedding, expected / np.linalg.norm(expected), atol=1e-6)
    assert appearance.quality == pytest.approx((1 + 0.25) / 1.5)
    assert describer.latest([1, 2])[0].embedding.tobytes() == appearance.embedding.tobytes()


def test_the_mean_follows_a_lasting_change() -> None:
    describer, embedder = make(refresh_s=0.0, memory=4.0, good_area_px=9000.0)
    for t in range(50):
        describer.describe(frame(t), [track(1, 10)])
    embedder.angle = {10.0: 90.0}
    for t in range(50, 60):
        (appearance,) = describer.describe(frame(t), [track(1, 10)])
    assert appearance.embedding[1] > 0.95


def test_tracks_are_forgotten() -> None:
    describer, _ = make(max_tracks=3)
    describer.describe(frame(), [track(1, 10), track(2, 210)])
    describer.forget([1, 99])
    assert [a.track_id for a in describer.latest([1, 2])] == [2]
    for number in range(10, 20):
        describer.describe(frame(), [track(number, 10)])
    assert [a.track_id for a in describer.latest(range(30))] == [17, 18, 19]
    describer.reset()
    assert describer.latest(range(30)) == []


def test_poor_views_are_never_used() -> None:
    describer, embedder = make(min_quality=0.4)
    assert describer.describe(frame(), [track(1, 10, width=10)]) == []
    assert embedder.asked == []


def test_a_frame_without_image_is_refused() -> None:
    with pytest.raises(InputError, match="needs the image"):
        make()[0].describe(Frame(0, "front", None), [track(1, 10)])


SCALE = ViewScale(good_area_px=8000.0, border_px=2.0)


def quality(*boxes: list[float]) -> np.ndarray:
    return view_quality(np.array(boxes, np.float32), (640, 480), SCALE)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ([100, 100, 160, 250], 1.0),  # large, whole, alone
        ([100, 100, 125, 180], 0.5),  # a quarter of the good area
        ([0, 100, 60, 250], 0.5),  # the border cuts it
        ([-30, 100, 30, 250], 0.25),  # and half of it is outside
        ([100, 100, 120, 500], 0.1425),  # a sliver, reaching below the image: hardly anything
        ([700, 100, 760, 250], 0.0),  # outside
    ],
)
def test_quality_of_one_view(box: list[float], expected: float) -> None:
    assert quality(box)[0] == pytest.approx(expected, abs=0.001)


def test_who_stands_in_front_hides() -> None:
    # the second overlaps half of the first and its feet are lower: it is nearer
    behind, front = quality([100, 100, 160, 250], [130, 100, 190, 260])
    assert behind == pytest.approx(0.5)
    assert front == pytest.approx(1 - 0.5 * 150 / 160 / 3, abs=0.01)


def test_no_boxes_no_qualities() -> None:
    assert view_quality(np.zeros((0, 4), np.float32), (640, 480), SCALE).shape == (0,)


class ClipEmbedder(FakeEmbedder):
    """Takes clips of three, and remembers how long those were that it got."""

    clip_length = 3

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.lengths: list[list[int]] = []

    def embed_clips(self, clips: list[list[np.ndarray]]) -> Float32:
        self.lengths.append([len(clip) for clip in clips])
        return np.tile(np.array([1, 0], np.float32), (len(clips), 1))


def test_clips_grow_to_what_the_network_takes() -> None:
    clock = Clock()
    embedder = ClipEmbedder(clock)
    describer = TrackDescriber(embedder, DescriberSettings(refresh_s=0.0), clock)
    for number in range(5):
        describer.describe(frame(number), [track(1, 10)])
    assert embedder.lengths == [[1], [2], [3], [3], [3]]


def test_cameras_share_batches_and_keep_their_tracks_apart() -> None:
    clock = Clock()
    embedder = ClipEmbedder(clock)
    settings = DescriberSettings(budget_ms=0.0)
    front, back = (TrackDescriber(embedder, settings, clock) for _ in range(2))
    plans = [front.plan(frame(), [track(1, 10), track(2, 200)]), back.plan(frame(), [track(1, 30)])]
    found = describe_together(plans)
    assert embedder.lengths == [[1, 1, 1]]
    assert [sorted(one.track_id for one in part) for part in found] == [[1, 2], [1]]
    assert len(back.latest([1, 2])) == 1
    assert describe_together([]) == []


def test_budgets_of_cameras_add_up() -> None:
    clock = Clock()
    embedder = FakeEmbedder(clock, cost_ms=4.0)
    describers = [TrackDescriber(embedder, DescriberSettings(budget_ms=10.0), clock) for _ in range(2)]
    embedder.embed_clips = lambda clips: embedder.embed(frame(), np.zeros((len(clips), 4), np.float32))  # type: ignore[attr-defined]
    # the first view tells the pace
    describers[0].describe(frame(), [track(9, 10)])
    plans = [one.plan(frame(1), [track(number, 10 + 70 * number) for number in range(5)]) for one in describers]
    assert sum(map(len, describe_together(plans))) == 5
