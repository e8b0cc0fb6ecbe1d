"""A world as messages: their order, their stamps, and that they say what the simulation says."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from rclpy.serialization import deserialize_message

from mobinet.errors import SettingsError
from mobinet.events import Events, Evt3Decoder
from mobinet.geometry import OPTICAL2BODY
from mobinet.sim.contacts import contacts_of
from mobinet.sim.event_camera import EventCamera
from mobinet.sim.event_settings import EventCameraSettings
from mobinet.sim.simulation import Simulation
from mobinet.sim.world_file import load_world
from mobinet_ros import topics
from mobinet_ros.conversions import camera_info_to_model, msg_to_transform, stamp_to_ns
from mobinet_ros.image_conversions import msg_to_image
from mobinet_ros.simulation.channels import TRUTH_TOPICS, channels_of
from mobinet_ros.simulation.settings import StreamSettings
from mobinet_ros.simulation.stream import WorldStream

SETTINGS = StreamSettings(duration=0.5, start_time=100.0)
START_NS = 100 * 10**9


@pytest.fixture(scope="module")
def simulation(sim_world):
    with Simulation(load_world(sim_world)) as made:
        yield made


def told(simulation, settings=SETTINGS, wanted=lambda channel: True):
    """(time of the world, topic, message) of all that is streamed."""
    return [
        (instant.world_ns, message.channel.name, deserialize_message(message.cdr, message.channel.topic.type))
        for instant in WorldStream(simulation, settings, wanted).instants()
        for message in instant.messages
    ]


def named(messages, topic):
    return [(world_ns, msg) for world_ns, name, msg in messages if name == topic]


def test_no_message_is_ahead_of_its_clock(simulation):
    clocks = {"/clock": -1, "r1/clock": -1}
    for world_ns, name, msg in told(simulation):
        if name in clocks:
            assert stamp_to_ns(msg.clock) > clocks[name]
            clocks[name] = stamp_to_ns(msg.clock)
            continue
        own = clocks["r1/clock" if name.startswith("r1/") else "/clock"]
        assert clocks["/clock"] == START_NS + world_ns
        if name != "/tf":
            assert stamp_to_ns(msg.header.stamp) == own


def test_wrong_clocks_stamp_wrongly_and_the_truth_knows(simulation):
    robot = simulation.world.robots[0]
    for world_ns, msg in named(told(simulation), "r1/front/truth"):
        assert stamp_to_ns(msg.header.stamp) == START_NS + robot.clock.stamp_ns(world_ns) != START_NS + world_ns
        assert stamp_to_ns(msg.world_stamp) == START_NS + world_ns


def test_images_come_at_their_rate_with_what_describes_them(simulation):
    messages = told(simulation)
    for view, period_ns in zip(simulation.views, (100_000_000, 200_000_000), strict=True):
        images, infos = (named(messages, f"{view.name}/{name}") for name in ("image_raw", "camera_info"))
        assert [world_ns for world_ns, _ in images] == list(range(0, 500_000_000, period_ns))[: len(images)]
        assert len(images) == SETTINGS.duration * view.camera.rate // 1
        for (world_ns, image), (_, info) in zip(images, infos, strict=True):
            assert image.header == info.header
            assert image.header.frame_id == f"{view.name}_optical"
            assert camera_info_to_model(info).matrix.tolist() == view.camera.model.matrix.tolist()
            np.testing.assert_array_equal(msg_to_image(image), simulation.image(view, world_ns))


def test_depth_is_that_of_rep_118(simulation):
    view = simulation.views[0]
    for world_ns, msg in named(told(simulation), "r1/front/depth/image_raw"):
        assert msg.encoding == "32FC1"
        metres = np.frombuffer(msg.data, np.float32).reshape(msg.height, msg.width)
        np.testing.assert_array_equal(metres, simulation.depth(view, world_ns))
        assert np.isinf(metres).any()
        assert np.isfinite(metres).any()


def test_truth_is_that_of_the_simulation(simulation):
    messages = told(simulation)
    for view in simulation.views:
        rows = named(messages, f"{view.name}/truth")
        assert len(rows) == len(named(messages, f"{view.name}/camera_info"))
        for world_ns, msg in rows:
            expected = simulation.truth(view, world_ns)
            assert [(o.name, o.identity, o.class_id) for o in msg.objects] == [
                (thing.name, thing.identity, thing.object_class.label) for thing in expected
            ]
            assert len(expected) >= 2
            for row, thing in zip(msg.objects, expected, strict=True):
                assert corners(row.bbox) == pytest.approx(thing.box.tolist())
                assert corners(row.visible_bbox) == pytest.approx(thing.visible_box.tolist())
                assert row.visibility == pytest.approx(thing.visibility)
                assert dict(zip(row.hidden_by, row.hidden_shares, strict=True)) == pytest.approx(dict(thing.hidden_by))
                assert xyz(row.position) == pytest.approx(thing.position.tolist())
                assert xyz(row.velocity) == pytest.approx(thing.velocity.tolist())
            pose = simulation.optical_pose(view, world_ns)
            assert xyz(msg.camera_pose.position) == pytest.approx(pose.translation.tolist())


def corners(box):
    x, y = box.center.position.x, box.center.position.y
    return [x - box.size_x / 2, y - box.size_y / 2, x + box.size_x / 2, y + box.size_y / 2]


def xyz(vector):
    return [vector.x, vector.y, vector.z]


def test_events_are_those_of_the_camera(sim_world, tmp_path):
    path = tmp_path / "events.yaml"
    path.write_text(sim_world.read_text().replace("rate: 10, type: rgbd", "rate: 10, type: events"))
    with Simulation(load_world(path)) as other:
        messages = told(other, replace(SETTINGS, duration=0.1), wanted=lambda channel: False)
        view = other.views[0]
        expected = EventCamera(other, view, EventCameraSettings()).advance(96_000_000)
    packets = named(messages, "r1/front/events")
    assert [msg.seq for _, msg in packets] == list(range(24))
    decoder = Evt3Decoder(96, 72)
    clock = view.robot.clock
    for number, (world_ns, msg) in enumerate(packets):
        assert world_ns == (number + 1) * 4_000_000
        assert stamp_to_ns(msg.header.stamp) == START_NS + clock.stamp_ns(world_ns - 4_000_000)
        assert (msg.encoding, msg.width, msg.height, msg.is_bigendian) == ("evt3", 96, 72, False)
    decoded = Events.concatenate([decoder.decode(bytes(msg.events)) for _, msg in packets])
    assert len(expected) > 10
    np.testing.assert_array_equal(decoded.t_ns, expected.t_ns)
    np.testing.assert_array_equal(decoded.x, expected.x)
    np.testing.assert_array_equal(decoded.polarity, expected.polarity)


def test_transforms_are_there_before_the_images_that_need_them(simulation):
    robot = simulation.world.robots[0]
    at = None
    for world_ns, name, msg in told(simulation):
        if name == "/tf" and msg.transforms[0].child_frame_id == "r1/odom":
            at = world_ns
            odom2map, base2odom = (msg_to_transform(row) for row in msg.transforms)
            believed = simulation.odom2map(robot, world_ns) @ simulation.base2odom(robot, world_ns)
            np.testing.assert_allclose((odom2map @ base2odom).translation, believed.translation, atol=1e-9)
        if name == "r1/front/image_raw":
            assert at == world_ns


def test_mounts_lead_to_the_optical_frame(simulation):
    message = WorldStream(simulation, SETTINGS).latched()
    rows = deserialize_message(message.cdr, message.channel.topic.type).transforms
    frames = [(row.header.frame_id, row.child_frame_id) for row in rows[:2]]
    assert frames == [("r1/base_link", "r1/front"), ("r1/front", "r1/front_optical")]
    expected = simulation.views[0].camera.mount @ OPTICAL2BODY
    found = msg_to_transform(rows[0]) @ msg_to_transform(rows[1])
    np.testing.assert_allclose(found.rotation, expected.rotation, atol=1e-9)
    np.testing.assert_allclose(found.translation, expected.translation, atol=1e-9)


def test_a_worn_camera_is_where_its_wearer_moves_it(sim_world, tmp_path):
    path = tmp_path / "worn.yaml"
    path.write_text(
        sim_world.read_text()
        .replace("    path: [[0, 0], [1, 0]]\n", "    worn: head\n    path: [[0, 0], [1, 0]]\n")
        .replace("    odometry: {distance_scale: 0.05}\n", "")
    )
    with Simulation(load_world(path)) as other:
        stream = WorldStream(other, SETTINGS)
        message = stream.latched()
        rows = deserialize_message(message.cdr, message.channel.topic.type).transforms
        fixed = {row.child_frame_id: row for row in rows}
        assert "r1/front" not in fixed
        assert "r2/left" in fixed
        believed = named(told(other, wanted=lambda channel: False), "/tf")
        view, places = other.views[0], []
        for world_ns in view.stamps_ns(0.5):
            (moved,) = [msg for ns, msg in believed if ns == world_ns and msg.transforms[0].child_frame_id == "r1/odom"]
            chain = [msg_to_transform(row) for row in (*moved.transforms, fixed["r1/front_optical"])]
            found = chain[0] @ chain[1] @ chain[2] @ chain[3]
            expected = other.optical_pose(view, world_ns)
            np.testing.assert_allclose(found.translation, expected.translation, atol=1e-6)
            np.testing.assert_allclose(found.rotation, expected.rotation, atol=1e-6)
            places.append(found.translation[2])
        assert np.ptp(places) > 0.001  # it goes up and down


def test_odometry_is_what_was_measured_and_the_truth_beside_it(simulation):
    messages = told(simulation)
    measured, true = (named(messages, f"r1/{name}") for name in ("odom", "ground_truth/odom"))
    assert len(measured) == len(true) == 15
    # a robot that measures five percent too much
    ends = [[xyz(rows[i][1].pose.pose.position)[0] for i in (0, -1)] for rows in (measured, true)]
    ways = [end - begin for begin, end in ends]
    assert ways[1] > 0.05
    assert ways[0] == pytest.approx(1.05 * ways[1], rel=1e-3)
    last = true[-1][1]
    assert last.twist.twist.linear.x == pytest.approx(0.5, abs=0.15)
    assert (last.header.frame_id, last.child_frame_id) == ("map", "r1/base_link")
    assert (measured[-1][1].header.frame_id, measured[-1][1].child_frame_id) == ("r1/odom", "r1/base_link")


def test_every_encounter_is_told(sim_world, tmp_path):
    path = tmp_path / "brush.yaml"
    path.write_text(sim_world.read_text().replace("[[5, 1], [5, -1]]", "[[4, 1], [4, -1]]"))
    world = load_world(path)
    (contact,) = contacts_of(world)
    with Simulation(world) as other:
        messages = told(other, replace(SETTINGS, duration=1.0), wanted=lambda channel: channel.topic is topics.CONTACTS)
    arrays = named(messages, "/truth/contacts")
    assert len(arrays) == 10
    (row,) = {(c.first, c.second, c.kind, stamp_to_ns(c.begin)) for _, msg in arrays for c in msg.contacts}
    assert row == ("anna", "bert", 2, START_NS + contact.begin_ns)


def test_truth_at_a_lower_rate_belongs_to_images(simulation):
    rows = named(told(simulation, replace(SETTINGS, truth_rate=3.3)), "r1/front/truth")
    assert [world_ns for world_ns, _ in rows] == [0, 300_000_000]


def test_without_truth_nothing_tells_it(simulation):
    names = {name for _, name, _ in told(simulation, replace(SETTINGS, truth=False))}
    assert names == {c.name for c in channels_of(simulation.world, truth=False)} - {"/tf_static"}
    left_out = {c.name for c in channels_of(simulation.world)} - names - {"/tf_static"}
    assert left_out == {c.name for c in channels_of(simulation.world) if c.topic in TRUTH_TOPICS}


def test_what_nobody_takes_is_not_rendered(simulation, monkeypatch):
    rendered = Counter()
    for name in ("image", "depth", "truth"):
        original = getattr(Simulation, name)
        monkeypatch.setattr(Simulation, name, lambda self, *a, o=original, n=name: rendered.update([n]) or o(self, *a))
    messages = told(simulation, wanted=lambda channel: False)
    assert rendered == {"image": 7}  # so that a run keeps its pace whoever listens
    assert {name.rpartition("/")[2] for _, name, _ in messages} == {"clock", "tf", "camera_info"}


def test_a_rate_replaces_the_cameras_own(simulation):
    world = replace(SETTINGS, rate=2.0).prepared(simulation.world)
    assert {camera.rate for robot in world.robots for camera in robot.cameras} == {2.0}


def test_time_does_not_begin_before_zero(simulation):
    slow = replace(simulation.world.robots[0].clock, offset_s=-120.0)
    world = replace(simulation.world, robots=(replace(simulation.world.robots[0], clock=slow),))
    with pytest.raises(SettingsError, match=r"start_time: 100 s is too early for robot 'r1', .* is 120 s behind"):
        SETTINGS.prepared(world)


def test_it_is_the_same_again(simulation):
    stream = WorldStream(simulation, SETTINGS, lambda channel: channel.topic is not topics.IMAGE)
    first, second = (
        [
            (i.world_ns, m.channel.name, deserialize_message(m.cdr, m.channel.topic.type))
            for i in run
            for m in i.messages
        ]
        for run in (stream.instants(), stream.instants())
    )
    assert first == second
