"""What the network follows while the target counts as hidden: it may be the target after all.

An alarm that was false costs nothing as long as the network's own box is still given; a prediction instead of it costs
every image until the alarm is over. So the network's path goes on beside the search for the target, and is believed as
long as it is smooth and nothing speaks against it but the looks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mobinet.targets.base import Response
from mobinet.types import Float64

_LARGEST_STEP = 0.5
_LARGEST_GROWTH = 2.0
_STRIKES = 3
_MEMORY = 0.95


@dataclass
class PlainPath:
    """Of the network, from the last sure place on or from a place near it.

    Args:
        least_score: of the network, below which it is not on anything.
        last: ``(4,)`` xyxy pixels: the box in the image before.
        home: ``(4,)`` xyxy pixels: the last sure place.
        odds: running mean of the log-odds that it looks like the target.
        alive: whether it may be the target's.
        held: images in a row in which it was plausible.
        strikes: images in a row in which it was not.
    """

    least_score: float
    last: Float64
    home: Float64
    odds: float
    alive: bool = True
    held: int = 0
    strikes: int = 0

    def follow(self, response: Response, odds: float, is_background: bool) -> None:
        """Takes the network's next answer."""
        box = response.box
        self.odds = _MEMORY * self.odds + (1 - _MEMORY) * odds
        plausible = response.score >= self.least_score and not is_background and self._is_smooth(box)
        if not self.alive:
            plausible = plausible and _sizes_off(box, self.home) <= 1.0
        self.last = box
        self.strikes = 0 if plausible else self.strikes + 1
        if plausible:
            self.held += 1
        elif not self.alive or self.strikes >= _STRIKES:
            self.refute()

    def refute(self) -> None:
        """It is another object, or none."""
        self.alive, self.held = False, 0

    def _is_smooth(self, box: Float64) -> bool:
        growth = float((box[2:] - box[:2]).prod() / max(float((self.home[2:] - self.home[:2]).prod()), 1e-9))
        is_like_home = 1 / _LARGEST_GROWTH <= growth <= _LARGEST_GROWTH
        return is_like_home and _sizes_off(box, self.last) <= _LARGEST_STEP


def _sizes_off(box: Float64, other: Float64) -> float:
    """Distance of the middles in mean sides of the other box."""
    side = float(np.sqrt(max(float((other[2:] - other[:2]).prod()), 1e-9)))
    return float(np.linalg.norm(box[:2] + box[2:] - other[:2] - other[2:])) / 2 / side
