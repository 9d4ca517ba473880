"""Promises of zCR, against closed forms of linear networks."""

from __future__ import annotations

import pytest
import torch
from ganzoo_consistency.latent import Diversity, LatentConsistency
from ganzoo_consistency.options import DiversityOptions, LatentConsistencyOptions
from torch import nn

import ganzoo
from ganzoo import Batch, Fakes

N, LATENT = 4000, 3


class Linear(nn.Module):
    """z to images `(N, 1, 4, 4)`, shifted by the label."""

    def __init__(self, scale=1.0):
        super().__init__()
        rng = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(scale * torch.randn(LATENT, 16, generator=rng))
        self.calls = []

    def forward(self, z, labels=None):
        self.calls.append((z, labels))
        return (z @ self.weight + labels[:, None]).view(-1, 1, 4, 4)


def fakes(generator):
    rng = torch.Generator().manual_seed(1)
    z, labels = torch.randn(N, LATENT, generator=rng), torch.arange(N) % 3
    images = generator(z, labels)
    generator.calls.clear()
    return Fakes(images, labels, z=z, generate=generator)


def linear_critic(batch):
    return batch.images.flatten(1) @ torch.linspace(0.1, 1, 16)


@pytest.mark.parametrize("std", [0.05, 0.5])
def test_the_discriminators_side_is_the_mean_square_of_the_change_of_score(std):
    """D(G(z + delta)) - D(G(z)) = v W delta: its mean square is std^2 ||v W||^2."""
    torch.manual_seed(0)
    generator = Linear()
    penalty = LatentConsistency(LatentConsistencyOptions(std=std))
    value = penalty.penalty(linear_critic, Batch(torch.zeros(N, 1, 4, 4)), fakes(generator))
    expected = std**2 * (generator.weight @ torch.linspace(0.1, 1, 16)).square().sum()
    assert value.item() == pytest.approx(expected.item(), rel=0.08)


@pytest.mark.parametrize("std", [0.05, 0.5])
def test_the_generators_side_is_minus_the_mean_square_of_the_change_of_pixels(std):
    """G(z + delta) - G(z) = W delta: the mean square of its 16 pixels is std^2 ||W||^2 / 16."""
    torch.manual_seed(0)
    generator = Linear()
    penalty = Diversity(DiversityOptions(std=std))
    value = penalty.penalty(generator, linear_critic, fakes(generator), Batch(torch.zeros(0)))
    expected = -(std**2) * generator.weight.square().sum() / 16
    assert value.item() == pytest.approx(expected.item(), rel=0.08)


def test_the_noise_is_normal_for_each_number_of_z_and_the_labels_stay():
    torch.manual_seed(0)
    generator = Linear()
    fake = fakes(generator)
    LatentConsistency().penalty(linear_critic, Batch(torch.zeros(N, 1, 4, 4)), fake)
    ((z, labels),) = generator.calls
    assert labels is fake.labels
    noise = (z - fake.z) / 0.05
    torch.testing.assert_close(noise.T.cov(), torch.eye(LATENT), rtol=0, atol=0.1)
    assert noise.mean(0).abs().max() < 0.1
    assert noise.pow(4).mean().item() == pytest.approx(3, abs=0.3)


def test_the_discriminators_side_sends_no_gradient_into_the_generator():
    generator, w = Linear(), torch.tensor(2.0, requires_grad=True)
    fake = fakes(generator)
    fake = fake.with_images(fake.images.detach())
    critic = lambda b: w * linear_critic(b)  # noqa: E731
    value = LatentConsistency().penalty(critic, Batch(torch.zeros(N, 1, 4, 4)), fake)
    value.backward()
    assert generator.weight.grad is None
    assert w.grad.item() == pytest.approx(value.item())  # d/dw w^2 c = 2 w c = 2 / w (w^2 c)


def test_the_generators_side_is_trained_towards_images_that_differ_more():
    torch.manual_seed(0)
    generator = Linear()
    value = Diversity().penalty(generator, linear_critic, fakes(generator), Batch(torch.zeros(0)))
    value.backward()
    growth = -(generator.weight.grad * generator.weight).sum()
    assert growth.item() == pytest.approx(-2 * value.item(), rel=1e-4)


def test_the_rounding_of_the_losss_images_does_not_reach_the_generators_side():
    """The loss may have made them in bfloat16, whose steps are as large as the change of pixels."""
    generator, values, gradients = Linear(), [], []
    fake = fakes(generator)
    for images in (fake.images, fake.images.bfloat16().float()):
        torch.manual_seed(0)
        critic, real = linear_critic, Batch(torch.zeros(0))
        values.append(Diversity().penalty(generator, critic, fake.with_images(images), real))
        gradients.append(torch.autograd.grad(values[-1], generator.weight)[0])
    assert values[0].item() == values[1].item()
    assert torch.equal(*gradients)


def test_a_generator_that_ignores_z_costs_nothing_and_has_a_finite_gradient():
    generator = Linear(scale=0.0)
    value = Diversity().penalty(generator, linear_critic, fakes(generator), Batch(torch.zeros(0)))
    value.backward()
    assert value.item() == 0
    assert generator.weight.grad.isfinite().all()


class Still(ganzoo.Loss):
    """Trains nothing by itself."""

    def discriminator_loss(self, critic, real, fake):
        return {"real": 0 * critic(real).mean() + 0 * critic(fake).mean()}

    def generator_loss(self, critic, fake, real):
        return {"adversarial": 0 * critic(fake).mean()}


@pytest.mark.parametrize(
    ("penalty", "moves"), [("zcr", "discriminator"), ("zcr-diversity", "generator")]
)
def test_in_training_each_side_moves_its_own_network_alone(penalty, moves):
    torch.manual_seed(0)
    noise = list(torch.randint(0, 256, (8, 1, 4, 4)).to(torch.uint8))
    trainer = ganzoo.Trainer(
        generator=nn.Sequential(nn.Linear(LATENT, 16), nn.Tanh(), nn.Unflatten(1, (1, 4, 4))),
        discriminator=nn.Sequential(nn.Flatten(), nn.Linear(16, 1, bias=False), nn.Flatten(0)),
        loss=Still(),
        data=ganzoo.ImageStore.from_dataset(noise),
        latent=LATENT,
        penalties=[penalty],
        batch_size=8,
        optimizer="sgd",
        discriminator_lr=0.1,
        generator_lr=0.1,
        device="cpu",
        precision="fp32",
    )
    before = {
        n: [p.clone() for p in getattr(trainer, n).parameters()]
        for n in ("generator", "discriminator")
    }
    trainer.train_step()
    moved = {
        n
        for n, were in before.items()
        if not all(map(torch.equal, were, getattr(trainer, n).parameters()))
    }
    assert moved == {moves}


def test_options_are_checked():
    for name in ("zcr", "zcr-diversity"):
        with pytest.raises(ganzoo.UsageError, match=f"'penalty.{name}.std' is 0"):
            ganzoo.create("penalty", name, std=0)
