"""``mobinet play`` and ``mobinet record`` as real processes."""

from __future__ import annotations

import signal
from array import array

import cv2
import pytest
from builtin_interfaces.msg import Time
from event_camera_msgs.msg import EventPacket
from mobinet_ros.msg import AppearanceArray, Track, TrackArray
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message, serialize_message
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from std_msgs.msg import String
from vision_msgs.msg import Detection2D, Detection2DArray, ObjectHypothesisWithPose

from mobinet.recordings.bags import BagReader, BagWriter, TopicQos
from mobinet_ros import environment
from mobinet_ros.bags.message_types import full_definition, type_hash

environment.prepare()

STRING = "std_msgs/msg/String"
LATCHED = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
BEST_EFFORT = QoSProfile(depth=100, reliability=ReliabilityPolicy.BEST_EFFORT)


def play(graph, *arguments):
    return graph.start("mobinet.cli", "play", *map(str, arguments))


def record(graph, topics, *arguments):
    """Starts a recorder and waits until it has subscribed to the topics."""
    process = graph.start("mobinet.cli", "record", *map(str, arguments))
    assert graph.spin_until(lambda: all(graph.node.count_subscribers(name) for name in topics)), graph.logs()
    graph.spin_for(0.5)
    return process


def end(process, number=signal.SIGINT):
    process.send_signal(number)
    return process.wait(20)


def write_strings(path, count=20, period_ns=50_000_000, topics=("/text",), storage="mcap", qos=()):
    with BagWriter(path, storage) as writer:
        for topic in topics:
            writer.add_topic(topic, STRING, qos=qos)
        for index in range(count):
            for topic in topics:
                stamp_ns = 1_700_000_000_000_000_000 + index * period_ns
                writer.write(topic, stamp_ns, serialize_message(String(data=f"{topic} {index}")))
    return path


def tracks_message(index):
    message = TrackArray()
    message.header.stamp.sec, message.header.frame_id = index, "r1/front_optical"
    message.tracks = [Track(state=Track.CONFIRMED, velocity_x=float(index))]
    return message


@pytest.mark.recordings
def test_real_recording_is_received_whole(graph, data_dir):
    received = graph.collect(EventPacket, "/event_camera/events", 600)
    process = play(graph, data_dir / "events/evt3_person_walking_bag")
    assert graph.spin_until(lambda: process.poll() is not None), graph.logs()
    graph.spin_until(lambda: len(received) == 517, 2)
    assert (process.returncode, len(received)) == (0, 517), graph.logs()
    assert received[0].encoding == "evt3"
    with BagReader(data_dir / "events/evt3_person_walking_bag") as bag:
        assert received == [deserialize_message(each.cdr, EventPacket) for each in bag.messages()]


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_own_messages_recorded_and_played_again(graph, tmp_path, storage):
    publisher = graph.node.create_publisher(TrackArray, "/r1/front/tracks", 10)
    recorder = record(graph, ["/r1/front/tracks"], "/r1/front/tracks", "-o", tmp_path / "bag", "--storage", storage)
    sent = [tracks_message(index) for index in range(30)]
    for each in sent:
        publisher.publish(each)
        graph.spin_for(0.01)
    graph.spin_for(0.5)
    assert end(recorder) == 0, graph.logs()
    graph.node.destroy_publisher(publisher)

    with BagReader(tmp_path / "bag") as bag:
        topic = bag.topics["/r1/front/tracks"]
        assert [deserialize_message(each.cdr, TrackArray) for each in bag.messages()] == sent
    assert topic.type_hash == type_hash("mobinet_ros/msg/TrackArray")
    assert topic.definition == full_definition("mobinet_ros/msg/TrackArray")
    assert topic.qos[0].reliability == "reliable"

    received = graph.collect(TrackArray, "/r1/front/tracks", 100)
    assert play(graph, tmp_path / "bag").wait(30) == 0, graph.logs()
    assert graph.spin_until(lambda: len(received) == 30), graph.logs()
    assert received == sent


