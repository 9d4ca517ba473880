"""Promises of the least-squares loss."""

from __future__ import annotations

import pytest
import torch
from ganzoo_lsgan.loss import LeastSquares
from ganzoo_lsgan.options import LeastSquaresOptions

from ganzoo import Batch

REAL, FAKE = torch.tensor([1.0, -2.0, 4.0]), torch.tensor([0.5, 3.0, -1.0])


def scores(batch):
    return batch.images[:, 0, 0, 0]


def batch(values):
    return Batch(values.view(-1, 1, 1, 1))


@pytest.mark.parametrize(("a", "b", "c"), [(0.0, 1.0, 1.0), (-1.0, 1.0, 0.0)])
def test_it_is_equation_2_of_the_paper_for_both_its_choices_of_targets(a, b, c):
    loss = LeastSquares(LeastSquaresOptions(a=a, b=b, c=c))
    critic_side = sum(loss.discriminator_loss(scores, batch(REAL), batch(FAKE)).values())
    expected = 0.5 * ((REAL - b) ** 2).mean() + 0.5 * ((FAKE - a) ** 2).mean()
    assert critic_side.item() == pytest.approx(expected.item())
    generator_side = sum(loss.generator_loss(scores, batch(FAKE), batch(REAL)).values())
    assert generator_side.item() == pytest.approx(0.5 * ((FAKE - c) ** 2).mean().item())


def test_scores_on_target_cost_nothing():
    loss = LeastSquares()
    terms = loss.discriminator_loss(scores, batch(torch.ones(3)), batch(torch.zeros(3)))
    assert sum(terms.values()).item() == 0
    assert loss.generator_loss(scores, batch(torch.ones(3)), batch(REAL))["adversarial"] == 0
