"""When the recordings of a rig begin, so that all its cameras show the same instant."""

from __future__ import annotations

import time

START_DELAY_S = 5.0
"""From the start of the processes to the first image of a recording: all cameras of the rig are ready by then."""


def common_start_ns() -> int:
    """When the recordings of a rig that is started now begin, nanoseconds since the epoch."""
    return time.time_ns() + round(START_DELAY_S * 1e9)
