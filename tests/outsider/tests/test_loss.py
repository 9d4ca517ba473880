"""Promises of the twilight loss."""

from __future__ import annotations

import math

import pytest
import torch
from nocturne_gan.loss import Twilight, light, shifted
from nocturne_gan.options import TwilightOptions

from ganzoo import Batch

PLAIN = Twilight(TwilightOptions(consistency=0, light=0))


def mean_score(batch: Batch) -> torch.Tensor:
    """Does not mind where things stand."""
    return batch.images.mean((1, 2, 3))


def corner_score(batch: Batch) -> torch.Tensor:
    """Looks at one pixel."""
    return batch.images[:, 0, 0, 0]


def constant(*values: float) -> Batch:
    return Batch(torch.tensor(values).view(-1, 1, 1, 1).expand(-1, 2, 8, 8))


def test_without_its_additions_it_is_the_non_saturating_loss():
    """softplus(-2) + softplus(1) for the critic, softplus(1) for a generator that scores -1."""
    terms = PLAIN.discriminator_loss(mean_score, constant(2.0), constant(1.0))
    assert terms["real"].item() == pytest.approx(math.log1p(math.exp(-2)))
    assert terms["fake"].item() == pytest.approx(math.log1p(math.exp(1)))
    terms = PLAIN.generator_loss(mean_score, constant(-1.0), constant(0.0))
    assert terms["adversarial"].item() == pytest.approx(math.log1p(math.exp(1)))
    assert set(terms) == {"adversarial"}


def test_consistency_is_zero_for_a_critic_that_does_not_mind_a_shift():
    torch.manual_seed(0)
    real = Batch(torch.randn(4, 2, 8, 8))
    options = TwilightOptions(shift=0.5)
    for critic, minds in ((mean_score, False), (corner_score, True)):
        terms = [Twilight(options).discriminator_loss(critic, real, real) for _ in range(4)]
        assert (max(t["consistency"].item() for t in terms) > 1e-6) == minds


def test_a_shift_moves_pixels_and_loses_none():
    torch.manual_seed(0)
    images = torch.arange(64.0).view(1, 1, 8, 8)
    for _ in range(20):
        moved = shifted(images, 0.125)
        assert torch.equal(moved.flatten().sort().values, images.flatten())
        row, column = divmod(int(moved.argmin()), 8)
        assert {row, column} <= {0, 1, 7}


def test_light_is_the_mean_and_the_deviation_of_each_channel():
    images = torch.tensor([[-1.0, 1.0], [0.5, 0.5]]).view(1, 2, 1, 2)
    torch.testing.assert_close(light(images), torch.tensor([[0.0, 0.5], [1.0, 1e-4]]))


def test_the_generators_light_is_free_where_it_matches_and_costs_the_square():
    same = Twilight().generator_loss(mean_score, constant(0.3), constant(0.3))
    assert same["light"].item() == pytest.approx(0.0, abs=1e-12)
    darker = Twilight().generator_loss(mean_score, constant(0.1), constant(0.5))
    assert darker["light"].item() == pytest.approx(0.4**2 / 2)  # over mean and deviation


def test_a_flat_image_has_a_finite_gradient():
    images = torch.zeros(2, 1, 4, 4, requires_grad=True)
    light(images).sum().backward()
    assert images.grad.isfinite().all()
