"""What of a world is published or recorded, and how fast it runs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mobinet.errors import SettingsError
from mobinet.settings import check_settings, setting
from mobinet.sim.world import Robot, World


@dataclass(frozen=True)
class StreamSettings:
    """What of a world becomes messages."""

    duration: float = setting(
        0.0, "seconds of the world; 0, and more than it has, for all of it", minimum=0.0, maximum=1e6
    )
    rate: float = setting(
        0.0, "images per second of every camera; 0 for what the world says", minimum=0.0, maximum=1000.0
    )
    truth: bool = setting(True, "ground truth beside the images")
    truth_rate: float = setting(
        0.0, "ground truth of a camera, Hz, rounded so that it belongs to images; 0 for every image",
        minimum=0.0, maximum=1000.0,
    )  # fmt: skip
    odometry_rate: float = setting(30.0, "odometry and transforms of each robot, Hz", minimum=1.0, maximum=1000.0)
    clock_rate: float = setting(
        100.0, "least rate of the clocks, Hz of simulated time; they also tick with every other message",
        minimum=10.0, maximum=1000.0,
    )  # fmt: skip
    start_time: float = setting(
        10_000.0, "what exact clocks show at the beginning of the world, s; later than a robot's clock may be wrong",
        minimum=1.0, maximum=2e9,
    )  # fmt: skip
    jpeg_quality: int = setting(90, "of image_raw/compressed", minimum=1, maximum=100)

    def __post_init__(self) -> None:
        check_settings(self)

    @property
    def start_ns(self) -> int:
        return round(self.start_time * 1e9)

    def duration_of(self, world: World) -> float:
        """Seconds of the world that become messages."""
        return min(self.duration or world.duration_s, world.duration_s)

    def prepared(self, world: World) -> World:
        """The world with the image rate asked for.

        Raises:
            SettingsError: a robot's clock would show a negative time, or a camera takes no image within the duration.
        """
        for robot in world.robots:
            if self.start_ns + robot.clock.stamp_ns(0) < 0:
                raise SettingsError(
                    f"start_time: {self.start_time:g} s is too early for robot '{robot.name}', whose clock is "
                    f"{-robot.clock.offset_s:g} s behind: ROS has no negative time; set it later"
                )
        if self.rate:
            world = replace(world, robots=tuple(self._paced(robot) for robot in world.robots))
        duration_s = self.duration_of(world)
        for robot in world.robots:
            for camera in robot.cameras:
                if duration_s * camera.rate < 1 - 1e-6:
                    raise SettingsError(
                        f"duration: camera {robot.name}/{camera.name} takes no image within {duration_s:g} s at "
                        f"{camera.rate:g} images a second; make it longer, or the rate higher"
                    )
        return world

    def _paced(self, robot: Robot) -> Robot:
        return replace(robot, cameras=tuple(replace(camera, rate=self.rate) for camera in robot.cameras))


@dataclass(frozen=True)
class SimSettings:
    """Which world, and how it runs."""

    world: str = setting("street", "a shipped world ('mobinet sim list') or a YAML file")
    speed: float = setting(
        1.0, "simulated seconds a second; 1 is real time, 0 as fast as it can be rendered", minimum=0.0, maximum=100.0
    )
    wait: float = setting(
        0.0, "begin when somebody takes the images of every camera, after so many seconds at the latest",
        minimum=0.0, maximum=600.0,
    )  # fmt: skip
    loop: bool = setting(False, "start again at the end; time jumps back, as in 'mobinet play --loop'")
    exit_at_end: bool = setting(False, "end the process at the end of the world")

    def __post_init__(self) -> None:
        check_settings(self)
