"""Promises of the relativistic average loss, against the paper's formulas image by image."""

from __future__ import annotations

import math

import pytest
import torch
from ganzoo_ragan.loss import RelativisticAverage
from ganzoo_ragan.options import RelativisticAverageOptions

import ganzoo
from ganzoo import Batch

REAL, FAKE = torch.tensor([1.5, -2.0, 0.25]), torch.tensor([0.5, 3.0, -4.0])


def scores(batch):
    return batch.images[:, 0, 0, 0]


def batch(values):
    return Batch(values.view(-1, 1, 1, 1))


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


FORMULAS = {
    # -log D~(high) and -log(1 - D~(low)); relu(1 - s) and relu(1 + s); (s - 1)^2 and (s + 1)^2
    "bce": (lambda s: -math.log(sigmoid(s)), lambda s: -math.log(1 - sigmoid(s))),
    "hinge": (lambda s: max(0, 1 - s), lambda s: max(0, 1 + s)),
    "lsgan": (lambda s: (s - 1) ** 2, lambda s: (s + 1) ** 2),
}


def by_formula(of, high, low):
    above, below = FORMULAS[of]
    high, low = high.double().tolist(), low.double().tolist()
    mean_high, mean_low = sum(high) / len(high), sum(low) / len(low)
    return (
        sum(above(s - mean_low) for s in high) / len(high),
        sum(below(s - mean_high) for s in low) / len(low),
    )


@pytest.mark.parametrize("of", ["bce", "hinge", "lsgan"])
def test_both_sides_are_the_papers_formula(of):
    loss = RelativisticAverage(RelativisticAverageOptions(of=of))
    terms = loss.discriminator_loss(scores, batch(REAL), batch(FAKE))
    expected = by_formula(of, REAL, FAKE)
    assert (terms["real"].item(), terms["fake"].item()) == pytest.approx(expected, rel=1e-5)
    terms = loss.generator_loss(scores, batch(FAKE), batch(REAL))
    expected = by_formula(of, FAKE, REAL)
    assert (terms["fake"].item(), terms["real"].item()) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("of", ["bce", "hinge", "lsgan"])
def test_the_gradient_goes_through_the_means(of):
    """So that of all scores together is 0: only differences count."""
    real, fake = (t.double().requires_grad_() for t in (REAL, FAKE))
    loss = RelativisticAverage(RelativisticAverageOptions(of=of))

    def total(r, f):
        terms = loss.discriminator_loss(scores, batch(r), batch(f))
        return terms["real"] + terms["fake"]

    gradients = torch.autograd.grad(total(real, fake), (real, fake))
    assert torch.cat(gradients).sum().item() == pytest.approx(0, abs=1e-12)
    assert torch.autograd.gradcheck(total, (real, fake))


def test_the_generator_lowers_the_scores_of_real_images_too():
    """Relative to those of its fakes; a plain loss has no term of real images."""
    fake = FAKE.clone().requires_grad_()
    terms = RelativisticAverage().generator_loss(scores, batch(fake), batch(REAL))
    (gradient,) = torch.autograd.grad(terms["real"], fake)
    assert (gradient < 0).all()


def test_other_losses_are_refused():
    with pytest.raises(ganzoo.UsageError, match="of"):
        ganzoo.create("loss", "relativistic-average", of="wasserstein")
