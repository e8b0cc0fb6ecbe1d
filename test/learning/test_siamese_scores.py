"""From which score on a siamese network is believed."""

from __future__ import annotations

import pytest
import torch

from mobinet.learning.detector_losses import IGNORED
from mobinet.learning.siamese_network import SiameseNetwork
from mobinet.learning.siamese_pairs import ABSENT, PRESENT
from mobinet.learning.siamese_scores import Measured, balance_scores, best_threshold, figures

MEASURED = Measured(
    overlaps=torch.tensor([0.8, 0.7, 0.2, 0.0, 0.0, 0.9]),
    scores=torch.tensor([0.4, 0.3, 0.1, 0.12, 0.04, 0.0]),
    # found, found, looked for elsewhere; two that are absent; one that is hardly visible
    labels=torch.tensor([PRESENT, PRESENT, PRESENT, ABSENT, ABSENT, IGNORED]),
)


def test_figures_of_what_is_held_back():
    found = figures(MEASURED)
    assert found["held_back_overlap"] == pytest.approx((0.8 + 0.7 + 0.2) / 3)
    assert found["held_back_found"] == pytest.approx(2 / 3)
    assert found["held_back_score"] == pytest.approx(0.35)
    assert found["held_back_absent_score"] == pytest.approx(0.08)


def test_the_threshold_lies_between_found_and_absent():
    assert 0.12 < best_threshold(MEASURED) < 0.3


def test_of_one_kind_nothing_is_learnt():
    assert best_threshold(MEASURED._replace(labels=torch.full((6,), PRESENT))) == 0.5
    assert best_threshold(MEASURED._replace(labels=torch.full((6,), ABSENT))) == 0.5


def test_what_was_the_threshold_becomes_one_half():
    head = SiameseNetwork().head.eval()
    features = torch.rand(1, 64, 8, 8), torch.rand(1, 64, 12, 12)
    before = head(*features)[0].sigmoid()
    threshold = balance_scores(head, MEASURED)
    after = head(*features)[0].sigmoid()
    odds = threshold / (1 - threshold)
    torch.testing.assert_close(after / (1 - after), before / (1 - before) / odds, rtol=1e-4, atol=1e-6)
