"""Publishes the fixed transforms of a rig: where a robot stands, where its cameras are mounted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tf2_msgs.msg import TFMessage

from mobinet.errors import SettingsError
from mobinet.geometry import Transform
from mobinet.settings import check_settings, setting
from mobinet_ros import topics
from mobinet_ros.conversions import transform_to_msg
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.lifecycle import StageNode
from mobinet_ros.process import run

FORM = "'PARENT CHILD x y z roll pitch yaw' (metres, radians)"


@dataclass(frozen=True)
class StaticTfSettings:
    """The transforms."""

    transforms: tuple[str, ...] = setting((), f"each {FORM}: the child's pose in its parent")

    def __post_init__(self) -> None:
        check_settings(self)
        self.parsed()

    def parsed(self) -> list[tuple[str, str, Transform]]:
        """(parent, child, child2parent) of each; raises SettingsError naming a malformed one."""
        return [_parse(text) for text in self.transforms]


def _parse(text: str) -> tuple[str, str, Transform]:
    parts = text.split()
    try:
        parent, child = parts[:2]
        x, y, z, roll, pitch, yaw = numbers = [float(part) for part in parts[2:]]
    except ValueError:
        raise SettingsError(f"transforms: expected {FORM}, got '{text}'") from None
    if not np.isfinite(numbers).all():
        raise SettingsError(f"transforms: expected {FORM}, got '{text}'; give finite numbers")
    return parent, child, Transform.from_euler(roll, pitch, yaw, np.array([x, y, z]))


class StaticTfNode(StageNode):
    """Latched: a node that starts later gets them too."""

    def __init__(self, cli_args: Sequence[str] | None = None, hub: ImageHub | None = None) -> None:
        super().__init__("static_tf_node", cli_args, hub)
        self._settings = self.parameters.declare(StaticTfSettings)

    def configure(self) -> None:
        self._publisher = self.advertise(topics.TF_STATIC)

    def activate(self) -> None:
        now = self.now_ns
        rows = [transform_to_msg(pose, parent, child, now) for parent, child, pose in self._settings.parsed()]
        self.send(self._publisher, TFMessage(transforms=rows))


def main() -> int:
    return run(StaticTfNode)


if __name__ == "__main__":
    sys.exit(main())
