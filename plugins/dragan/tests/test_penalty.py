"""Promises of the DRAGAN penalty, against closed forms."""

from __future__ import annotations

import pytest
import torch
from ganzoo_dragan.options import DraganOptions
from ganzoo_dragan.penalty import Dragan
from torch import nn

import ganzoo
from ganzoo import Batch, Demands


def batch(shape, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return Batch(torch.rand(6, *shape, generator=rng) * 2 - 1)


def linear(w):
    return lambda b: (b.images * w).flatten(1).sum(1)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 5, 9)])
@pytest.mark.parametrize("norm", [0.0, 1.0, 3.0])
def test_a_linear_critic_costs_its_closed_form(shape, norm):
    w = torch.ones(shape)
    w = norm * w / w.norm()
    value = Dragan().penalty(linear(w), batch(shape), batch(shape, 1))
    assert value.item() == pytest.approx((norm - 1) ** 2, abs=1e-5)


def test_points_lie_within_half_a_standard_deviation_of_each_image_above_it():
    points = []

    def spy(b):
        points.append(b.images.detach())
        return b.images.flatten(1).sum(1)

    contrasts = torch.tensor([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])
    real = Batch(batch((1, 64, 64)).images * contrasts[:, None, None, None])
    Dragan().penalty(spy, real, batch((1, 64, 64), 1))
    moved = (points[0] - real.images).flatten(1)
    bound = contrasts / 3**0.5 / 2  # the deviation of U[-1, 1] is 1 / sqrt(3)
    assert moved.min() >= 0
    torch.testing.assert_close(moved.amax(1), bound, rtol=0.05, atol=1e-6)
    torch.testing.assert_close(moved.mean(1), bound / 2, rtol=0.05, atol=1e-6)


class Wasserstein(ganzoo.Loss):
    def discriminator_loss(self, critic, real, fake):
        return {"distance": critic(fake).mean() - critic(real).mean()}

    def generator_loss(self, critic, fake, real):
        return {"adversarial": -critic(fake).mean()}


def discriminator_after_training(**settings):
    """On images from dark grey to full contrast, whose deviations differ from batch to batch."""
    torch.manual_seed(0)
    noise = torch.randint(-128, 128, (16, 1, 8, 8))
    images = [(128 + (k + 1) / 16 * each).to(torch.uint8) for k, each in enumerate(noise)]
    discriminator = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 1), nn.Flatten(0)
    )
    trainer = ganzoo.Trainer(
        generator=nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8))),
        discriminator=discriminator,
        loss=Wasserstein(),
        data=ganzoo.ImageStore.from_dataset(images),
        latent=4,
        penalties={"dragan": Dragan()},
        batch_size=8,
        optimizer="sgd",
        discriminator_lr=0.1,
        device="cpu",
        precision="fp32",
        **settings,
    )
    trainer.fit(4)
    return list(discriminator.parameters())


@pytest.mark.parametrize("parts", [2, 8])
def test_training_in_micro_batches_is_training_on_the_whole_batch(parts):
    """The deviation of all pixels of a micro-batch would not be that of the whole batch."""
    whole, split = (
        discriminator_after_training(),
        discriminator_after_training(grad_accum_steps=parts),
    )
    torch.testing.assert_close(split, whole, rtol=1e-4, atol=1e-6)


def test_fakes_do_not_count():
    real = batch((1, 8, 8))
    curved = lambda b: b.images.pow(3).flatten(1).sum(1)  # noqa: E731
    values = []
    for seed in (1, 2):
        torch.manual_seed(0)
        values.append(Dragan().penalty(curved, real, batch((1, 8, 8), seed)).item())
    assert values[0] == values[1]


def test_it_is_finite_at_zero_gradient_and_so_is_its_own_gradient():
    w = torch.zeros(1, 8, 8, requires_grad=True)
    value = Dragan().penalty(linear(w), batch((1, 8, 8)), batch((1, 8, 8), 1))
    value.backward()
    assert value.item() == 1
    assert w.grad.isfinite().all()


def test_target_and_weight_are_options_and_batch_statistics_are_forbidden():
    w = torch.full((1, 8, 8), 2 / 8)
    value = Dragan(DraganOptions(target=2.0)).penalty(linear(w), batch((1, 8, 8)), batch((1, 8, 8)))
    assert value.item() == pytest.approx(0, abs=1e-10)
    assert Dragan().weight == 10
    assert Dragan().demands() == Demands(forbids_batch_statistics=True)
