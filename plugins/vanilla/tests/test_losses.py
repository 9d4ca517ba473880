"""Promises of the original losses."""

from __future__ import annotations

import pytest
import torch
from ganzoo_vanilla.losses import Minimax, NonSaturating

from ganzoo import Batch

REAL, FAKE = torch.tensor([1.0, -2.0, 4.0]), torch.tensor([0.5, 3.0, -1.0])
LOSSES = [NonSaturating(), Minimax()]


def scores(batch):
    return batch.images[:, 0, 0, 0]


def batch(values):
    return Batch(values.view(-1, 1, 1, 1))


def total(terms):
    return sum(terms.values())


@pytest.mark.parametrize("loss", LOSSES)
def test_the_discriminator_loss_is_the_papers_in_probabilities(loss):
    """-E[log D(x)] - E[log(1 - D(G(z)))] with D the sigmoid, in float64."""
    value = total(loss.discriminator_loss(scores, batch(REAL), batch(FAKE)))
    d_real, d_fake = REAL.double().sigmoid(), FAKE.double().sigmoid()
    expected = -d_real.log().mean() - (1 - d_fake).log().mean()
    assert value.item() == pytest.approx(expected.item(), rel=1e-6)


def test_the_non_saturating_generator_maximizes_log_d():
    value = total(NonSaturating().generator_loss(scores, batch(FAKE), batch(REAL)))
    assert value.item() == pytest.approx(-FAKE.double().sigmoid().log().mean().item(), rel=1e-6)


def test_the_minimax_generator_minimizes_log_one_minus_d():
    value = total(Minimax().generator_loss(scores, batch(FAKE), batch(REAL)))
    expected = (1 - FAKE.double().sigmoid()).log().mean()
    assert value.item() == pytest.approx(expected.item(), rel=1e-6)


def test_only_the_minimax_generator_saturates_where_the_discriminator_is_sure():
    gradients = []
    for loss in LOSSES:
        sure = torch.tensor([-30.0], requires_grad=True)
        total(loss.generator_loss(scores, batch(sure), batch(sure))).backward()
        gradients.append(sure.grad.item())
    assert gradients[0] == pytest.approx(-1)
    assert gradients[1] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_extreme_scores_stay_finite_where_a_sigmoid_and_a_logarithm_would_not(loss):
    """pytorch/examples and PyTorch-GAN take `BCELoss` of a sigmoid."""
    wrong = torch.tensor([1e4, -1e4], requires_grad=True)
    terms = loss.discriminator_loss(scores, batch(-wrong), batch(wrong))
    value = total(terms) + total(loss.generator_loss(scores, batch(wrong), batch(wrong)))
    value.backward()
    assert value.isfinite()
    assert wrong.grad.isfinite().all()


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_have_the_right_sign(loss):
    real, fake = (torch.zeros(3, requires_grad=True) for _ in range(2))
    total(loss.discriminator_loss(scores, batch(real), batch(fake))).backward()
    assert (real.grad < 0).all()  # descending raises the score of reals
    assert (fake.grad > 0).all()
    fake = torch.zeros(3, requires_grad=True)
    total(loss.generator_loss(scores, batch(fake), batch(real))).backward()
    assert (fake.grad < 0).all()
