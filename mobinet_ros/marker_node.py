"""Shows the identities that a robot knows as markers in RViz."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from mobinet_ros import topics
from mobinet_ros.conversions import msg_to_identities
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.lifecycle import StageNode
from mobinet_ros.markers import MarkerMaker, MarkerSettings
from mobinet_ros.msg import IdentityArray
from mobinet_ros.process import run


class MarkerNode(StageNode):
    """Publishes all markers of a robot with each of its ``identities``; when it stops, they end with their lifetime."""

    def __init__(self, cli_args: Sequence[str] | None = None, hub: ImageHub | None = None) -> None:
        super().__init__("marker_node", cli_args, hub)
        self._settings = self.parameters.declare(MarkerSettings)
        robot = self._settings.robot or self.robot
        self._maker = MarkerMaker(robot, self._settings)

    def configure(self) -> None:
        self._publisher = self.advertise(topics.MARKERS)
        self.listen(topics.IDENTITIES, self._on_identities)

    def reconfigure(self, settings: object) -> None:
        if isinstance(settings, MarkerSettings):
            self._settings = self._maker.settings = settings

    def _on_identities(self, msg: IdentityArray) -> None:
        self.send(self._publisher, self._maker.update(msg.header, msg_to_identities(msg)))


def main() -> int:
    return run(MarkerNode)


if __name__ == "__main__":
    sys.exit(main())
