"""Training of the event detector, on sequences made of rectangles."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mobinet.cli import main
from mobinet.errors import RecordingError
from mobinet.events import Events, Window
from mobinet.events.recurrent import RecurrentDetector, RecurrentSettings
from mobinet.learning import event_sequences
from mobinet.learning.detector_losses import IGNORED
from mobinet.learning.event_augmentation import EventDisturbance, disturb_events, draw_disturbance, move_boxes
from mobinet.learning.event_clips import ClipSize, cut_clip, random_clip, stack_clips
from mobinet.learning.event_detector import write_event_detector
from mobinet.learning.event_network import EventNetwork, cell_middles, empty_memory
from mobinet.learning.event_sequences import hold_back, pack_events, read_sequences, unpack_events
from mobinet.learning.event_task import EventTask

WIDTH, HEIGHT = 96, 64
STAMPS_NS = [number * 100_000_000 for number in range(9)]


def box_at(start: float, speed: float, time_s: float) -> list[float]:
    """A person of 14 x 36 pixels that goes to the right."""
    left = start + speed * time_s
    return [left, 20.0, left + 14.0, 56.0]


def events_of(start: float, speed: float, draw: np.random.Generator) -> Events:
    """Two upright edges of one person, each pixel of them twenty times a second: what is ahead ON, behind OFF."""
    t_ns = np.sort(draw.integers(0, 800_000, 2 * 36 * 16)) * 1000
    ahead = draw.random(len(t_ns)) < 0.5
    x = start + speed * t_ns / 1e9 + np.where(ahead, 13, 0)
    return Events(t_ns, np.floor(x).astype(np.uint16), draw.integers(20, 56, len(t_ns)).astype(np.uint16), ahead)


@pytest.fixture
def sequences_dir(tmp_path: Path) -> Path:
    """Two worlds with one sequence each: somebody who walks, and somebody who stands and is not to be seen."""
    folder = tmp_path / "data"
    (folder / "events").mkdir(parents=True)
    (folder / "sequences").mkdir()
    draw = np.random.default_rng(1)
    for world in (1, 2):
        start, speed = float(draw.uniform(5, 20)), float(draw.uniform(20, 50))
        np.save(folder / "events" / f"{world:07d}_0.npy", pack_events(events_of(start, speed, draw)))
        walker = [[i, *box_at(start, speed, t / 1e9), 1.0, 1.5] for i, t in enumerate(STAMPS_NS)]
        stander = [[i, 70.0, 10.0, 82.0, 50.0, 1.0, 0.0] for i in range(len(STAMPS_NS))]
        objects = [{"class": "person", "seen": walker}, {"class": "person", "seen": stander}]
        record = {"file": f"{world:07d}_0.npy", "size": [WIDTH, HEIGHT], "stamps_ns": STAMPS_NS, "objects": objects}
        record |= {"light": "day", "moving": False}
        (folder / "sequences" / f"{world:07d}.json").write_text(json.dumps([record]))
    return folder


def test_events_survive_the_file():
    draw = np.random.default_rng(0)
    events = Events(np.arange(50) * 1000, draw.integers(0, 2048, 50), draw.integers(0, 2048, 50), draw.random(50) < 0.5)
    again = unpack_events(pack_events(events))
    for name in ("t_ns", "x", "y", "polarity"):
        np.testing.assert_array_equal(getattr(again, name), getattr(events, name))


def test_boxes_between_two_instants(sequences_dir):
    sequence = read_sequences(sequences_dir)[0]
    first, second = (sequence.objects_at(stamp)[0][0] for stamp in (100_000_000, 200_000_000))
    middle, visibility, indices = sequence.objects_at(150_000_000)
    np.testing.assert_allclose(middle[0], (first + second) / 2, atol=1e-4)
    assert indices.tolist() == [0, 1]
    assert visibility.tolist() == [1.0, 1.0]


def test_only_what_moved_is_to_be_found(sequences_dir):
    clip = cut_clip(read_sequences(sequences_dir)[0], 0, 3, (WIDTH, HEIGHT))
    assert [numbers.tolist() for numbers in clip.labels] == [[0, IGNORED]] * 3


def test_counts_lie_where_the_boxes_are(sequences_dir):
    # also scaled, moved and mirrored: nearly all events are within the walker's box at the end of a window
    sequence = read_sequences(sequences_dir)[0]
    for seed in range(6):
        draw = np.random.default_rng(seed)
        disturbance = draw_disturbance(sequence.size, (WIDTH, HEIGHT), draw)
        quiet = EventDisturbance(
            disturbance.pace, disturbance.scale, disturbance.offset, disturbance.mirrored, disturbance.inverted
        )
        clip = cut_clip(sequence, 0, 4, (WIDTH, HEIGHT), quiet, draw)
        counts = clip.counts[-1].sum(axis=0)
        if not counts.sum() or not (clip.labels[-1] == 0).any():
            continue
        left, top, right, bottom = clip.boxes[-1][clip.labels[-1] == 0][0]
        near = counts[max(int(top) - 5, 0) : int(bottom) + 6, max(int(left) - 7, 0) : int(right) + 8]
        assert near.sum() > 0.9 * counts.sum()


def test_disturbance_moves_events_and_boxes_alike():
    events = Events(
        np.arange(4) * 1000, np.array([10, 23, 10, 23]), np.array([5, 5, 40, 40]), np.array([1, 0, 1, 0], bool)
    )
    boxes = np.array([[10, 5, 24, 41]], np.float32)
    for mirrored in (False, True):
        change = EventDisturbance(scale=(1.5, 0.8), offset=(-3.0, 4.0), mirrored=mirrored, inverted=True)
        moved = disturb_events(events, 0.05, change, (64, 48), np.random.default_rng(0))
        left, top, right, bottom = move_boxes(boxes, change, (64, 48))[0]
        assert ((moved.x >= left - 1) & (moved.x < right + 1)).all()
        assert ((moved.y >= top - 1) & (moved.y < bottom + 1)).all()
        assert moved.polarity.tolist() == [False, True, False, True]


def test_noise_is_as_frequent_as_said():
    events = Events(np.array([0, 49_999_000]), np.array([0, 1]), np.array([0, 1]), np.array([True, False]))
    change = EventDisturbance(noise_rate_hz=10.0)
    moved = disturb_events(events, 0.05, change, (200, 100), np.random.default_rng(0))
    assert len(moved) - 2 == pytest.approx(10 * 0.05 * 200 * 100, rel=0.05)
    assert (np.diff(moved.t_ns) >= 0).all()


def test_every_tenth_world_is_held_back(sequences_dir):
    sequences = read_sequences(sequences_dir)
    # of two worlds none is
    assert hold_back(sequences) == (sequences, sequences)
    for kind in ("sequences", "events"):
        for file in (sequences_dir / kind).iterdir():
            file.rename(file.with_name(file.name.replace("0000002", "0000019")))
    listing = sequences_dir / "sequences" / "0000019.json"
    listing.write_text(listing.read_text().replace("0000002", "0000019"))
    learnt, held_back = hold_back(read_sequences(sequences_dir))
    assert [sequence.world for sequence in learnt] == ["0000001"]
    assert [sequence.world for sequence in held_back] == ["0000019"]


def test_no_sequences(tmp_path):
    with pytest.raises(RecordingError, match="no training sequences"):
        read_sequences(tmp_path)


def test_a_damaged_listing(sequences_dir):
    (sequences_dir / "sequences" / "0000001.json").write_text("[{")
    with pytest.raises(RecordingError, match=r"0000001\.json' is damaged"):
        read_sequences(sequences_dir)


def test_one_window_after_the_other_is_the_same_as_all_at_once():
    torch.manual_seed(0)
    network = EventNetwork().eval()
    counts = torch.randint(0, 4, (3, 2, 20, 64, 96)).float()
    with torch.no_grad():
        together, distances, last = network(counts, empty_memory(2, 64, 96))
        memory = empty_memory(2, 64, 96)
        for number in range(3):
            logits, sides, memory = network(counts[number : number + 1], memory)
            torch.testing.assert_close(logits, together[2 * number : 2 * number + 2], atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(sides, distances[2 * number : 2 * number + 2], atol=1e-3, rtol=1e-4)
    for one, other in zip(memory, last, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
        # a new memory is a mixture of the old and of what is within -1..1
        assert float(one.abs().max()) <= 1.0


def test_loss_falls(sequences_dir):
    sequences = read_sequences(sequences_dir)
    size = ClipSize(height=64, width=96, windows=2, most_before=2)
    task = EventTask(sequences, sequences, batch=2, seed=0, sizes=size)
    optimizer = torch.optim.AdamW(task.network.parameters(), lr=3e-3)
    clips = [random_clip(sequence, 1, size, np.random.default_rng(0)) for sequence in sequences]
    batch = stack_clips(clips, 1)
    losses = []
    for _ in range(12):
        found = task.losses(task.network, batch, torch.device("cpu"))
        optimizer.zero_grad()
        found["loss"].backward()
        optimizer.step()
        losses.append(float(found["loss"].detach()))
    assert losses[-1] < 0.6 * losses[0]


def test_late_steps_normalise_as_in_use(sequences_dir):
    # the loss of a settled batch is that of the network in evaluation, and statistics stay as they are
    sequences = read_sequences(sequences_dir)
    size = ClipSize(height=64, width=96, windows=2, most_before=1)
    task = EventTask(sequences, sequences, 2, 0, size, settle=1)
    early, late = task.batch(0), task.batch(1)
    assert (early.settled, late.settled) == (False, True)
    task.network.train()
    before = {name: value.clone() for name, value in task.network.state_dict().items()}
    loss = task.losses(task.network, late, torch.device("cpu"))["loss"]
    for name, value in task.network.state_dict().items():
        assert torch.equal(value, before[name])
    assert torch.equal(loss, task.losses(task.network.eval(), late, torch.device("cpu"))["loss"])
    task.losses(task.network.train(), early, torch.device("cpu"))
    assert any(not torch.equal(value, before[name]) for name, value in task.network.state_dict().items())


def test_the_same_step_gives_the_same_batch(sequences_dir):
    sequences = read_sequences(sequences_dir)
    size = ClipSize(height=64, width=96, windows=2, most_before=3)
    first, again = (EventTask(sequences, sequences, 2, 5, size).batch(3) for _ in range(2))
    assert first.before == again.before
    assert torch.equal(first.counts, again.counts)
    assert torch.equal(first.targets.boxes, again.targets.boxes)


def test_the_file_gives_what_the_network_gives(tmp_path):
    # at another size than it was written with, with the memory of several windows, through the detector's own code
    torch.manual_seed(3)
    network = EventNetwork().eval()
    torch.nn.init.normal_(network.class_head[-1].weight, std=0.3)
    path = write_event_detector(network, tmp_path)
    detector = RecurrentDetector.load(
        str(path), 128, 96, RecurrentSettings(network_score_threshold=1e-6, network_nms_iou=1.0, network_threads=1)
    )
    assert detector.class_names == ("person", "cyclist", "car")
    draw = np.random.default_rng(0)
    memory, middles = empty_memory(1, 96, 128), cell_middles(96, 128)
    for number in range(3):
        window = Window(number * 50_000_000, (number + 1) * 50_000_000)
        t_ns = np.sort(draw.integers(*window, 4000))
        events = Events(t_ns, draw.integers(0, 128, 4000), draw.integers(0, 96, 4000), draw.random(4000) < 0.5)
        found = detector.detect(events, window)
        bins = (t_ns - window.start_ns) // 5_000_000
        counts = np.zeros((2, 10, 96, 128), np.float32)
        np.add.at(counts, (events.polarity.astype(int), bins, events.y, events.x), 1)
        with torch.no_grad():
            given = torch.from_numpy(np.minimum(counts, 10)).reshape(1, 1, 20, 96, 128)
            logits, distances, memory = network(given, memory)
    best = logits[0].sigmoid().max(dim=0).values.sort(descending=True)
    np.testing.assert_allclose(found.scores, best.values[: len(found)].numpy(), rtol=1e-4)
    cell = int(best.indices[0])
    box = np.concatenate([(middles[:, cell] - distances[0, :2, cell]), middles[:, cell] + distances[0, 2:, cell]])
    np.testing.assert_allclose(found.boxes[0], np.clip(box, 0, [128, 96, 128, 96]), atol=1e-2)


def test_command(sequences_dir, tmp_path, monkeypatch, capsys):
    calls = []
    monkeypatch.setattr(
        event_sequences, "render_sequences", lambda data, count, first, *_: calls.append((count, first))
    )
    out = tmp_path / "out"
    command = ["train", "event-detector", "-o", str(out), "--data", str(sequences_dir), "--sequences", "2"]
    assert main([*command, "--batch", "1", "--steps", "1"]) == 0
    assert calls == [(2, 20_000)]
    assert f"{out / 'street-events.onnx'}: " in capsys.readouterr().out
    assert json.loads((out / "training.json").read_text())["sequences"] == 2
    assert main([*command, "--batch", "1", "--steps", "2", "--resume"]) == 0
