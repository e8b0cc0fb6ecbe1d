"""Tests over the real middleware: each has a ROS domain of its own, and leaves no process behind."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2: make test ROS=kilted")

from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402 - after the check that ROS is there
from lifecycle_msgs.msg import Transition  # noqa: E402
from lifecycle_msgs.srv import ChangeState  # noqa: E402

from mobinet_ros import environment  # noqa: E402

environment.prepare()

ROOT = Path(__file__).resolve().parents[2]
# Linux leaves domains 0 to 101 clear of the ports that it gives out itself
_domains = itertools.cycle(random.Random(os.getpid()).sample(range(1, 102), 101))

# two people who pass each other before two robots, one of which has a wrong clock; small, since it is rendered often
SIM_WORLD = """
world_version: 1
seed: 3
duration: 1
antialias: false
people:
  anna: {path: [[4, -1], [4, 1]], speed: 1.4}
  bert: {path: [[5, 1], [5, -1]], speed: 1.4}
robots:
  r1:
    path: [[0, 0], [1, 0]]
    speed: 0.5
    clock: {offset_s: -0.5, drift_ppm: 100}
    odometry: {distance_scale: 0.05}
    cameras:
      front: {mount: [0, 0, 1.2, 0, 0, 0], width: 96, height: 72, horizontal_fov_deg: 70, rate: 10, type: rgbd}
  r2:
    at: [9, 0, 180]
    cameras:
      left: {mount: [0, 0, 1.2, 0, 0, 0], width: 96, height: 72, horizontal_fov_deg: 70, rate: 5}
outages:
  - {robots: [r2], from: 2, until: 4}
"""


class Graph:
    """A ROS graph of one test: real processes, and a probe node in this one.

    Args:
        domain: the ROS domain that nobody else uses.
        log_dir: where the processes' output goes, a file each.
    """

    def __init__(self, domain: int, log_dir: Path) -> None:
        self.domain = domain
        self.log_dir = log_dir
        self.environment = {
            **os.environ,
            "ROS_DOMAIN_ID": str(domain),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
            "PYTHONUNBUFFERED": "1",
        }
        self.processes: list[subprocess.Popen[bytes]] = []
        self.context = rclpy.Context()
        # read when the context's first node makes its participant
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
        rclpy.init(context=self.context, domain_id=domain)
        self.node = rclpy.create_node("probe", context=self.context)
        self.executor = rclpy.executors.SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)

    def start(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Runs ``python -m module`` in this graph, in a session of its own."""
        log = (self.log_dir / f"{len(self.processes)}_{module}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        log.close()
        self.processes.append(process)
        return process

    def start_node(self, module: str, namespace: str = "/", **parameters: Any) -> subprocess.Popen[bytes]:
        """Runs ``mobinet_ros.module`` in a namespace with parameters."""
        options = ["--ros-args", "-r", f"__ns:={namespace}"]
        for name, value in parameters.items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            options += ["-p", f"{name}:={text}"]
        return self.start(f"mobinet_ros.{module}", *options)

    def collect(self, message_type: type, topic: str, qos: Any = 10) -> list[Any]:
        """A list that grows with what arrives on the topic while the graph spins."""
        received: list[Any] = []
        self.node.create_subscription(message_type, topic, received.append, qos)
        return received

    def said_by(self, node: str) -> Callable[[], list[str]]:
        """What a node has said on ``/diagnostics`` since this call."""
        received = self.collect(DiagnosticArray, "/diagnostics")
        return lambda: [status.message for message in received for status in message.status if status.name == node]

    def call(self, service_type: type, name: str, request: Any) -> Any:
        """The answer of a service, once it is there."""
        client = self.node.create_client(service_type, name)
        assert self.spin_until(client.service_is_ready), self.logs()
        future = client.call_async(request)
        assert self.spin_until(future.done), self.logs()
        return future.result()

    def change_state(self, node: str, transition: int) -> bool:
        """Asks a managed node for a transition; whether it succeeded."""
        request = ChangeState.Request(transition=Transition(id=transition))
        return bool(self.call(ChangeState, f"{node}/change_state", request).success)

    def spin_until(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> bool:
        """Spins the probe until the condition holds; False when it did not within the time."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            self.executor.spin_once(timeout_sec=0.05)
            if condition():
                return True
        return False

    def spin_for(self, seconds: float) -> None:
        self.spin_until(lambda: False, seconds)

    def logs(self) -> str:
        """What all processes have printed so far."""
        return "\n".join(f"== {p.name}\n{p.read_text(errors='replace')}" for p in sorted(self.log_dir.glob("*.log")))

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


@pytest.fixture
def domain() -> int:
    """A ROS domain that no other test used lately."""
    return next(_domains)


@pytest.fixture
def graph(domain: int, tmp_path: Path) -> Iterator[Graph]:
    """A ROS graph; its processes end with the test."""
    (tmp_path / "logs").mkdir()
    made = Graph(domain, tmp_path / "logs")
    yield made
    made.close()


@pytest.fixture(scope="session")
def drawing() -> None:
    """Skips where no world can be drawn."""
    from mobinet.errors import MissingDependencyError
    from mobinet.sim.simulation import Simulation
    from mobinet.sim.world_file import find_world, load_world

    try:
        Simulation(load_world(find_world("crossing"))).close()
    except MissingDependencyError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def sim_world(drawing: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a small world."""
    path = tmp_path_factory.mktemp("worlds") / "pair.yaml"
    path.write_text(SIM_WORLD)
    return path
