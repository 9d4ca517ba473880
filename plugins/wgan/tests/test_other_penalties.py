"""Promises of the penalties of WGAN-div and LGAN, against closed forms and loops."""

from __future__ import annotations

import pytest
import torch
from ganzoo_wgan.gradient_penalty import DivergencePenalty, MaxGradientPenalty
from ganzoo_wgan.losses import WassersteinDiv
from ganzoo_wgan.options import DivergencePenaltyOptions

import ganzoo
from ganzoo import Batch, Demands

SHAPE = (3, 4, 5)


def batch(seed, n=6):
    rng = torch.Generator().manual_seed(seed)
    return Batch(torch.rand(n, *SHAPE, generator=rng, dtype=torch.double) * 2 - 1)


def linear(norm):
    w = torch.ones(SHAPE, dtype=torch.double)
    w = norm * w / w.norm()
    return lambda b: (b.images * w).flatten(1).sum(1)


class Curved:
    """sum(x^3) / 3, whose gradient is x^2; it records the points that it sees."""

    def __call__(self, b):
        self.points = b.images.detach()
        return b.images.pow(3).flatten(1).sum(1) / 3

    def norms(self):
        return [sum(x**4 for x in point.flatten().tolist()) ** 0.5 for point in self.points]


@pytest.mark.parametrize("norm", [0.0, 0.5, 1.0, 2.0])
def test_a_linear_critic_costs_its_closed_form(norm):
    real, fake = batch(0), batch(1)
    assert DivergencePenalty().penalty(linear(norm), real, fake).item() == pytest.approx(norm**6)
    cubed = DivergencePenalty(DivergencePenaltyOptions(power=3))
    assert cubed.penalty(linear(norm), real, fake).item() == pytest.approx(norm**3)
    assert MaxGradientPenalty().penalty(linear(norm), real, fake).item() == pytest.approx(norm**2)


def test_one_is_a_mean_of_powers_and_the_other_a_maximum():
    critic = Curved()
    value = DivergencePenalty().penalty(critic, batch(0), batch(1)).item()
    assert value == pytest.approx(sum(n**6 for n in critic.norms()) / 6)
    value = MaxGradientPenalty().penalty(critic, batch(0), batch(1)).item()
    assert value == pytest.approx(max(critic.norms()) ** 2)


@pytest.mark.parametrize("penalty", [DivergencePenalty(), MaxGradientPenalty()])
def test_points_lie_between_each_real_image_and_its_fake(penalty):
    critic, real, fake = Curved(), batch(0), batch(1)
    penalty.penalty(critic, real, fake)
    share = (critic.points - fake.images) / (real.images - fake.images)
    assert ((share >= 0) & (share <= 1)).all()
    epsilon = share.mean((1, 2, 3))
    torch.testing.assert_close(share, epsilon[:, None, None, None].expand(6, *SHAPE))
    assert len(set(epsilon.tolist())) == 6  # one for each image


@pytest.mark.parametrize("penalty", [DivergencePenalty(), MaxGradientPenalty()])
def test_it_is_finite_at_zero_gradient_and_so_is_its_own_gradient(penalty):
    w = torch.zeros(SHAPE, dtype=torch.double, requires_grad=True)
    value = penalty.penalty(lambda b: (b.images * w).flatten(1).sum(1), batch(0), batch(1))
    value.backward()
    assert value.item() == 0
    assert w.grad.isfinite().all()
    assert penalty.demands() == Demands(forbids_batch_statistics=True)


def test_the_settings_are_the_papers():
    assert WassersteinDiv().default_penalties() == {"wgan-div": {"weight": 2.0, "power": 6.0}}
    assert DivergencePenalty().weight == 2
    assert MaxGradientPenalty().weight == 10
    for name, wrong in (("wgan-div", {"power": 0.5}), ("max-gp", {"weight": -1})):
        with pytest.raises(ganzoo.UsageError, match=next(iter(wrong))):
            ganzoo.create("penalty", name, **wrong)
