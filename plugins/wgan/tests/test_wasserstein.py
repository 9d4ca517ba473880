"""Promises of the Wasserstein losses."""

from __future__ import annotations

import pytest
import torch
from ganzoo_wgan.losses import Wasserstein, WassersteinGP
from ganzoo_wgan.options import WassersteinOptions
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


def test_weights_are_clipped_after_each_critic_update():
    network = nn.Linear(4, 4)
    with torch.no_grad():
        network.weight.copy_(torch.linspace(-1, 1, 16).view(4, 4))
        Wasserstein(WassersteinOptions(clip=0.25)).after_discriminator_step(network)
    assert network.weight.abs().max() == 0.25
    assert torch.equal(network.weight, torch.linspace(-1, 1, 16).view(4, 4).clamp(-0.25, 0.25))


def test_the_settings_are_the_papers():
    assert Wasserstein().settings() == {
        "optimizer": "rmsprop",
        "generator_lr": 5e-5,
        "discriminator_lr": 5e-5,
        "betas": (0.0, 0.99),
        "n_critic": 5,
    }
    gp = WassersteinGP().settings()
    assert (gp["optimizer"], gp["discriminator_lr"], gp["betas"], gp["n_critic"]) == (
        "adam",
        1e-4,
        (0.0, 0.9),
        5,
    )


def test_wgan_gp_brings_its_penalty():
    assert WassersteinGP().default_penalties() == {"gradient-penalty": {"weight": 10.0}}
    assert Wasserstein().default_penalties() == {}
