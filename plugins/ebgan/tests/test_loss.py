"""Promises of the energy-based loss and of the pulling-away term."""

from __future__ import annotations

import pytest
import torch
from ganzoo_ebgan.loss import EnergyBased
from ganzoo_ebgan.options import EnergyOptions
from ganzoo_ebgan.penalty import PullingAway

import ganzoo
from ganzoo import Batch, Demands, Fakes, Output

# Energies are 0.5, 2 and 0; 0.25, 3 and 1.5.
REAL, FAKE = torch.tensor([-0.5, -2.0, 0.0]), torch.tensor([-0.25, -3.0, -1.5])


def scores(batch):
    return batch.images[:, 0, 0, 0]


def batch(values):
    return Batch(values.view(-1, 1, 1, 1))


@pytest.mark.parametrize("margin", [0.1, 1.0, 10.0])
def test_the_discriminators_terms_are_energy_and_margin(margin):
    loss = EnergyBased(EnergyOptions(margin=margin))
    terms = loss.discriminator_loss(scores, batch(REAL), batch(FAKE))
    assert terms["real"].item() == pytest.approx((0.5 + 2 + 0) / 3)
    expected = sum(max(0, margin - energy) for energy in (0.25, 3, 1.5)) / 3
    assert terms["fake"].item() == pytest.approx(expected)


def test_the_generator_minimizes_the_energy():
    terms = EnergyBased().generator_loss(scores, batch(FAKE), batch(REAL))
    assert terms["adversarial"].item() == pytest.approx((0.25 + 3 + 1.5) / 3)


def test_fakes_beyond_the_margin_do_not_pull_at_the_discriminator():
    fake = FAKE.clone().requires_grad_()
    EnergyBased().discriminator_loss(scores, batch(REAL), batch(fake))["fake"].backward()
    assert fake.grad.tolist() == pytest.approx([1 / 3, 0, 0])


def test_a_score_above_zero_is_no_gain():
    """Else a discriminator that is no auto-encoder could lower the loss without end."""
    real = torch.tensor([5.0, -1.0], requires_grad=True)
    EnergyBased().discriminator_loss(scores, batch(real), batch(FAKE))["real"].backward()
    assert real.grad.tolist() == [0, -0.5]


# --- The pulling-away term


class Features:
    """The pixels of an image are its features."""

    def outputs(self, batch):
        return {"features": batch.images}


def pulling_away(features):
    images = features.view(len(features), 1, 1, -1)
    fake = Fakes(images, z=torch.zeros(len(images), 1), generate=None)
    return PullingAway().penalty(None, Features(), fake, fake)


def test_it_is_the_mean_squared_cosine_of_all_pairs():
    """Squared: a well-known implementation (PyTorch-GAN) forgets the square."""
    rng = torch.Generator().manual_seed(0)
    rows = torch.randn(5, 7, generator=rng, dtype=torch.double)
    total = 0.0
    for i, a in enumerate(rows):
        for j, b in enumerate(rows):
            if i != j:
                total += float(a @ b / (a.norm() * b.norm())) ** 2
    assert pulling_away(rows).item() == pytest.approx(total / (5 * 4), rel=1e-6)
    assert torch.autograd.gradcheck(pulling_away, rows.requires_grad_())


@pytest.mark.parametrize(("rows", "value"), [(torch.eye(4), 0), (torch.ones(4, 3), 1)])
def test_orthogonal_features_cost_nothing_and_parallel_ones_1(rows, value):
    assert pulling_away(rows).item() == pytest.approx(value)
    assert pulling_away(-3 * rows).item() == pytest.approx(value)


def test_it_demands_features_and_pairs():
    assert PullingAway().demands() == Demands(outputs={"features": Output("any")})
    assert PullingAway().weight == 0.1
    with pytest.raises(ganzoo.UsageError, match="pairs of fakes.*batch_size"):
        pulling_away(torch.ones(1, 3))


@pytest.mark.parametrize("margin", [0, -1])
def test_a_margin_that_is_not_positive_is_refused(margin):
    with pytest.raises(ganzoo.UsageError, match="margin"):
        ganzoo.create("loss", "ebgan", margin=margin)
