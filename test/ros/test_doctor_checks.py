"""The doctor's rules on hand-made snapshots: no middleware runs here."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from event_camera_msgs.msg import EventPacket
from rclpy.duration import Duration
from rclpy.qos import (
    DurabilityPolicy,
    LivelinessPolicy,
    QoSCompatibility,
    QoSProfile,
    ReliabilityPolicy,
    qos_check_compatible,
)
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo

from mobinet.errors import InputError
from mobinet_ros.doctor.check_cameras import check_camera_info
from mobinet_ros.doctor.check_events import check_events
from mobinet_ros.doctor.check_frames import check_frames, check_links
from mobinet_ros.doctor.check_nodes import (
    activation,
    check_diagnostics,
    check_lifecycle,
    check_machine,
    check_models,
    check_presence,
)
from mobinet_ros.doctor.check_streams import check_silence, check_stamps
from mobinet_ros.doctor.check_time import check_sim_time
from mobinet_ros.doctor.check_topics import check_missing_publishers, check_qos, check_types, incompatible_policies
from mobinet_ros.doctor.checks import diagnose
from mobinet_ros.doctor.findings import Finding, Severity, names
from mobinet_ros.doctor.listening import StreamListener, read_head
from mobinet_ros.doctor.questions import is_missing_file, is_model
from mobinet_ros.doctor.report import exit_status, write_json, write_text
from mobinet_ros.doctor.snapshot import (
    CAMERA_INFO_TYPE,
    CLOCK_TYPE,
    COMPRESSED_TYPE,
    EVENTS_TYPE,
    IMAGE_TYPE,
    SIGHTINGS_TYPE,
    TF_TYPE,
    TRACKS_TYPE,
    Clock,
    Diagnostic,
    Endpoint,
    Link,
    Machine,
    Node,
    Qos,
    Snapshot,
    Stream,
    Topic,
)

SECOND = 1_000_000_000


def topic(name: str, kind: str = IMAGE_TYPE, by: str = "", to: str = "", **options: str) -> Topic:
    """A topic with one publisher and one subscription, each where a node is named."""
    publishers = (Endpoint(by, kind, **options),) if by else ()
    subscriptions = (Endpoint(to, kind, **options),) if to else ()
    return Topic(name, publishers, subscriptions)


def kinds(findings: object) -> list[str]:
    return [finding.check for finding in findings]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("published", "wanted", "meant"),
    [
        ("/r1/front/image_raw", "/r1/front/image", "/r1/front/image_raw"),
        # the namespace was left out
        ("/r1/front/image_raw", "/image_raw", "/r1/front/image_raw"),
        # one letter
        ("/r1/front/image_raw", "/r1/frnt/image_raw", "/r1/front/image_raw"),
        # another topic altogether
        ("/r1/front/image_raw", "/depth/points", None),
    ],
)
def test_near_names(published: str, wanted: str, meant: str | None) -> None:
    snapshot = Snapshot(topics=(topic(published, by="/cam"), topic(wanted, to="/tracker")))
    (finding,) = check_missing_publishers(snapshot)
    assert (f"did you mean {meant}" in finding.what) == (meant is not None)
    assert "/tracker" in finding.what


def test_a_name_of_another_type_is_not_suggested() -> None:
    snapshot = Snapshot(topics=(topic("/a/image_raw", CAMERA_INFO_TYPE, by="/cam"), topic("/a/image", to="/tracker")))
    (finding,) = check_missing_publishers(snapshot)
    assert "did you mean" not in finding.what


@pytest.mark.parametrize(
    "topics",
    [
        # the node takes the raw image, its compressed subscription may be idle
        (topic("/a/image_raw", by="/cam", to="/t"), topic("/a/image_raw/compressed", COMPRESSED_TYPE, to="/t")),
        # told by the check of camera_info
        (topic("/a/image_raw", by="/cam"), topic("/a/camera_info", CAMERA_INFO_TYPE, to="/t")),
        # every node on simulated time listens to the clock: told by the check of time
        (topic("/clock", CLOCK_TYPE, to="/t"),),
    ],
)
def test_missing_publishers_that_are_no_fault_here(topics: tuple[Topic, ...]) -> None:
    assert list(check_missing_publishers(Snapshot(topics=topics))) == []


RELIABILITIES = (ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT)
DURABILITIES = (DurabilityPolicy.VOLATILE, DurabilityPolicy.TRANSIENT_LOCAL)
LIVELINESSES = (LivelinessPolicy.AUTOMATIC, LivelinessPolicy.MANUAL_BY_TOPIC)
DURATIONS = (None, 1, 2)
PROFILES = [
    (Qos(r.name.lower(), d.name.lower(), v.name.lower(), *(None if x is None else x * SECOND for x in (dl, ls))),
     QoSProfile(
         depth=1,
         reliability=r,
         durability=d,
         liveliness=v,
         **({} if dl is None else {"deadline": Duration(seconds=dl)}),
         **({} if ls is None else {"liveliness_lease_duration": Duration(seconds=ls)}),
     ))
    for r in RELIABILITIES
    for d in DURABILITIES
    for v in LIVELINESSES
    for dl in DURATIONS
    for ls in DURATIONS
]  # fmt: skip


def test_compatibility_agrees_with_the_middleware_on_every_pair() -> None:
    for offer, ros_offer in PROFILES:
        for request, ros_request in PROFILES:
            ours = incompatible_policies(Endpoint("/p", "t", qos=offer), Endpoint("/s", "t", qos=request))
            theirs, reason = qos_check_compatible(ros_offer, ros_request)
            assert bool(ours) == (theirs == QoSCompatibility.ERROR), (offer, request, reason)


def test_a_subscription_that_gets_something_is_warned_of_only() -> None:
    publishers = (Endpoint("/good", "t"), Endpoint("/weak", "t", qos=Qos(reliability="best_effort")))
    (finding,) = check_qos(Snapshot(topics=(Topic("/a", publishers, (Endpoint("/s", "t"),)),)))
    assert finding.severity == Severity.WARNING
    assert "/weak offers best_effort, /s asks for reliable" in finding.what
    assert "qos_overrides./a.subscription.reliability:=best_effort" in finding.cure


@pytest.mark.parametrize(
    ("hashes", "expected"),
    [
        (("RIHS01_aa", "RIHS01_bb"), ["type-hash"]),
        (("RIHS01_aa", "RIHS01_aa"), []),
        # Humble tells no hash
        (("RIHS01_aa", ""), []),
    ],
)
def test_type_hashes(hashes: tuple[str, str], expected: list[str]) -> None:
    sides = (Endpoint("/p", "t", hashes[0]),), (Endpoint("/s", "t", hashes[1]),)
    assert kinds(check_types(Snapshot(topics=(Topic("/a", *sides),)))) == expected


def test_own_definition_is_blamed_when_only_the_doctor_hears_nothing() -> None:
    image = topic("/a/image_raw", by="/cam", type_hash="RIHS01_aa")
    streams, own = {"/a/image_raw": Stream()}, {"/a/image_raw": "RIHS01_bb"}
    (finding,) = check_silence(Snapshot(topics=(image,), streams=streams, own_hashes=own))
    assert "this machine has another definition of sensor_msgs" in finding.what


def test_silence_of_an_inactive_node_is_explained_by_its_state() -> None:
    image, streams = topic("/a/image_raw", by="/cam"), {"/a/image_raw": Stream()}
    snapshot = Snapshot(topics=(image,), streams=streams)
    assert kinds(check_silence(snapshot)) == ["silent"]
    assert kinds(check_silence(replace(snapshot, nodes=(Node("/cam", lifecycle="inactive"),)))) == []


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (Stream(5, age_ns=30_000_000), []),
        (Stream(5, age_ns=-30_000_000), []),
        (Stream(5, age_ns=-SECOND), [("future-stamp", Severity.ERROR)]),
        (Stream(5, age_ns=3 * SECOND), [("stale-stamp", Severity.WARNING)]),
        (Stream(5, age_ns=3600 * SECOND), [("stale-stamp", Severity.ERROR)]),
        (Stream(5, zero_stamps=2, age_ns=0), [("zero-stamp", Severity.ERROR)]),
        (Stream(5, jumps_back=1, age_ns=0), [("stamp-jumps-back", Severity.WARNING)]),
        # on a simulated clock though the publisher is not: the mixture has its own check
        (Stream(5, age_ns=3600 * SECOND, clock_ages_ns={"/clock": 1000}), []),
    ],
)
def test_stamps(stream: Stream, expected: list[tuple[str, Severity]]) -> None:
    found = check_stamps(Snapshot(topics=(topic("/a", by="/cam"),), streams={"/a": stream}))
    assert [(f.check, f.severity) for f in found] == expected


def test_stamps_are_judged_on_the_clock_that_the_publisher_follows() -> None:
    clock = topic("/r1/clock", CLOCK_TYPE, by="/sim", to="/cam")
    stream = Stream(5, age_ns=10**9 * SECOND, clock_ages_ns={"/clock": 1000, "/r1/clock": 5 * SECOND})
    node = Node("/cam", use_sim_time=True)
    (finding,) = check_stamps(Snapshot(nodes=(node,), topics=(topic("/a", by="/cam"), clock), streams={"/a": stream}))
    assert "5.00 s old" in finding.what


def test_bad_stamps_are_told_at_their_origin_only() -> None:
    image = topic("/a/image_raw", by="/cam", to="/tracker")
    tracks = topic("/a/tracks", TRACKS_TYPE, by="/tracker")
    streams = dict.fromkeys(("/a/image_raw", "/a/tracks"), Stream(3, zero_stamps=3))
    (finding,) = check_stamps(Snapshot(topics=(image, tracks), streams=streams))
    assert finding.what.startswith("/a/image_raw")


@pytest.mark.parametrize(
    ("nodes", "clock", "seen", "expected"),
    [
        ({"/t": True}, None, None, ["no-clock"]),
        ({"/t": True}, "/sim", Clock(10, SECOND), []),
        ({"/t": True}, "/sim", Clock(10, 0), ["clock-stands"]),
        # the simulator itself is on wall time, and rightly so
        ({"/t": True, "/sim": False}, "/sim", Clock(10, SECOND), []),
        ({"/t": True, "/u": False}, "/sim", Clock(10, SECOND), ["mixed-time"]),
        ({"/u": False}, "/sim", Clock(10, SECOND), ["mixed-time"]),
        ({"/u": False, "/v": None}, None, None, []),
    ],
)
def test_sim_time(nodes: dict[str, bool | None], clock: str | None, seen: Clock | None, expected: list[str]) -> None:
    snapshot = Snapshot(
        nodes=tuple(Node(name, use_sim_time=value) for name, value in nodes.items()),
        topics=(topic("/clock", CLOCK_TYPE, by=clock or "", to="/t"),),
        clocks={"/clock": seen} if seen else {},
    )
    assert kinds(check_sim_time(snapshot)) == expected


def test_camera_info_is_missed_by_who_places_its_tracks() -> None:
    topics = (
        topic("/r1/front/image_raw", by="/cam"),
        topic("/r1/front/tracks", TRACKS_TYPE, by="/tracker", to="/r1/cooperation"),
        topic("/r1/sightings", SIGHTINGS_TYPE, by="/r1/cooperation"),
    )
    (finding,) = check_camera_info(Snapshot(topics=topics))
    assert finding.severity == Severity.ERROR
    assert "/r1/cooperation" in finding.what
    # nobody needs it
    (finding,) = check_camera_info(Snapshot(topics=topics[:1]))
    assert finding.severity == Severity.NOTE


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        (Stream(3, size=(640, 480), frame_ids=("f",)), []),
        (Stream(3, size=(320, 240), frame_ids=("f",)), ["camera-info-size"]),
        (Stream(3, size=(640, 480), frame_ids=("g",)), ["camera-info-frame"]),
        (Stream(3, size=(640, 480), frame_ids=("f",), calibrated=False), ["uncalibrated"]),
    ],
)
def test_camera_info_that_does_not_fit(info: Stream, expected: list[str]) -> None:
    topics = (topic("/a/image_raw", by="/cam"), topic("/a/camera_info", CAMERA_INFO_TYPE, by="/cam"))
    streams = {"/a/image_raw": Stream(3, size=(640, 480), frame_ids=("f",)), "/a/camera_info": info}
    assert kinds(check_camera_info(Snapshot(topics=topics, streams=streams))) == expected


def on_tf(*links: Link, frame: str = "cam") -> Snapshot:
    topics = (topic("/a/image_raw", by="/cam"), topic("/tf", TF_TYPE, by="/odometry", to="/cooperation"))
    return Snapshot(topics=topics, streams={"/a/image_raw": Stream(1, frame_ids=(frame,))}, links=links)


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        (on_tf(Link("map", "base"), Link("base", "cam")), []),
        (on_tf(Link("map", "base"), Link("odom", "cam")), ["no-transform"]),
        # no transforms at all
        (on_tf(), ["no-transform"]),
        (on_tf(Link("map", "cam"), frame=""), ["no-frame-id"]),
        # a loop of transforms ends
        (on_tf(Link("base", "cam"), Link("cam", "base")), ["no-transform"]),
    ],
)
def test_frames(snapshot: Snapshot, expected: list[str]) -> None:
    assert kinds(check_frames(snapshot)) == expected


def test_missing_link_names_both_trees() -> None:
    (finding,) = check_frames(on_tf(Link("map", "r2/odom"), Link("r1/odom", "r1/base"), Link("r1/base", "cam")))
    assert "tree of 'map': r2/odom" in finding.what
    assert "tree of 'r1/odom': cam, r1/base" in finding.what
    assert "'map' -> 'r1/odom'" in finding.cure


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ((Link("map", "base", age_ns=SECOND),), []),
        ((Link("map", "base", age_ns=5 * SECOND), Link("base", "cam", static=True)), ["old-transform"]),
        # old, but no camera is below it
        ((Link("map", "arm", age_ns=5 * SECOND), Link("map", "cam", static=True)), []),
        ((Link("map", "cam", static=True), Link("odom", "cam", static=True)), ["two-parents"]),
    ],
)
def test_links(links: tuple[Link, ...], expected: list[str]) -> None:
    assert kinds(check_links(on_tf(*links))) == expected


@pytest.mark.parametrize(
    ("present", "expected_nodes", "found"),
    [
        ((), (), ["no-nodes"]),
        (("/a",), ("/a", "/b"), ["missing-node"]),
        (("/a", "/a"), (), ["duplicate-node"]),
        (("/a", "/b"), ("/a",), []),
    ],
)
def test_presence(present: tuple[str, ...], expected_nodes: tuple[str, ...], found: list[str]) -> None:
    snapshot = Snapshot(nodes=tuple(Node(name) for name in present), expected_nodes=expected_nodes)
    assert kinds(check_presence(snapshot)) == found


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, []),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET", "ROS_LOCALHOST_ONLY": "0", "ROS_DOMAIN_ID": "5"}, []),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}, [Severity.NOTE]),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "off"}, [Severity.NOTE]),
        ({"ROS_LOCALHOST_ONLY": "1"}, [Severity.NOTE]),
        ({"ROS_DOMAIN_ID": "150"}, [Severity.NOTE]),
        # the two do not go together
        (
            {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", "FASTDDS_BUILTIN_TRANSPORTS": "LARGE_DATA?max_msg_size=1MB"},
            [Severity.NOTE, Severity.WARNING],
        ),
    ],
)
def test_settings_that_hide_robots(environment: dict[str, str], found: list[Severity]) -> None:
    snapshot = Snapshot(nodes=(Node("/a"),), machine=Machine(environment))
    assert [f.severity for f in check_machine(snapshot)] == found


def test_hidden_robots_are_a_warning_when_some_are_missed() -> None:
    machine = Machine({"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"})
    (finding,) = check_machine(Snapshot(nodes=(Node("/a"),), expected_nodes=("/b",), machine=machine))
    assert finding.severity == Severity.WARNING


def test_machine_repeats_what_is_wrong_with_shared_memory_and_profiles() -> None:
    machine = Machine(
        {"FASTDDS_DEFAULT_PROFILES_FILE": "/no/such.xml"},
        missing_files=("FASTDDS_DEFAULT_PROFILES_FILE",),
        shared_memory=("/dev/shm has 3 MB free; enlarge it",),
        leaked="2 segments; remove them",
    )
    profile, small, leaked = check_machine(Snapshot(nodes=(Node("/a"),), machine=machine))
    assert (profile.severity, small.severity, leaked.severity) == (Severity.ERROR, Severity.WARNING, Severity.NOTE)
    assert (small.what, small.cure) == ("/dev/shm has 3 MB free", "enlarge it")
    assert "/no/such.xml" in profile.what


@pytest.mark.parametrize(
    ("same_host", "severity"), [(True, Severity.ERROR), (None, Severity.NOTE), (False, Severity.NOTE)]
)
def test_model_of_a_node_elsewhere_cannot_be_judged(same_host: bool | None, severity: Severity) -> None:
    node = Node("/d", models={"model": "/x.onnx"}, missing_models=("model",), same_host=same_host)
    (finding,) = check_models(Snapshot(nodes=(node,)))
    assert finding.severity == severity


@pytest.mark.parametrize(
    ("value", "missing"),
    [
        ("", False),
        ("hog", False),
        ("fastestdet", False),
        ("net.onnx", True),
        ("/nowhere/net.onnx", True),
        (__file__, False),
    ],
)
def test_which_model_values_are_files(value: str, missing: bool) -> None:
    assert is_missing_file(value) == missing


def test_which_parameters_name_a_model() -> None:
    chosen = ("model", "detector.model", "reid_model", "model_file", "model_name", "models")
    assert [name for name in chosen if is_model(name)] == ["model", "detector.model", "reid_model", "model_file"]


@pytest.mark.parametrize(
    ("state", "command"),
    [
        ("unconfigured", "configure && ros2 lifecycle set /n activate"),
        ("inactive", "set /n activate"),
        ("finalized", "restart"),
    ],
)
def test_activation_fits_the_state(state: str, command: str) -> None:
    assert command in activation("/n", state)


def test_many_inactive_nodes_are_one_finding() -> None:
    nodes = tuple(Node(f"/n{i}", lifecycle="unconfigured") for i in range(5))
    (finding,) = check_lifecycle(Snapshot(nodes=nodes))
    assert finding.what.startswith("5 nodes are not active but 'unconfigured': /n0, ")
    assert len(list(check_lifecycle(Snapshot(nodes=nodes[:4])))) == 4


def test_a_warning_of_an_inactive_node_is_told_once() -> None:
    nodes = (Node("/a", lifecycle="inactive"), Node("/b", lifecycle="active"))
    said = (
        Diagnostic(1, "/a", "inactive"),
        Diagnostic(1, "/b", "slow"),
        Diagnostic(2, "/a", "no model"),
        Diagnostic(0, "/c", "ok"),
    )
    found = list(check_diagnostics(Snapshot(nodes=nodes, diagnostics=said)))
    assert [(f.severity, f.what) for f in found] == [
        (Severity.WARNING, "/b warns: slow"),
        (Severity.ERROR, "/a reports an error: no model"),
    ]


def test_diagnosis_puts_the_worst_first() -> None:
    machine = Machine({"ROS_LOCALHOST_ONLY": "1"})
    nodes = (Node("/a", lifecycle="inactive"), Node("/b", lifecycle=""))
    found = diagnose(Snapshot(nodes=nodes, machine=machine))
    assert [f.severity for f in found] == [Severity.ERROR, Severity.WARNING, Severity.NOTE]


@pytest.mark.parametrize(
    ("severities", "status"),
    [([], 0), ([Severity.NOTE], 0), ([Severity.NOTE, Severity.WARNING], 1), ([Severity.ERROR, Severity.NOTE], 2)],
)
def test_exit_status(severities: list[Severity], status: int) -> None:
    assert exit_status([Finding(s, "c", "w", "x") for s in severities]) == status


def test_reports() -> None:
    findings, snapshot = [Finding(Severity.ERROR, "qos", "what", "cure")], Snapshot(nodes=(Node("/a"),))
    text, data = io.StringIO(), io.StringIO()
    write_text(findings, snapshot, text)
    write_json(findings, snapshot, data)
    assert text.getvalue().splitlines()[:2] == ["error    what", "         -> cure"]
    assert "1 errors, 0 warnings, 0 notes" in text.getvalue()
    report = json.loads(data.getvalue())
    assert report["status"] == 2
    assert report["findings"] == [{"severity": "error", "check": "qos", "what": "what", "cure": "cure"}]


def test_names_are_few_and_distinct() -> None:
    assert names(["b", "a", "b"]) == "a, b"
    assert names("edcba", most=2) == "a, b and 3 more"


@pytest.mark.parametrize("frame_id", ["", "r1/front_optical", "abc", "abcd"])
def test_head_of_a_serialised_message(frame_id: str) -> None:
    msg = CameraInfo(width=640, height=480)
    msg.header.frame_id = frame_id
    msg.header.stamp.sec, msg.header.stamp.nanosec = 12, 34
    head = read_head(serialize_message(msg))
    assert (head.stamp_ns, head.frame_id) == (12 * SECOND + 34, frame_id)
    listener = StreamListener(CAMERA_INFO_TYPE, CameraInfo, {"/clock": 13 * SECOND}, wall_ns=lambda: 15 * SECOND)
    listener.receive(serialize_message(msg))
    stream = listener.stream()
    assert (stream.size, stream.calibrated, stream.frame_ids) == ((640, 480), False, (frame_id,))
    assert (stream.age_ns, stream.clock_ages_ns) == (3 * SECOND - 34, {"/clock": SECOND - 34})


def test_damaged_message_is_not_counted() -> None:
    listener = StreamListener(CAMERA_INFO_TYPE, CameraInfo, {})
    listener.receive(b"\0\1\0\0abc")
    assert listener.stream().count == 0
    with pytest.raises(InputError, match="7 bytes"):
        read_head(b"\0\1\0\0abc")


EVENTS = topic("/r1/dvs/events", EVENTS_TYPE, by="/r1/driver", to="/r1/event_detector_node")
SOUND_EVENTS = Stream(count=9, encodings=("evt3",), sizes=((640, 480),))


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (SOUND_EVENTS, []),
        # nothing came: that has its own check
        (Stream(), []),
        (replace(SOUND_EVENTS, encodings=("evt3", "evt9")), [("events-encoding", "'evt9'")]),
        (replace(SOUND_EVENTS, sizes=((320, 240), (640, 480))), [("events-size", "320x240 and 640x480")]),
        (replace(SOUND_EVENTS, lost=3), [("events-lost", "3 packets of /r1/driver did not come (25%)")]),
    ],
)
def test_packets_of_events(stream: Stream, expected: list[tuple[str, str]]) -> None:
    found = list(check_events(Snapshot(topics=(EVENTS,), streams={EVENTS.name: stream}, seconds=3.0)))
    assert [finding.check for finding in found] == [check for check, _ in expected]
    assert all(text in finding.what for finding, (_, text) in zip(found, expected, strict=True))


def test_a_calibration_of_another_sensor_of_events() -> None:
    info = topic("/r1/dvs/camera_info", CAMERA_INFO_TYPE, by="/r1/driver")
    streams = {EVENTS.name: SOUND_EVENTS, info.name: Stream(count=9, size=(346, 260))}
    (finding,) = check_events(Snapshot(topics=(EVENTS, info), streams=streams, seconds=3.0))
    assert finding.check == "camera-info-size"
    assert "346x260" in finding.what


# the frame's length moves what is behind it
@pytest.mark.parametrize("frame", ["", "d", "dvs", "r1/dvs_optical"])
def test_packets_are_read_without_their_events(frame: str) -> None:
    listener = StreamListener(EVENTS_TYPE, EventPacket, {}, wall_ns=lambda: 15 * SECOND)
    for seq in (7, 8, 11):
        msg = EventPacket(width=640, height=480, seq=seq, time_base=5, encoding="evt3")
        msg.header.frame_id, msg.header.stamp.sec = frame, 10
        listener.receive(serialize_message(msg))
    stream = listener.stream()
    assert (stream.count, stream.encodings, stream.sizes, stream.lost) == (3, ("evt3",), ((640, 480),), 2)
    # cut off: another definition of the type
    listener.receive(serialize_message(EventPacket())[:20])
    assert listener.stream().count == 3
