"""Whether a box still shows the target: two measures, weighed into log-odds.

The weights are a logistic regression on boxes of people in rendered worlds and in two recordings with several people
each, where it is known what is to be seen; docs/targets.md has the table. The score of the forward search has no
weight: it is nearly as high on what hides the target as on the target.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mobinet.targets.base import Matcher
from mobinet.targets.views import ViewBank, colours_of
from mobinet.types import Float32, Float64, Image

_LIKENESS, _COLOUR, _NEITHER = 20.4, 1.8, -17.0
_COLOUR_ALONE, _NEITHER_ALONE = 25.0, -21.5


@dataclass(frozen=True)
class Evidence:
    """What speaks for a box.

    Args:
        odds: log-odds that it shows the target; 0 is undecided.
        likeness: to the most alike view, ``None`` with a matcher that cannot compare.
        colour: likewise.
        template, colours: of the box, for a new view.
    """

    odds: float
    likeness: float | None
    colour: float
    template: Any
    colours: Float32


def judge(matcher: Matcher, bank: ViewBank, image: Image, box: Float64) -> Evidence:
    """Evidence for a box (xyxy pixels) that has a part in the image; costs one description.

    Args:
        matcher: describes.
        bank: the views to compare with.
        image, box: what is judged.
    """
    template = matcher.describe(image, box)
    colours = colours_of(image, box)
    likeness, colour = bank.compare(template, colours)
    return Evidence(_odds(likeness, colour), likeness, colour, template, colours)


def _odds(likeness: float | None, colour: float) -> float:
    if likeness is None:
        return _COLOUR_ALONE * colour + _NEITHER_ALONE
    return _LIKENESS * likeness + _COLOUR * colour + _NEITHER
