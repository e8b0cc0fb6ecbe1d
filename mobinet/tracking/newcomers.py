"""How soon somebody new is likely to be where a lost track is expected.

Who passes a lost track's place may be taken for it. In front of a resting camera with few passers-by that is rare, and
a track can wait for long; where people stream through the view it is the rule.
"""

from __future__ import annotations

from typing import NamedTuple

# The scene is known from about this long: one person's coming must not decide, and a crowd be noticed within a minute.
_MEMORY_S = 10.0


class Newcomers(NamedTuple):
    """What a camera sees of newcomers.

    ``per_s``: tracks that are confirmed in a second, those of the first image left out. ``nearness``: share of the
    pairs of a track and another one's detection that are near enough to be taken for a match, 0..1.
    """

    per_s: float = 0.0
    nearness: float = 0.0

    @property
    def per_place_s(self) -> float:
        """Newcomers to expect in one place in a second."""
        return self.per_s * self.nearness

    def follow(self, confirmed: int, near: int, pairs: int, dt_s: float) -> Newcomers:
        """After one more image.

        Args:
            confirmed: how many tracks were confirmed by it.
            near: how many pairs of a track and a detection were gated, those that matched left out.
            pairs: how many there were, likewise.
            dt_s: time since the image before, seconds; 0 for the first one, which says nothing.
        """
        if dt_s <= 0:
            return self
        share = min(1.0, dt_s / _MEMORY_S)
        nearness = self.nearness if pairs <= 0 else self.nearness + share * (near / pairs - self.nearness)
        return Newcomers(self.per_s + share * (confirmed / dt_s - self.per_s), nearness)
