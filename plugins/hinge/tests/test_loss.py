"""Promises of the hinge loss."""

from __future__ import annotations

import pytest
import torch
from ganzoo_hinge.loss import Hinge

from ganzoo import Batch

REAL, FAKE = torch.tensor([1.5, -2.0, 0.25]), torch.tensor([0.5, 3.0, -4.0])


def scores(batch):
    return batch.images[:, 0, 0, 0]


def batch(values):
    return Batch(values.view(-1, 1, 1, 1))


def test_the_critic_side_is_the_papers_formula():
    """max(0, 1 - s): 0, 3, 0.75; max(0, 1 + s): 1.5, 4, 0."""
    terms = Hinge().discriminator_loss(scores, batch(REAL), batch(FAKE))
    assert terms["real"].item() == pytest.approx(3.75 / 3)
    assert terms["fake"].item() == pytest.approx(5.5 / 3)


def test_the_generator_side_is_the_papers_formula():
    terms = Hinge().generator_loss(scores, batch(FAKE), batch(REAL))
    assert terms["adversarial"].item() == pytest.approx(-FAKE.mean().item())


def test_samples_beyond_the_margin_do_not_pull_at_the_critic():
    real = torch.tensor([2.0, 0.0], requires_grad=True)
    Hinge().discriminator_loss(scores, batch(real), batch(FAKE))["real"].backward()
    assert real.grad.tolist() == [0.0, -0.5]