def test_quality_of_service_is_recorded_and_played(graph, tmp_path):
    latched = graph.node.create_publisher(String, "/latched", LATCHED)
    quick = graph.node.create_publisher(String, "/quick", BEST_EFFORT)
    latched.publish(String(data="before anybody listened"))
    others = ["/rosout", "/parameter_events"]
    recorder = record(graph, ["/latched", "/quick"], "--all", "--exclude", *others, "-o", tmp_path / "bag")
    quick.publish(String(data="gone if missed"))
    graph.spin_for(1.0)
    assert end(recorder, signal.SIGTERM) == 0, graph.logs()
    graph.node.destroy_publisher(latched)
    graph.node.destroy_publisher(quick)

    with BagReader(tmp_path / "bag") as bag:
        assert (set(bag.topics), bag.message_count) == ({"/latched", "/quick"}, 2)
        assert bag.topics["/latched"].qos[0].durability == "transient_local"
        assert bag.topics["/quick"].qos[0].reliability == "best_effort"

    play(graph, tmp_path / "bag", "--loop", "--rate", "0.2")  # lives long enough for a late subscriber
    assert graph.spin_until(lambda: graph.node.count_publishers("/quick") == 1), graph.logs()
    graph.spin_for(1.5)
    late = graph.collect(String, "/latched", LATCHED)
    assert graph.spin_until(lambda: bool(late)), graph.logs()
    (offer,) = graph.node.get_publishers_info_by_topic("/quick")
    assert offer.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT


def test_choice_of_topics_times_and_names(graph, tmp_path):
    write_strings(tmp_path / "bag", count=40, topics=("/a/text", "/b/text"))
    kept = graph.collect(String, "/renamed", 100)
    left_out = graph.collect(String, "/b/text", 100)
    process = play(
        graph, tmp_path / "bag", "--topics", "/a/*", "--remap", "/a/text:=/renamed",
        "--start-offset", "0.5", "--duration", "0.5", "--rate", "2",
    )  # fmt: skip
    assert graph.spin_until(lambda: process.poll() is not None), graph.logs()
    graph.spin_until(lambda: len(kept) == 10, 2)
    assert [each.data for each in kept] == [f"/a/text {index}" for index in range(10, 20)]
    assert left_out == []


def test_clock_follows_the_bag(graph, tmp_path):
    write_strings(tmp_path / "bag", count=20)
    clock = graph.collect(Clock, "/clock", 1000)
    texts = graph.collect(String, "/text", 100)
    process = play(graph, tmp_path / "bag", "--clock", "100")
    assert graph.spin_until(lambda: process.poll() is not None), graph.logs()
    graph.spin_for(0.3)
    times_ns = [each.clock.sec * 10**9 + each.clock.nanosec for each in clock]
    assert len(times_ns) > 20
    assert times_ns == sorted(times_ns)
    assert times_ns[0] >= 1_700_000_000_000_000_000
    assert times_ns[-1] <= 1_700_000_000_000_000_000 + 20 * 50_000_000
    assert len(texts) == 20


def test_what_cannot_be_played_is_named_and_the_rest_is_played(graph, tmp_path):
    with BagWriter(tmp_path / "bag") as writer:
        writer.add_topic("/unknown", "absent_msgs/msg/Thing", "uint8 one\n")
        writer.add_topic("/older", "mobinet_ros/msg/Envelope", "uint8 one\n")  # another definition than installed
        writer.add_topic("/text", STRING)
        for topic in ("/unknown", "/older", "/text"):
            writer.write(topic, 1, serialize_message(String(data="x")))
    received = graph.collect(String, "/text")
    process = play(graph, tmp_path / "bag")
    assert graph.spin_until(lambda: process.poll() is not None), graph.logs()
    assert graph.spin_until(lambda: len(received) == 1), graph.logs()
    assert process.returncode == 0
    assert "/unknown is not played: the message package 'absent_msgs'" in graph.logs()
    assert "/older is not played: mobinet_ros/msg/Envelope was recorded with another definition" in graph.logs()


def test_bags_that_cannot_be_played_end_with_one_error(graph, tmp_path):
    write_strings(tmp_path / "empty", count=0)
    write_strings(tmp_path / "text")
    for arguments, message in (
        ([tmp_path / "absent"], "does not exist"),
        ([tmp_path / "empty"], "holds no messages"),
        ([tmp_path / "text", "--topics", "/none"], "nothing of bag"),
        ([tmp_path / "text", "--start-offset", "99"], "past the end of the bag"),
        ([tmp_path / "text", "--rate", "0"], "--rate: 0.0 is out of range"),
        ([tmp_path / "text", "--remap", "a"], "--remap: expected /OLD:=/NEW"),
        ([tmp_path / "text", "--lockstep", "--rate", "2"], "leave out --rate"),
    ):
        assert play(graph, *arguments).wait(30) == 2
        last = sorted(graph.log_dir.iterdir(), key=lambda path: int(path.name.split("_")[0]))[-1].read_text()
        assert message in last
        assert "Traceback" not in last


