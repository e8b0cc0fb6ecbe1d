"""Robots and cameras that a simulated world gives to a rig: the world says where they are, the rig how they are set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mobinet.errors import SettingsError
from mobinet.lined_yaml import LinedDict
from mobinet_ros.rig.schema import COLOUR, EVENTS, CameraRig
from mobinet_ros.rig.values import existing_file, string_of

# depth cameras are not looked at
_TYPES = {"rgb": COLOUR, "rgbd": COLOUR, "events": EVENTS}
_STANDS_IN_THE_WORLD = ("pose", "cameras")


@dataclass(frozen=True)
class RigWorld:
    """What a rig takes from a world.

    Args:
        path: of the world file.
        cameras: robot -> its colour and event cameras; robots without one have no nodes and are left out.
        own_clocks: robots whose clocks err.
        radio: whether robots can be out of contact.
    """

    path: Path
    cameras: Mapping[str, tuple[CameraRig, ...]]
    own_clocks: frozenset[str]
    radio: bool


def read_world(section: LinedDict, folder: Path) -> RigWorld:
    """The world that the rig's key ``world`` names: one that is shipped, or a file relative to ``folder``.

    Raises:
        SettingsError: it is neither, the world file is wrong, or none of its robots has a colour or event camera.
    """
    from mobinet.sim.world_file import find_world, load_world

    text, where = string_of(section, "world"), section.where("world")
    if "/" in text or text.endswith((".yaml", ".yml")):
        path = Path(existing_file(text, folder, where))
    else:
        try:
            path = find_world(text).resolve()
        except SettingsError as error:
            raise SettingsError(f"{where}: {error}") from None
    world = load_world(path)
    cameras = {
        robot.name: tuple(
            CameraRig(camera.name, type=_TYPES[camera.kind]) for camera in robot.cameras if camera.kind in _TYPES
        )
        for robot in world.robots
    }
    seeing = {robot: own for robot, own in cameras.items() if own}
    if not seeing:
        raise SettingsError(
            f"{where}: world '{world.name}': expected a robot with a colour or event camera, there is none"
        )
    clocks = frozenset(robot.name for robot in world.robots if robot.clock.offset_s or robot.clock.drift_ppm)
    return RigWorld(path, seeing, clocks, bool(world.outages or world.radio_range_m))


def check_robots(robots: LinedDict, cameras: Mapping[str, tuple[CameraRig, ...]]) -> None:
    """Raises SettingsError for a robot that the world lacks, and for what only the world can say."""
    for name in robots:
        if name not in cameras:
            raise SettingsError(
                f"{robots.where(name)}: robots: the world has no '{name}' with a colour or event camera; it has "
                f"{', '.join(sorted(cameras))}"
            )
        section = robots[name] if isinstance(robots[name], LinedDict) else {}
        for key in section.keys() & set(_STANDS_IN_THE_WORLD):
            raise SettingsError(
                f"{section.where(key)}: robot '{name}': '{key}' is said by the world file; remove it here"
            )
