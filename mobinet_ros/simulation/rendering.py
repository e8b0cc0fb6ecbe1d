"""Renders a world ahead of its time, in a thread of its own.

A picture's OpenGL context belongs to the thread that made it, so the whole simulation is made, used and closed there.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mobinet.errors import MobinetError
from mobinet.sim.simulation import Simulation, mounts_of
from mobinet.sim.world import World
from mobinet.targets.ptz_mount import PtzMount
from mobinet_ros.simulation.channels import Channel
from mobinet_ros.simulation.settings import StreamSettings
from mobinet_ros.simulation.stream import Instant, WorldMessage, WorldStream

AHEAD_NS = 250_000_000


@dataclass(frozen=True)
class RenderedInstant:
    """An instant of a run.

    Args:
        elapsed_ns: since the beginning of the first run; goes on where the time of the world starts again.
    """

    instant: Instant
    elapsed_ns: int


class Rendering:
    """Keeps a quarter of a second of the world ready, once it has begun.

    Args:
        world: to render.
        settings: what of it.
        loop: again and again.
        wanted: as for ``WorldStream``.
        mounts: of cameras that pan, tilt and zoom; no further ahead is rendered than commands need to take effect.

    Raises:
        MobinetError: the world cannot be rendered: whatever ``Simulation`` raises.
    """

    def __init__(
        self,
        world: World,
        settings: StreamSettings,
        loop: bool,
        wanted: Callable[[Channel], bool],
        mounts: Mapping[str, PtzMount] | None = None,
    ) -> None:
        self._mounts = mounts_of(world) if mounts is None else mounts
        latencies_ns = [round(mount.settings.latency * 1e9) for mount in self._mounts.values()]
        self._ahead_ns = min([AHEAD_NS, *latencies_ns])
        self._world, self._settings, self._loop, self._wanted = world, settings, loop, wanted
        self._ready: deque[RenderedInstant] = deque()
        self._changed = threading.Condition()
        self._begun = False
        self._stopping = False
        self._ended = False
        self._failure: MobinetError | None = None
        self._latched: WorldMessage | None = None
        self._thread = threading.Thread(target=self._run, name="render", daemon=True)
        self._thread.start()
        self.latched = self._first()

    def begin(self) -> None:
        """Renders from now on; what nobody takes yet would be left out before."""
        with self._changed:
            self._begun = True
            self._changed.notify_all()

    def next(self, timeout_s: float) -> RenderedInstant | None:
        """The next instant, which stays the next until ``drop``; ``None`` when there is none yet, or no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._ended, timeout_s)
            return self._ready[0] if self._ready else None

    def drop(self) -> None:
        """Done with the next instant."""
        with self._changed:
            self._ready.popleft()
            self._changed.notify_all()

    @property
    def ended(self) -> bool:
        """Whether nothing comes any more."""
        with self._changed:
            return self._ended and not self._ready

    def stop(self) -> None:
        """Ends the thread and frees what it rendered with."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()

    def _first(self) -> WorldMessage:
        """Waits until the simulation is there."""
        with self._changed:
            self._changed.wait_for(lambda: self._latched is not None or self._ended)
            if self._latched is not None:
                return self._latched
        self._thread.join()
        raise self._failure or MobinetError("rendering ended at once; the log says why")

    def _run(self) -> None:
        try:
            with Simulation(self._world, mounts=self._mounts) as simulation:
                self._render(WorldStream(simulation, self._settings, self._wanted))
        except MobinetError as error:
            if self._latched is not None:
                raise
            self._failure = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _render(self, stream: WorldStream) -> None:
        with self._changed:
            self._latched = stream.latched()
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._begun or self._stopping)
        run_ns = round(self._settings.duration_of(self._world) * 1e9)
        run = 0
        while run == 0 or self._loop:
            for instant in stream.instants():
                if not self._put(RenderedInstant(instant, run * run_ns + instant.world_ns)):
                    return
            run += 1

    def _has_room(self, rendered: RenderedInstant) -> bool:
        return not self._ready or rendered.elapsed_ns - self._ready[0].elapsed_ns <= self._ahead_ns

    def _put(self, rendered: RenderedInstant) -> bool:
        """False when it was stopped while there was no room."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._has_room(rendered))
            self._ready.append(rendered)
            self._changed.notify_all()
            return not self._stopping
