"""The robots' radios: each robot's messages reach those robots that are in contact with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mobinet.sim.actors import actors_of
from mobinet.sim.radio import Radio
from mobinet.sim.world import World
from mobinet_ros import topics
from mobinet_ros.lifecycle import StageNode
from mobinet_ros.msg import Envelope
from mobinet_ros.simulation.channels import robot_channel


class RadioRelay:
    """Hands on what a robot says on its own ``radio`` topic to those of the others.

    Args:
        node: that subscribes and publishes.
        world: with its outages and the reach of its radios.
        world_ns: what time it is in the world.
    """

    def __init__(self, node: StageNode, world: World, world_ns: Callable[[], int]) -> None:
        trajectories = {actor.name: actor.trajectory for actor in actors_of(world)}
        self._radio = Radio(world, trajectories)
        self._node, self._world_ns = node, world_ns
        names = {robot.name: robot_channel(robot, topics.RADIO).name for robot in world.robots}
        self._publishers = {robot: node.advertise(topics.RADIO, name) for robot, name in names.items()}
        for robot, name in names.items():
            node.listen(topics.RADIO, partial(self._hand_on, robot), name, optional=True)

    def _hand_on(self, robot: str, msg: Envelope) -> None:
        # the topic also carries what the others said to this robot, handed on by this relay
        if msg.robot != robot:
            return
        for other, publisher in self._publishers.items():
            if other == robot:
                continue
            if self._radio.in_contact(robot, other, self._world_ns()):
                self._node.send(publisher, msg)
                self._node.health.count("radio_messages")
            else:
                self._node.health.count("radio_messages_out_of_contact")