def test_truncated_bag_is_played_up_to_the_damage(graph, tmp_path):
    write_strings(tmp_path / "bag", count=20_000, period_ns=10_000)
    file = tmp_path / "bag/bag.mcap"
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 9 // 10])
    received = graph.collect(String, "/text", QoSProfile(depth=20_000))
    process = play(graph, tmp_path / "bag", "--rate", "0.1")
    assert graph.spin_until(lambda: process.poll() is not None), graph.logs()
    assert process.returncode == 2
    assert "mcap recover" in graph.logs()
    assert received[0].data == "/text 0"
    assert graph.spin_until(lambda: len(received) > 5000)  # they wait in the probe's queue


def test_recorder_refuses_what_it_cannot_do(graph, tmp_path):
    (tmp_path / "there").mkdir()
    for arguments, message in (
        (["--all", "-o", tmp_path / "there"], "never overwritten"),
        (["-o", tmp_path / "bag"], "give --all for everything"),
    ):
        process = graph.start("mobinet.cli", "record", *map(str, arguments))
        assert process.wait(30) == 2
        assert message in graph.logs()
    # nobody publishes: ends by itself, says so, and the bag is valid
    process = graph.start("mobinet.cli", "record", "/none", "-d", "1", "-o", str(tmp_path / "nothing"))
    assert process.wait(30) == 1
    assert "nobody published /none" in graph.logs()
    with BagReader(tmp_path / "nothing") as bag:
        assert bag.message_count == 0


def test_recorder_follows_simulated_time(graph, tmp_path):
    clock = graph.node.create_publisher(Clock, "/clock", 10)
    text = graph.node.create_publisher(String, "/text", 10)
    # the clock stands still at 5 s
    graph.node.create_timer(0.05, lambda: clock.publish(Clock(clock=Time(sec=5))))
    recorder = record(graph, ["/text"], "/text", "--use-sim-time", "-o", tmp_path / "bag")
    text.publish(String(data="x"))
    graph.spin_for(0.5)
    assert end(recorder) == 0, graph.logs()
    with BagReader(tmp_path / "bag") as bag:
        assert [each.stamp_ns for each in bag.messages()] == [5_000_000_000]


def write_detections(path, count=40):
    """Two people that walk past each other, seen at 10 Hz with best effort, as a camera would publish."""
    with BagWriter(path) as writer:
        topic, kind = "/r1/front/detections", "vision_msgs/msg/Detection2DArray"
        writer.add_topic(topic, kind, full_definition(kind), type_hash(kind), [TopicQos()])
        for index in range(count):
            stamp_ns = 1_700_000_000_000_000_000 + index * 100_000_000
            message = Detection2DArray()
            message.header.frame_id = "r1/front_optical"
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 10**9)
            for x in (50.0 + 5 * index, 300.0 - 5 * index):
                box = Detection2D(header=message.header)
                box.bbox.center.position.x, box.bbox.center.position.y = x, 100.0
                box.bbox.size_x, box.bbox.size_y = 30.0, 80.0
                hypothesis = ObjectHypothesisWithPose()
                hypothesis.hypothesis.class_id, hypothesis.hypothesis.score = "person", 0.9
                box.results = [hypothesis]
                message.detections.append(box)
            writer.write(topic, stamp_ns, serialize_message(message))


def lockstep_results(graph, bag, nodes, results):
    """What a replay gives on the topics (name to type), after starting the nodes and before ending them."""
    received = [graph.collect(kind, name, 100) for name, kind in results.items()]
    processes = [graph.start_node(name, "/r1", cameras="[front]", use_sim_time=True, **more) for name, more in nodes]

    def publishers():
        return {graph.node.count_publishers(name) for name in results}

    assert graph.spin_until(lambda: publishers() == {1}), graph.logs()
    graph.spin_for(1.0)
    player = play(graph, bag, "--lockstep")
    assert graph.spin_until(lambda: player.poll() is not None, 90), graph.logs()
    assert player.returncode == 0, graph.logs()
    graph.spin_for(0.5)
    for process in processes:
        end(process)
    assert graph.spin_until(lambda: publishers() == {0})
    return [list(each) for each in received]  # compared as messages: serialised, the padding holds whatever was there


def test_two_lockstep_replays_are_identical(graph, tmp_path):
    write_detections(tmp_path / "bag")
    (first,), (second,) = (
        lockstep_results(graph, tmp_path / "bag", [("tracker_node", {})], {"/r1/front/tracks": TrackArray})
        for _ in range(2)
    )
    assert (len(first), len(first[-1].tracks)) == (40, 2)
    assert first == second
    assert "lockstep: 40 stamps, 40 results, 0 missing" in graph.logs()


