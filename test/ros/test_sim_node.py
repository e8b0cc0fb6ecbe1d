"""A world as a real process publishes it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import pairwise

import pytest
from lifecycle_msgs.msg import Transition
from mobinet_ros.msg import Envelope

from mobinet.sim.simulation import Simulation
from mobinet.sim.world_file import load_world
from mobinet_ros import topics
from mobinet_ros.conversions import camera_info_to_model, stamp_to_ns

START_NS = 10_000 * 10**9


def collect(graph, *names):
    """What comes on the topics of the robots, by name; nothing is pushed out of a queue."""
    found = {}
    for name in names:
        topic = next(t for t in topics.TOPICS if name.lstrip("/").endswith(t.name.lstrip("/")))
        qos = topic.qos
        qos.depth = 2000
        found[name] = graph.collect(topic.type, f"/{name.lstrip('/')}", qos)
    return found


def start(graph, world, **parameters):
    """The node, waiting to be activated: what is sent before its readers are found is lost."""
    process = graph.start_node("sim_node", world=world, autostart=False, **{"speed": 0.0, **parameters})
    assert graph.change_state("/sim_node", Transition.TRANSITION_CONFIGURE), graph.logs()
    return process


def activate(graph, heard):
    names = [f"/{name.lstrip('/')}" for name in heard]
    assert graph.spin_until(lambda: all(graph.node.count_publishers(name) for name in names)), graph.logs()
    graph.spin_for(0.5)
    assert graph.change_state("/sim_node", Transition.TRANSITION_ACTIVATE), graph.logs()


def stamps(messages):
    return [stamp_to_ns(msg.header.stamp) for msg in messages]


def test_a_world_goes_out_whole_and_ends(graph, sim_world):
    heard = collect(
        graph, "/clock", "r1/clock", "/tf", "/tf_static", "r1/odom", "r1/ground_truth/odom",
        "r1/front/image_raw", "r1/front/camera_info", "r1/front/truth", "r2/left/image_raw",
    )  # fmt: skip
    process = start(graph, sim_world, exit_at_end=True)
    activate(graph, heard)
    assert graph.spin_until(lambda: process.poll() is not None), graph.logs()
    assert process.returncode == 0, graph.logs()

    clock = [stamp_to_ns(msg.clock) for msg in heard["/clock"]]
    own = [stamp_to_ns(msg.clock) for msg in heard["r1/clock"]]
    assert clock == sorted(set(clock))
    assert clock[0] == START_NS
    assert clock[-1] == START_NS + 990_000_000
    assert set(stamps(heard["r2/left/image_raw"])) <= set(clock)
    assert len(heard["r2/left/image_raw"]) == 5
    images = stamps(heard["r1/front/image_raw"])
    assert len(images) == 10
    assert set(images) <= set(own)
    transforms = {(row.child_frame_id, stamp_to_ns(row.header.stamp)) for msg in heard["/tf"] for row in msg.transforms}
    assert {("r1/base_link", stamp) for stamp in images} <= transforms
    assert stamps(heard["r1/front/truth"]) == stamps(heard["r1/front/camera_info"]) == images
    assert len(heard["r1/odom"]) == len(heard["r1/ground_truth/odom"]) == 30
    assert len(heard["/tf_static"]) == 1

    world = load_world(sim_world)
    model = camera_info_to_model(heard["r1/front/camera_info"][0])
    assert model.matrix.tolist() == world.robots[0].cameras[0].model.matrix.tolist()
    with Simulation(world) as simulation:
        msg = heard["r1/front/truth"][5]
        at_ns = stamp_to_ns(msg.world_stamp) - START_NS
        names = [thing.name for thing in simulation.truth(simulation.views[0], at_ns)]
    assert [thing.name for thing in msg.objects] == names

    figures = json.loads(re.search(r"ran: (\{.*\})", graph.logs()).group(1))
    assert (figures["world"], figures["cameras"], figures["images"]) == ("pair", 2, 15)
    assert figures["world_s"] == pytest.approx(0.99)
    assert figures["realtime_factor"] > 0


def test_pause(graph, sim_world):
    heard = collect(graph, "/clock")
    start(graph, sim_world, speed=0.1)
    activate(graph, heard)
    assert graph.spin_until(lambda: len(heard["/clock"]) > 5), graph.logs()
    assert graph.change_state("/sim_node", Transition.TRANSITION_DEACTIVATE), graph.logs()
    graph.spin_for(0.3)  # what is on its way
    count = len(heard["/clock"])
    graph.spin_for(1.0)
    assert len(heard["/clock"]) == count
    assert graph.change_state("/sim_node", Transition.TRANSITION_ACTIVATE)
    assert graph.spin_until(lambda: len(heard["/clock"]) > count + 5), graph.logs()
    clock = [stamp_to_ns(msg.clock) for msg in heard["/clock"]]
    assert clock == sorted(set(clock))  # it goes on from where it stood
    assert max(b - a for a, b in pairwise(clock)) <= 10_000_000


def test_it_begins_anew_and_at_the_end_it_says_so(graph, sim_world):
    heard = collect(graph, "/clock")
    said = graph.said_by("/sim_node")
    start(graph, sim_world, duration=0.2)
    activate(graph, heard)
    assert graph.spin_until(lambda: any("has ended; set loop" in text for text in said())), graph.logs()
    first = len(heard["/clock"])
    for transition in (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP):
        assert graph.change_state("/sim_node", transition), graph.logs()
    assert graph.change_state("/sim_node", Transition.TRANSITION_CONFIGURE), graph.logs()
    activate(graph, heard)
    assert graph.spin_until(lambda: len(heard["/clock"]) >= 2 * first - 1), graph.logs()


def test_a_loop_jumps_back(graph, sim_world):
    heard = collect(graph, "/clock")
    start(graph, sim_world, duration=0.2, loop=True)
    activate(graph, heard)

    def jumps():
        clock = [stamp_to_ns(msg.clock) for msg in heard["/clock"]]
        return sum(b < a for a, b in pairwise(clock))

    assert graph.spin_until(lambda: jumps() >= 2), graph.logs()


def test_a_slow_machine_slows_the_clock_and_says_so(graph, sim_world):
    said = graph.said_by("/sim_node")
    graph.start_node("sim_node", world=sim_world, speed=100.0, loop=True)
    assert graph.spin_until(lambda: any("of real time, 100 was asked for" in text for text in said())), graph.logs()


def test_a_second_clock_is_noticed(graph, sim_world):
    said = graph.said_by("/sim_node")
    graph.node.create_publisher(topics.CLOCK.type, "/clock", topics.CLOCK.qos)
    graph.start_node("sim_node", world=sim_world, loop=True)
    assert graph.spin_until(lambda: any("somebody else publishes /clock" in text for text in said())), graph.logs()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"world": "atlantis"}, "atlantis"),
        ({"world": "street", "speed": -1.0}, "speed"),
    ],
)
def test_a_wrong_parameter_ends_it_with_one_line(graph, parameters, message):
    process = graph.start_node("sim_node", **parameters)
    assert graph.spin_until(lambda: process.poll() is not None)
    assert process.returncode == 2
    lines = [line for line in graph.logs().splitlines() if not line.startswith("==")]
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert message in lines[0]


def test_without_egl_it_says_what_to_install(graph, sim_world):
    graph.environment["MUJOCO_GL"] = "egl"
    graph.environment["PYOPENGL_PLATFORM"] = "egl"
    graph.environment["__EGL_VENDOR_LIBRARY_DIRS"] = "/nonexistent"
    probe = [sys.executable, "-c", "import mujoco; mujoco.GLContext(8, 8)"]
    if subprocess.run(probe, env=graph.environment, capture_output=True, check=False).returncode == 0:
        pytest.skip("EGL is found all the same")
    said = graph.said_by("/sim_node")
    process = graph.start_node("sim_node", world=sim_world)
    assert graph.spin_until(lambda: any("apt-get install libegl1" in text for text in said())), graph.logs()
    assert process.poll() is None


def test_robots_out_of_contact_do_not_hear_each_other(graph, sim_world):
    """The world's outage is from 2 to 4 s; its clock is slowed down, so that something is said at every time."""
    path = sim_world.with_name("outage.yaml")
    path.write_text(sim_world.read_text().replace("duration: 1\n", "duration: 6\n"))
    heard = collect(graph, "/clock", "r1/radio", "r2/radio")
    mouths = {r: graph.node.create_publisher(Envelope, f"/{r}/radio", topics.RADIO.qos) for r in ("r1", "r2")}
    start(graph, path, speed=1.0, rate=2.0)
    activate(graph, ["/clock"])
    assert graph.spin_until(lambda: all(p.get_subscription_count() > 1 for p in mouths.values()))
    said_s = [0.0]

    def talk():
        """Each robot says what time it is, twenty times a second of the world."""
        now_s = (stamp_to_ns(heard["/clock"][-1].clock) - START_NS) / 1e9 if heard["/clock"] else 0.0
        if now_s >= said_s[-1] + 0.05:
            said_s.append(now_s)
            for robot, mouth in mouths.items():
                mouth.publish(Envelope(robot=robot, seq=int(now_s * 1000)))
        return now_s > 5.9

    assert graph.spin_until(talk), graph.logs()
    for robot, other in (("r1", "r2"), ("r2", "r1")):
        times = [msg.seq / 1000 for msg in heard[f"{robot}/radio"] if msg.robot == other]
        assert [t for t in times if t < 2], times
        assert [t for t in times if t >= 4], times
        # what was said just before an end may be on its way at it
        assert not [t for t in times if 2.0 <= t < 3.5], times
