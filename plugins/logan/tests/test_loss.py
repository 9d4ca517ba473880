"""Promises of latent optimization, against closed forms and finite differences in float64."""

from __future__ import annotations

import pytest
import torch
from ganzoo_logan.loss import LatentOptimization
from ganzoo_logan.options import LatentOptimizationOptions
from torch import nn

import ganzoo
from ganzoo import Batch, Fakes

N, DIM = 5, 3
ALL = LatentOptimizationOptions(share=1)


class Generator(nn.Module):
    """tanh of a linear map of z."""

    def __init__(self):
        super().__init__()
        rng = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(DIM, 4, generator=rng, dtype=torch.double))

    def forward(self, z, labels=None):
        return torch.tanh(z @ self.weight).view(-1, 1, 2, 2)


class Discriminator(nn.Module):
    """A linear map of the squared image, with an offset."""

    def __init__(self):
        super().__init__()
        rng = torch.Generator().manual_seed(1)
        self.weight = nn.Parameter(torch.randn(4, generator=rng, dtype=torch.double))

    def forward(self, images):
        return images.flatten(1).pow(2) @ self.weight - 0.1


def fakes(generator):
    rng = torch.Generator().manual_seed(2)
    z = torch.randn(N, DIM, generator=rng, dtype=torch.double)
    return Fakes(generator(z).detach(), z=z, generate=generator)


def real():
    rng = torch.Generator().manual_seed(3)
    return Batch(torch.rand(N, 1, 2, 2, generator=rng, dtype=torch.double))


def by_finite_differences(generator, discriminator, options):
    """alpha g / (||g||^2 + beta), one entry of z at a time."""
    steps = []
    for z in fakes(generator).z:
        g = []
        for k in range(DIM):
            h = torch.zeros(DIM, dtype=torch.double)
            h[k] = 1e-6
            up, down = (discriminator(generator((z + s * h)[None])).item() for s in (1, -1))
            g.append((up - down) / 2e-6)
        factor = options.step / (sum(x * x for x in g) + options.damping)
        steps.append([factor * x for x in g])
    return torch.tensor(steps, dtype=torch.double)