@pytest.mark.recordings
def test_lockstep_replays_of_real_images_are_identical(graph, tmp_path, data_dir):
    # as fast as the detector can, which would drop images at this pace without lockstep
    video = cv2.VideoCapture(str(data_dir / "mot/TUD-Campus/TUD-Campus.mp4"))
    with BagWriter(tmp_path / "bag") as writer:
        writer.add_topic("/r1/front/image_raw", "sensor_msgs/msg/Image", qos=[TopicQos("best_effort")])
        for index in range(25):
            stamp_ns = 1_700_000_000_000_000_000 + index * 40_000_000
            pixels = video.read()[1]
            image = Image(height=pixels.shape[0], width=pixels.shape[1], encoding="bgr8", step=pixels.shape[1] * 3)
            image.header.stamp.sec, image.header.stamp.nanosec = divmod(stamp_ns, 10**9)
            image.header.frame_id = "r1/front_optical"
            image.data = array("B", pixels.tobytes())
            writer.write("/r1/front/image_raw", stamp_ns, serialize_message(image))
    video.release()
    nodes = [
        # a budget that any machine exceeds, so that without simulated time its load would decide
        ("reid_node", {"budget_ms": 0.5, "refresh_s": 0.05}),
        ("tracker_node", {}),
        ("detector_node", {"model": data_dir / "models/fastestdet/FastestDet.onnx"}),
    ]
    results = {"/r1/front/tracks": TrackArray, "/r1/front/appearances": AppearanceArray}
    first, second = (lockstep_results(graph, tmp_path / "bag", nodes, results) for _ in range(2))
    tracks, appearances = first
    assert (len(tracks), len(appearances)) == (25, 25), graph.logs()
    assert any(len(each.tracks) >= 3 for each in tracks)
    assert any(len(each.appearances) >= 3 for each in appearances)
    assert first == second
    assert "lockstep: 25 stamps, 50 results, 0 missing" in graph.logs()


class SlowTracker:
    """Answers each message on its input after a while, and leaves one stamp out."""

    def __init__(self, graph, seconds, leave_out=-1):
        self.waiting, self.seen, self.overtaken = [], 0, 0
        self.leave_out = leave_out
        self.publisher = graph.node.create_publisher(TrackArray, "/r1/front/tracks", 10)
        graph.node.create_subscription(Detection2DArray, "/r1/front/detections", self.take, 10)
        graph.node.create_timer(seconds, self.answer)

    def take(self, message):
        self.overtaken += bool(self.waiting)
        self.waiting.append(message.header)
        self.seen += 1

    def answer(self):
        for header in self.waiting:
            if self.seen != self.leave_out:
                self.publisher.publish(TrackArray(header=header))
        self.waiting.clear()


def test_lockstep_waits_for_the_slowest(graph, tmp_path):
    write_detections(tmp_path / "bag", count=10)
    tracker = SlowTracker(graph, 0.2)
    process = play(graph, tmp_path / "bag", "--lockstep", "--wait-for", "/r1/front/tracks")
    assert graph.spin_until(lambda: process.poll() is not None, 60), graph.logs()
    assert process.returncode == 0, graph.logs()
    assert (tracker.seen, tracker.overtaken) == (10, 0)


def test_lockstep_reports_results_that_came_too_late_to_be_waited_for(graph, tmp_path):
    write_detections(tmp_path / "bag", count=10)
    tracker = SlowTracker(graph, 0.4)
    process = play(graph, tmp_path / "bag", "--lockstep")
    assert graph.spin_until(lambda: tracker.seen > 0, 60), graph.logs()
    graph.node.create_publisher(TrackArray, "/r1/tracks", 10)
    assert graph.spin_until(lambda: process.poll() is not None, 60), graph.logs()
    assert process.returncode == 1
    assert "/r1/tracks appeared after the start" in graph.logs()
    assert "10 results, 0 missing" in graph.logs()


def test_lockstep_reports_what_did_not_come(graph, tmp_path):
    write_detections(tmp_path / "bag", count=5)
    SlowTracker(graph, 0.05, leave_out=3)
    process = play(graph, tmp_path / "bag", "--lockstep", "--timeout", "1")
    assert graph.spin_until(lambda: process.poll() is not None, 60), graph.logs()
    assert process.returncode == 1
    assert "lockstep: 5 stamps, 4 results, 1 missing" in graph.logs()
    assert "no /r1/front/tracks at 1700000000.2" in graph.logs()
