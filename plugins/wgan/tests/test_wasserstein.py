"""Promises of the Wasserstein losses."""

from __future__ import annotations

import pytest
import torch
from ganzoo_wgan.losses import Wasserstein, WassersteinGP
from ganzoo_wgan.options import WassersteinOptions, WeightClippingOptions
from ganzoo_wgan.weight_clipping import WeightClipping
from torch import nn

from ganzoo import Batch

REAL, FAKE = torch.tensor([1.0, -2.0, 4.0]), torch.tensor([0.5, 3.0, -1.0])


def scores(batch):
    return batch.images[:, 0, 0, 0]


def batch(values):
    return Batch(values.view(-1, 1, 1, 1))


@pytest.mark.parametrize("loss", [Wasserstein(), WassersteinGP()])
def test_the_critic_maximizes_the_difference_of_means(loss):
    terms = loss.discriminator_loss(scores, batch(REAL), batch(FAKE))
    assert sum(terms.values()).item() == pytest.approx((FAKE.mean() - REAL.mean()).item())


@pytest.mark.parametrize("loss", [Wasserstein(), WassersteinGP()])
def test_the_generator_raises_the_score_of_its_fakes(loss):
    terms = loss.generator_loss(scores, batch(FAKE), batch(REAL))
    assert sum(terms.values()).item() == pytest.approx(-FAKE.mean().item())


def test_trained_weights_are_clipped_and_frozen_parts_are_not():
    network = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    weights = torch.linspace(-1, 1, 16).view(4, 4)
    with torch.no_grad():
        for layer in network:
            layer.weight.copy_(weights)
        network[1].requires_grad_(False)
        WeightClipping(WeightClippingOptions(bound=0.25)).after_update(network)
    assert torch.equal(network[0].weight, weights.clamp(-0.25, 0.25))
    assert torch.equal(network[1].weight, weights)


def test_the_loss_brings_weight_clipping():
    brought = Wasserstein(WassersteinOptions(clip=0.25)).default_constraints()
    assert brought == {"weight-clipping": {"bound": 0.25}}
    assert WassersteinGP().default_constraints() == {}


def test_the_settings_are_the_papers():
    assert Wasserstein().settings() == {
        "optimizer": "rmsprop",
        "generator_lr": 5e-5,
        "discriminator_lr": 5e-5,
        "betas": (0.0, 0.99),
        "n_critic": 5,
    }
    assert WassersteinGP().settings() == {  # of Heusel et al. but for the rates
        "optimizer": "adam",
        "generator_lr": 2e-4,
        "discriminator_lr": 4e-4,
        "betas": (0.0, 0.9),
        "n_critic": 1,
    }


def test_wgan_gp_brings_its_penalty():
    assert WassersteinGP().default_penalties() == {"gradient-penalty": {"weight": 10.0}}
    assert Wasserstein().default_penalties() == {}
