"""What every driver of a pan-tilt-zoom camera does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from mobinet.targets.ptz_base import PtzCommand, PtzState

StateCallback: TypeAlias = Callable[[PtzState], None]
"""Gets what the camera measures, in the node's time."""


class PtzDriver(Protocol):
    """Made when the node is configured: it has its publishers, subscriptions and connections then."""

    def send(self, command: PtzCommand) -> None:
        """Passes a command on; it never waits for the camera."""

    def stop(self) -> None:
        """Makes the camera stand still."""

    def close(self) -> None:
        """Ends threads and connections."""
