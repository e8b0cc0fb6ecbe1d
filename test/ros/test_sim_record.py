"""``mobinet sim record``: the same bytes again, readable, and nothing left of what failed."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from mobinet_ros.msg import GroundTruthArray
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CameraInfo

from mobinet.recordings.bag_canonical import CanonicalCdr
from mobinet.recordings.bags import BagReader
from mobinet.sim.world_file import load_world
from mobinet_ros import topics
from mobinet_ros.bags.message_types import full_definition
from mobinet_ros.simulation.channels import channels_of

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments):
    return [sys.executable, "-m", "mobinet.cli", "sim", "record", *map(str, arguments)]


def record(*arguments, **options):
    return subprocess.run(
        command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=200, check=False, **options
    )


def sums(path):
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(path.iterdir())}


@pytest.fixture(scope="module")
def bag(sim_world, tmp_path_factory):
    path = tmp_path_factory.mktemp("bags") / "pair"
    done = record(sim_world, "-o", path)
    assert done.returncode == 0, done.stderr
    assert "1 s of 'pair'" in done.stdout
    return path


def test_the_same_world_gives_the_same_bytes(bag, sim_world, tmp_path):
    """In another process, whose memory is another, and under another load."""
    done = record(sim_world, "-o", tmp_path / "pair", env={**os.environ, "PYTHONHASHSEED": "7"})
    assert done.returncode == 0, done.stderr
    assert sums(tmp_path / "pair") == sums(bag)


def test_it_holds_every_message_at_its_time(bag, sim_world):
    world = load_world(sim_world)
    with BagReader(bag) as reader:
        counts = Counter(message.topic for message in reader.messages())
        stamps = [message.stamp_ns for message in reader.messages()]
        truth = [message for message in reader.messages() if message.topic == "/r1/front/truth"]
        known = dict(reader.topics)
    expected = {
        f"/{c.name.lstrip('/')}" for c in channels_of(world) if c.topic not in (topics.CLOCK, topics.COMPRESSED)
    }
    assert set(counts) == expected == set(known)
    assert counts["/r1/front/image_raw"] == counts["/r1/front/truth"] == 10
    assert counts["/r2/left/image_raw"] == 5
    assert counts["/tf_static"] == 1
    assert counts["/r1/clock"] >= 100
    assert stamps == sorted(stamps)
    assert stamps[0] == 10_000 * 10**9
    assert known["/tf_static"].qos[0].durability == "transient_local"
    assert "uint32 identity" in known["/r1/front/truth"].definition
    first = deserialize_message(truth[0].cdr, GroundTruthArray)
    assert {thing.name for thing in first.objects} >= {"anna", "bert"}


def test_compressed_without_truth_and_shorter(sim_world, tmp_path):
    options = ("--compressed", "--no-truth", "--duration", "0.4", "--rate", "5", "--storage", "sqlite3")
    done = record(sim_world, "-o", tmp_path / "small", *options)
    assert done.returncode == 0, done.stderr
    with BagReader(tmp_path / "small") as reader:
        counts = {name: topic.count for name, topic in reader.topics.items()}
    assert counts["/r1/front/image_raw/compressed"] == 2
    assert not {"/r1/front/image_raw", "/r1/front/truth", "/truth/contacts", "/r1/ground_truth/odom"} & set(counts)


def test_it_can_be_played(bag, graph):
    images = graph.collect(topics.IMAGE.type, "/r2/left/image_raw", topics.IMAGE.qos)
    truth = graph.collect(topics.TRUTH.type, "/r2/left/truth", topics.TRUTH.qos)
    clock = graph.collect(topics.CLOCK.type, "/clock")
    process = graph.start("mobinet.cli", "play", str(bag), "--clock")
    assert graph.spin_until(lambda: process.poll() is not None), graph.logs()
    assert process.returncode == 0, graph.logs()
    assert graph.spin_until(lambda: len(images) == len(truth) == 5, 5.0)
    assert clock


def is_clean(folder):
    return sorted(path.name for path in folder.iterdir()) == []


def test_a_bag_is_never_overwritten(bag, sim_world):
    before = sums(bag)
    done = record(sim_world, "-o", bag)
    assert done.returncode == 2
    assert "exists; choose another name" in done.stderr
    assert sums(bag) == before


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_a_full_disk_is_named_and_nothing_is_left(sim_world, tmp_path, storage):
    def small_disk():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    done = record(sim_world, "-o", tmp_path / "pair", "--storage", storage, preexec_fn=small_disk)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"mobinet: bag '{tmp_path / 'pair'}' cannot be written")
    assert done.stderr.rstrip().endswith("make room on the disk or record elsewhere. Nothing of it is left")
    assert is_clean(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(sim_world, tmp_path):
    (tmp_path / "file").write_text("")
    done = record(sim_world, "-o", tmp_path / "file" / "pair")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_that_is_missing_is_made(sim_world, tmp_path):
    done = record(sim_world, "-o", tmp_path / "a" / "b" / "pair", "--duration", "0.2", "--no-truth")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a" / "b" / "pair" / "metadata.yaml").is_file()


def test_ctrl_c_leaves_nothing(sim_world, tmp_path):
    path = sim_world.with_name("long.yaml")
    path.write_text(sim_world.read_text().replace("duration: 1\n", "duration: 600\n"))
    process = subprocess.Popen(command(path, "-o", tmp_path / "long"), cwd=ROOT, stderr=subprocess.PIPE, text=True)
    end_s = time.monotonic() + 60
    while not list(tmp_path.glob("long.partial/long/*.mcap")) and time.monotonic() < end_s:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert is_clean(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("atlantis",), "world 'atlantis': expected a YAML file or one of"),
        (("street", "--duration", "-1"), "duration: -1.0 is out of range"),
        (("street", "--rate", "nan"), "rate: expected a finite number"),
        (("street", "--duration", "0.01"), "duration: camera r1/front takes no image within 0.01 s at 15 images"),
    ],
)
def test_wrong_arguments_are_named(arguments, message, tmp_path):
    done = record(*arguments, "-o", tmp_path / "bag")
    assert done.returncode == 2
    assert message in done.stderr
    assert is_clean(tmp_path)


def test_padding_is_zero_and_values_stay():
    """A frame id of five letters and its end leave two bytes before the next number."""
    canonical = CanonicalCdr()
    canonical.add_type("sensor_msgs/msg/CameraInfo", full_definition("sensor_msgs/msg/CameraInfo"))
    info = CameraInfo(height=480, width=640, distortion_model="plumb_bob", d=[0.1, 0.0, 0.25])
    info.header.frame_id = "front"
    cdr = bytearray(serialize_message(info))
    end = cdr.index(b"front\x00") + 6
    cdr[end : end + 2] = b"\xab\xcd"
    rewritten = canonical.rewrite("sensor_msgs/msg/CameraInfo", bytes(cdr))
    assert rewritten[end : end + 2] == b"\x00\x00"
    assert deserialize_message(rewritten, CameraInfo) == info
