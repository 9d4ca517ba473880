"""Promises of the relativistic pairing loss."""

from __future__ import annotations

import pytest
import torch
from ganzoo_r3gan.loss import Relativistic

from ganzoo import Batch

REAL, FAKE = torch.tensor([1.0, -2.0, 4.0]), torch.tensor([0.5, 3.0, -1.0])


def scores(batch):
    return batch.images[:, 0, 0, 0]


def batch(values):
    return Batch(values.view(-1, 1, 1, 1))


def test_both_sides_are_the_papers_formula_on_pairs():
    difference = (REAL - FAKE).double()
    critic_side = Relativistic().discriminator_loss(scores, batch(REAL), batch(FAKE))
    generator_side = Relativistic().generator_loss(scores, batch(FAKE), batch(REAL))
    expected = (1 + (-difference).exp()).log().mean()
    assert critic_side["adversarial"].item() == pytest.approx(expected.item(), rel=1e-6)
    expected = (1 + difference.exp()).log().mean()
    assert generator_side["adversarial"].item() == pytest.approx(expected.item(), rel=1e-6)


def test_only_differences_count():
    near = Relativistic().discriminator_loss(scores, batch(REAL), batch(FAKE))["adversarial"]
    far = Relativistic().discriminator_loss(scores, batch(REAL + 8), batch(FAKE + 8))["adversarial"]
    assert near.item() == pytest.approx(far.item(), rel=1e-5)


def test_the_generators_gradient_reaches_its_fakes_alone_where_reals_are_data():
    fake = FAKE.clone().requires_grad_()
    Relativistic().generator_loss(scores, batch(fake), batch(REAL))["adversarial"].backward()
    assert (fake.grad < 0).all()


def test_it_brings_both_penalties():
    assert set(Relativistic().default_penalties()) == {"r1", "r2"}
