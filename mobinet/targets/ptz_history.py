"""Where a camera looked, and where it will have come to by the commands that it does not show yet."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from operator import attrgetter

from mobinet.targets.ptz_base import PtzCommand, PtzState

_KEPT_NS = 3_000_000_000
_SILENT_NS = 1_000_000_000


class PtzHistory:
    """The last seconds of measurements and commands.

    Beyond the newest measurement the commanded rates are added up, each from ``actuation_ns`` after it was made: the
    model of the plant that a predictor after Smith puts beside the plant's dead time ("Closer control of loops with
    dead time", Chemical Engineering Progress 53, 1957). A camera that measures nothing for a second is taken to obey.

    Args:
        actuation_ns: from a command to its effect.
    """

    def __init__(self, actuation_ns: int) -> None:
        self.actuation_ns = actuation_ns
        self._states: deque[PtzState] = deque()
        self._commands: deque[PtzCommand] = deque()
        self._measured_ns: int | None = None

    def measure(self, state: PtzState) -> None:
        """Notes a measurement; one that is not newer than the last is passed over."""
        if self._measured_ns is not None and state.stamp_ns <= self._measured_ns:
            return
        self._measured_ns = state.stamp_ns
        # what was only believed since then gives way
        while self._states and self._states[-1].stamp_ns >= state.stamp_ns:
            self._states.pop()
        self._note(state)

    def command(self, command: PtzCommand) -> None:
        """Notes what the camera was told."""
        if self._measured_ns is None or command.stamp_ns - self._measured_ns > _SILENT_NS:
            self._note(self.at(command.stamp_ns))
        self._commands.append(command)
        while len(self._commands) > 2 and self._commands[1].stamp_ns < command.stamp_ns - _KEPT_NS:
            self._commands.popleft()

    def forget(self) -> None:
        """Time has jumped: nothing is known."""
        self._states.clear()
        self._commands.clear()
        self._measured_ns = None

    def at(self, stamp_ns: int) -> PtzState:
        """Where the camera looked, or will look, at a time; straight ahead when nothing was ever measured."""
        states = self._states
        if not states:
            return PtzState(stamp_ns, 0.0, 0.0, 1.0)
        if stamp_ns >= states[-1].stamp_ns:
            return self._ahead(states[-1], stamp_ns)
        if stamp_ns <= states[0].stamp_ns:
            return PtzState(stamp_ns, states[0].pan, states[0].tilt, states[0].zoom)
        after = bisect_right(states, stamp_ns, key=attrgetter("stamp_ns"))
        return _between(states[after - 1], states[after], stamp_ns)

    def _note(self, state: PtzState) -> None:
        self._states.append(state)
        while len(self._states) > 2 and self._states[1].stamp_ns < state.stamp_ns - _KEPT_NS:
            self._states.popleft()

    def _ahead(self, state: PtzState, stamp_ns: int) -> PtzState:
        """Adds up the rates from a known state to a later time."""
        pan, tilt, log_zoom = state.pan, state.tilt, math.log(state.zoom)
        commands = list(self._commands)
        for number, command in enumerate(commands):
            begin_ns = max(command.stamp_ns + self.actuation_ns, state.stamp_ns)
            last = number + 1 == len(commands)
            end_ns = stamp_ns if last else min(commands[number + 1].stamp_ns + self.actuation_ns, stamp_ns)
            seconds = max(end_ns - begin_ns, 0) * 1e-9
            pan += command.pan_rate * seconds
            tilt += command.tilt_rate * seconds
            log_zoom += command.zoom_rate * seconds
        return PtzState(stamp_ns, pan, tilt, math.exp(log_zoom))


def _between(before: PtzState, after: PtzState, stamp_ns: int) -> PtzState:
    share = (stamp_ns - before.stamp_ns) / (after.stamp_ns - before.stamp_ns)
    return PtzState(
        stamp_ns,
        before.pan + share * (after.pan - before.pan),
        before.tilt + share * (after.tilt - before.tilt),
        before.zoom * (after.zoom / before.zoom) ** share,
    )