@pytest.mark.parametrize("beta", [0.1, 5.0])
def test_the_step_is_the_damped_natural_gradient(beta):
    options = LatentOptimizationOptions(share=1, damping=beta)
    networks = Generator(), Discriminator()
    critic, fake = ganzoo.critic(networks[1]), fakes(networks[0])
    moved, steps = LatentOptimization(options).moved(critic, fake)
    expected = by_finite_differences(*networks, options)
    torch.testing.assert_close(steps, expected, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(moved.images, networks[0](fake.z + steps))
    assert (critic(moved) > critic(fake.again())).all()  # it is a step up


def test_the_losses_are_those_of_moved_fakes():
    networks = Generator(), Discriminator()
    critic, fake = ganzoo.critic(networks[1]), fakes(networks[0])
    steps = by_finite_differences(*networks, ALL)
    scores = networks[1](networks[0](fake.z + steps)).tolist()
    loss = LatentOptimization(ALL)
    terms = loss.discriminator_loss(critic, real(), fake)
    assert terms["fake"].item() == pytest.approx(sum(max(0, 1 + s) for s in scores) / N, rel=1e-6)
    on_real = critic(real()).tolist()
    assert terms["real"].item() == pytest.approx(sum(max(0, 1 - s) for s in on_real) / N)
    terms = loss.generator_loss(critic, fake, real())
    assert terms["adversarial"].item() == pytest.approx(-sum(scores) / N, rel=1e-6)
    squares = sum(x * x for row in steps.tolist() for x in row)
    assert terms["step"].item() == pytest.approx(0.1 * squares / N, rel=1e-6)


@pytest.mark.parametrize("of", ["hinge", "bce"])
@pytest.mark.parametrize("side", ["discriminator", "generator"])
def test_gradients_go_through_the_step(of, side):
    """Those of finite differences, in which z moves as the weights do."""
    options = LatentOptimizationOptions(share=1, of=of)

    def total(weight):
        networks = {"generator": Generator(), "discriminator": Discriminator()}
        if weight is not None:
            networks[side].weight = nn.Parameter(weight)
        critic, fake = ganzoo.critic(networks["discriminator"]), fakes(networks["generator"])
        loss = LatentOptimization(options)
        terms = (
            loss.discriminator_loss(critic, real(), fake)
            if side == "discriminator"
            else loss.generator_loss(critic, fake, real())
        )
        return sum(terms.values()), networks[side].weight

    value, weight = total(None)
    (gradient,) = torch.autograd.grad(value, weight)
    rng = torch.Generator().manual_seed(4)
    direction = torch.randn(weight.shape, generator=rng, dtype=torch.double)
    ends = [total(weight.detach() + s * 1e-6 * direction)[0].item() for s in (1, -1)]
    slope = (ends[0] - ends[1]) / 2e-6
    assert (gradient * direction).sum().item() == pytest.approx(slope, rel=1e-5)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_each_z_moves_with_the_probability_share(share):
    torch.manual_seed(0)
    generator = Generator()
    z = torch.randn(2000, DIM, dtype=torch.double)
    fake = Fakes(generator(z), z=z, generate=generator)
    loss = LatentOptimization(LatentOptimizationOptions(share=share))
    _, steps = loss.moved(ganzoo.critic(Discriminator()), fake)
    moves = (steps != 0).any(1).double().mean().item()
    assert moves == pytest.approx(share, abs=4 * (share * (1 - share) / 2000) ** 0.5)


# --- At sampling


def test_at_sampling_the_share_of_z_moves_by_the_same_step():
    networks, z = (Generator(), Discriminator()), torch.randn(2000, DIM, dtype=torch.double)
    rng = torch.Generator().manual_seed(5)
    fake = Fakes(networks[0](z).detach(), z=z, generate=networks[0])
    refiner = LatentOptimization(LatentOptimizationOptions(share=0.3)).refiner()
    moved = refiner(
        ganzoo.critic(networks[1]),
        fake,
        lambda: torch.randn(z.shape, generator=rng, dtype=torch.double),
    )
    moves = (moved != z).any(1)
    assert moves.double().mean().item() == pytest.approx(0.3, abs=4 * (0.3 * 0.7 / 2000) ** 0.5)
    _, steps = LatentOptimization(ALL).moved(ganzoo.critic(networks[1]), fake)
    torch.testing.assert_close(moved[moves], (z + steps)[moves])


@pytest.mark.parametrize("at_sampling", [True, False])
def test_samples_of_trainer_and_run_are_those_of_moved_z(tmp_path, monkeypatch, at_sampling):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    run = ganzoo.train(
        arch={"name": "dcgan", "base_channels": 2, "latent_dim": 4},
        loss={"name": "logan", "share": 1, "at_sampling": at_sampling},
        data="emoji",
        size=16,
        batch_size=4,
        steps=2,
        sample_count=4,
        device="cpu",
        run_dir=tmp_path / "run",
    )
    run = ganzoo.Run(run.path, device="cpu")
    images = run.sample(5, seed=3)
    z = run.sampler.draw(5, seed=3)
    assert torch.equal(run.decode(z), images) is not at_sampling

    # The same by hand.
    fake = Fakes(run.generator(z), z=z, generate=lambda z, labels: run.generator(z))
    critic = ganzoo.critic(run.discriminator)
    moved, _ = LatentOptimization(ALL).moved(critic, fake)
    expected = run.decode(moved.z.detach() if at_sampling else z)
    atol = (run.decode(z) - run.decode(moved.z.detach())).abs().max().item() / 100
    torch.testing.assert_close(images, expected, rtol=0, atol=atol)
    plain = run.refined(lambda critic, fake, noise: fake.z)
    assert torch.equal(plain.sample(5, seed=3), run.decode(z))


@pytest.mark.parametrize("wrong", [{"damping": 0}, {"share": 1.1}, {"of": "wasserstein"}])
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(ganzoo.UsageError, match=next(iter(wrong))):
        ganzoo.create("loss", "logan", **wrong)
