"""How well objects are found in regions that were not learnt from, and from which score on they are believed."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mobinet.learning.siamese_network import SiameseHead
from mobinet.learning.siamese_pairs import ABSENT, PRESENT

FOUND_OVERLAP = 0.5


class Measured(NamedTuple):
    """Answers to N templates.

    Args:
        overlaps: ``(N,)`` of the best cell's box with the object.
        scores: ``(N,)`` of that cell, 0..1.
        labels: ``(N,)`` PRESENT, ABSENT or IGNORED.
    """

    overlaps: Tensor
    scores: Tensor
    labels: Tensor

    @property
    def found(self) -> Tensor:
        """``(N,)`` whether the object is there and the box on it."""
        return (self.labels == PRESENT) & (self.overlaps > FOUND_OVERLAP)


def figures(measured: Measured) -> dict[str, float]:
    """For the curves: mean overlap and share found of what is there, mean scores of what is found and absent."""
    present, absent = measured.labels == PRESENT, measured.labels == ABSENT
    values = {
        "held_back_overlap": measured.overlaps[present],
        "held_back_found": measured.found[present].float(),
        "held_back_score": measured.scores[measured.found],
        "held_back_absent_score": measured.scores[absent],
    }
    return {name: float(each.mean()) for name, each in values.items() if len(each)}


def balance_scores(head: SiameseHead, measured: Measured) -> float:
    """Shifts the scores so that 0.5 is where found and absent objects part best; returns where it was.

    A score means how well a box fits, and what a good one is depends on how long the network was trained.
    """
    threshold = best_threshold(measured)
    last = head.score[-1]
    assert isinstance(last, nn.Conv2d)
    assert last.bias is not None
    with torch.no_grad():
        last.bias -= math.log(threshold / (1 - threshold))
    return threshold


def best_threshold(measured: Measured) -> float:
    """That with the highest mean of two shares: found objects from it on, absent ones below; 0.5 without either."""
    found, absent = measured.scores[measured.found], measured.scores[measured.labels == ABSENT]
    if not len(found) or not len(absent):
        return 0.5
    steps = torch.arange(0.02, 0.985, 0.01)
    right = (found >= steps[:, None]).float().mean(dim=1) + (absent < steps[:, None]).float().mean(dim=1)
    # of many that are as good, the middle one
    best = steps[right == right.max()]
    return float(best[len(best) // 2])
