"""A small tf: which frame hung where, when; for the library and for machines without tf2.

Each sample names its parent, as in tf2, so a frame may be hung elsewhere (a robot that changes maps) and a lookup in
the past still finds the parent it had then.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from mobinet.errors import TransformError
from mobinet.geometry import Transform

_STATIC_NS = -1


class _Sample(NamedTuple):
    parent: str
    child2parent: Transform


@dataclass
class _History:
    """Samples of one child frame, sorted by stamp; a static frame has one, with stamp ``_STATIC_NS``."""

    stamps: list[int] = field(default_factory=list)
    samples: list[_Sample] = field(default_factory=list)

    @property
    def static(self) -> bool:
        return bool(self.stamps) and self.stamps[0] == _STATIC_NS

    def parent_at(self, stamp_ns: int) -> str:
        return self.samples[max(bisect_right(self.stamps, stamp_ns) - 1, 0)].parent


class TransformBuffer:
    """Keeps the last ``horizon_s`` seconds of the transforms between frames and answers for any stamp in them.

    Safe to fill in one thread and to ask in another. Memory is bounded: ``max_frames`` frames, and of each
    ``max_samples`` samples no older than the horizon.

    Args:
        horizon_s: how much of the past is kept, seconds.
        tolerance_s: how far outside a frame's samples a stamp may lie; the nearest sample then holds.
    """

    def __init__(
        self,
        horizon_s: float = 10.0,
        tolerance_s: float = 0.05,
        *,
        max_frames: int = 4096,
        max_samples: int = 10_000,
    ) -> None:
        self._horizon_ns = round(horizon_s * 1e9)
        self._tolerance_ns = round(tolerance_s * 1e9)
        self._max_frames = max_frames
        self._max_samples = max_samples
        self._histories: dict[str, _History] = {}
        self._lock = threading.Lock()

    def set_transform(
        self, parent: str, child: str, stamp_ns: int, child2parent: Transform, static: bool = False
    ) -> bool:
        """Stores that ``child`` hung under ``parent`` at ``stamp_ns`` (since ever and for good, if ``static``).

        Of two parents of one child the newest stamp wins. Returns False where the sample was refused: older than the
        horizon (call ``clear`` when the clock jumped back) or one frame more than ``max_frames``.

        Raises:
            TransformError: an empty frame name, or a frame under itself.
        """
        parent, child = _clean(parent), _clean(child)
        if parent == child:
            raise TransformError(f"transform of frame '{child}' to itself: parent and child must differ")
        with self._lock:
            history = self._histories.get(child)
            if history is None:
                if len(self._histories) >= self._max_frames:
                    return False
                history = self._histories[child] = _History()
            if static or history.static:
                history.stamps.clear()
                history.samples.clear()
            return self._insert(history, _STATIC_NS if static else stamp_ns, _Sample(parent, child2parent))

    def _insert(self, history: _History, stamp_ns: int, sample: _Sample) -> bool:
        stamps, samples = history.stamps, history.samples
        if stamps and stamp_ns < stamps[-1] - self._horizon_ns:
            return False
        index = bisect_right(stamps, stamp_ns)
        if index and stamps[index - 1] == stamp_ns:
            samples[index - 1] = sample
            return True
        stamps.insert(index, stamp_ns)
        samples.insert(index, sample)
        # one sample before the horizon stays, so that its whole length can be interpolated
        expired = max(bisect_right(stamps, stamps[-1] - self._horizon_ns) - 1, len(stamps) - self._max_samples, 0)
        del stamps[:expired], samples[:expired]
        return True

    def clear(self) -> None:
        """Forgets everything but static transforms; for a clock that jumped back."""
        with self._lock:
            self._histories = {child: history for child, history in self._histories.items() if history.static}

    def frames(self) -> list[str]:
        """Names of all known frames, sorted."""
        with self._lock:
            return sorted(self._names())

    def lookup(self, target: str, source: str, stamp_ns: int) -> Transform:
        """``source2target`` at ``stamp_ns``, interpolated between samples.

        Raises:
            TransformError: an unknown frame, frames in different trees, a loop, or a stamp outside what is known.
        """
        target, source = _clean(target), _clean(source)
        with self._lock:
            if target == source:
                return Transform.identity()
            self._require_known(target, source)
            source_chain = self._chain(source, stamp_ns)
            target_chain = self._chain(target, stamp_ns)
            common = next((frame for frame in source_chain if frame in target_chain), None)
            if common is None:
                raise TransformError(
                    f"'{source}' and '{target}' are not connected: {' -> '.join(source_chain)} and "
                    f"{' -> '.join(target_chain)}; publish a transform that joins the two trees"
                )
            source2common = self._climb(source_chain[: source_chain.index(common)], stamp_ns)
            target2common = self._climb(target_chain[: target_chain.index(common)], stamp_ns)
        return target2common.inverse() @ source2common

    def _names(self) -> set[str]:
        return set(self._histories) | {s.parent for history in self._histories.values() for s in history.samples}

    def _require_known(self, *frames: str) -> None:
        unknown = [frame for frame in frames if frame not in self._histories]
        if not unknown:
            return
        known = self._names()
        for frame in unknown:
            if frame not in known:
                listed = ", ".join(sorted(known)[:20]) or "none yet"
                raise TransformError(f"frame '{frame}' is unknown; known: {listed}; is its broadcaster running?")

    def _chain(self, frame: str, stamp_ns: int) -> list[str]:
        """The frame, its parent at that time, and so on up to the root."""
        chain = [frame]
        while (history := self._histories.get(chain[-1])) is not None:
            parent = history.parent_at(stamp_ns)
            if parent in chain:
                raise TransformError(f"loop of frames: {' -> '.join([*chain, parent])}; remove one of the broadcasters")
            chain.append(parent)
        return chain

    def _climb(self, frames: list[str], stamp_ns: int) -> Transform:
        result = Transform.identity()
        for frame in frames:
            result = self._sample_at(frame, stamp_ns) @ result
        return result

    def _sample_at(self, frame: str, stamp_ns: int) -> Transform:
        history = self._histories[frame]
        stamps, samples = history.stamps, history.samples
        if history.static:
            return samples[0].child2parent
        after = bisect_right(stamps, stamp_ns)
        if 0 < after < len(stamps):
            older, newer = samples[after - 1], samples[after]
            if older.parent != newer.parent:
                return older.child2parent
            fraction = (stamp_ns - stamps[after - 1]) / (stamps[after] - stamps[after - 1])
            return older.child2parent.interpolate(newer.child2parent, fraction)
        beyond_ns = stamp_ns - stamps[-1] if after else stamps[0] - stamp_ns
        if beyond_ns > self._tolerance_ns:
            side = "newest" if after else "oldest"
            raise TransformError(
                f"'{frame}' in '{samples[-1 if after else 0].parent}': the stamp lies {beyond_ns / 1e9:.3f} s "
                f"{'after' if after else 'before'} the {side} transform (tolerance {self._tolerance_ns / 1e9:.3f} s); "
                + ("wait for it, or check its broadcaster and the clocks" if after else "ask sooner or keep more")
            )
        return samples[-1 if after else 0].child2parent


def _clean(frame: str) -> str:
    # tf2 has no leading slash; names of ROS 1 bags still do
    name = frame.lstrip("/")
    if not name:
        raise TransformError("empty frame name: fill in header.frame_id")
    return name
