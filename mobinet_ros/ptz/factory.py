"""Chooses the driver of a camera."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mobinet.settings import check_settings, setting
from mobinet_ros.lifecycle import StageNode
from mobinet_ros.ptz.action_driver import ActionDriver, ActionDriverSettings
from mobinet_ros.ptz.base import PtzDriver, StateCallback
from mobinet_ros.ptz.joint_driver import JointDriver, JointDriverSettings
from mobinet_ros.ptz.onvif_driver import OnvifDriver, OnvifDriverSettings

DRIVERS = ("joints", "ptz_action_server", "onvif")


@dataclass(frozen=True)
class PtzNodeSettings:
    """Which camera is turned, and how often it is told."""

    driver: str = setting(
        "joints", "what turns the camera: joints (also simulated and virtual cameras), ptz_action_server or onvif",
        choices=DRIVERS,
    )  # fmt: skip
    camera: str = setting("", "namespace of the camera, relative to the node's; empty: the node's own")
    rate: float = setting(30.0, "commands per second", minimum=1.0, maximum=200.0)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class DriverSettings:
    """Of all drivers; only those of the chosen one are looked at."""

    joints: JointDriverSettings
    action: ActionDriverSettings
    onvif: OnvifDriverSettings


def make_driver(
    node: StageNode, chosen: PtzNodeSettings, settings: DriverSettings, on_state: StateCallback
) -> PtzDriver:
    """The driver of a node that is being configured.

    Raises:
        MissingDependencyError: the driver's package is not installed.
        SettingsError: the driver lacks a setting.
    """
    if chosen.driver == "onvif":
        return OnvifDriver(node, settings.onvif, on_state)
    if chosen.driver == "ptz_action_server":
        action, topic = (
            of_camera(chosen.camera, n) for n in (settings.action.velocity_action, settings.action.ptz_state_topic)
        )
        return ActionDriver(node, replace(settings.action, velocity_action=action, ptz_state_topic=topic), on_state)
    command, state = (of_camera(chosen.camera, n) for n in (settings.joints.command_topic, settings.joints.state_topic))
    joints = replace(settings.joints, command_topic=command, state_topic=state)
    return JointDriver(node, joints, 1 / chosen.rate, on_state)


def of_camera(camera: str, name: str) -> str:
    """A relative name below the camera's namespace."""
    return name if name.startswith("/") or not camera else f"{camera}/{name}"
