"""Promises of the InfoGAN loss, against loops that follow the paper."""

from __future__ import annotations

import math

import pytest
import torch
from ganzoo_infogan.loss import InfoGAN
from ganzoo_infogan.options import InfoGANOptions

import ganzoo

OPTIONS = InfoGANOptions(categories=(3, 2), continuous=2)
N, CODE = 5, 7


class Critic:
    """The score is an image's first pixel, the code the seven after it."""

    def __call__(self, batch):
        return self.outputs(batch)["scores"]

    def outputs(self, batch):
        rows = batch.images[:, 0, 0]
        return {"scores": rows[:, 0], "code": rows[:, 1:]}


def noise(seed):
    return torch.randn(N, 1, 1, 1 + CODE, generator=torch.Generator().manual_seed(seed))


def batches():
    latent = InfoGAN(OPTIONS).latent(ganzoo.NormalLatent(10))
    z = latent.sample(N, generator=torch.Generator().manual_seed(2))
    return ganzoo.Batch(noise(0)), ganzoo.Fakes(noise(1), z=z, generate=lambda z, labels: z)


def expected_categorical(fake):
    """The mean over images of the sum over both codes of -log Q(c|x)."""
    total = 0.0
    for image, z in zip(fake.images[:, 0, 0, 1:].tolist(), fake.z.tolist(), strict=True):
        for start, stop in ((0, 3), (3, 5)):
            probabilities = [math.exp(logit) for logit in image[start:stop]]
            chosen = z[start:stop].index(1.0)
            total -= math.log(probabilities[chosen] / sum(probabilities))
    return total / len(fake)


def expected_continuous(fake):
    """The mean over images of -log N(c; mean, 1), without log sqrt(2 pi)."""
    total = 0.0
    for image, z in zip(fake.images[:, 0, 0, 1:].tolist(), fake.z.tolist(), strict=True):
        for mean, code in zip(image[5:7], z[5:7], strict=True):
            density = math.exp(-((code - mean) ** 2) / 2) / math.sqrt(2 * math.pi)
            total -= math.log(density) + math.log(math.sqrt(2 * math.pi))
    return total / len(fake)


@pytest.mark.parametrize("side", ["discriminator_loss", "generator_loss"])
def test_both_networks_minimize_the_negative_log_likelihood_of_the_fakes_codes(side):
    real, fake = batches()
    pair = (real, fake) if side == "discriminator_loss" else (fake, real)
    terms = getattr(InfoGAN(OPTIONS), side)(Critic(), *pair)
    assert terms["categorical"].item() == pytest.approx(expected_categorical(fake), rel=1e-5)
    assert terms["continuous"].item() == pytest.approx(0.1 * expected_continuous(fake), rel=1e-5)


def test_the_adversarial_terms_are_non_saturating():
    real, fake = batches()
    d_real, d_fake = (b.images[:, 0, 0, 0].double().sigmoid() for b in (real, fake))
    terms = InfoGAN(OPTIONS).discriminator_loss(Critic(), real, fake)
    assert terms["real"].item() == pytest.approx(-d_real.log().mean().item(), rel=1e-5)
    assert terms["fake"].item() == pytest.approx(-(1 - d_fake).log().mean().item(), rel=1e-5)
    terms = InfoGAN(OPTIONS).generator_loss(Critic(), fake, real)
    assert terms["adversarial"].item() == pytest.approx(-d_fake.log().mean().item(), rel=1e-5)


def test_each_weight_scales_its_own_codes():
    real, fake = batches()
    plain = InfoGAN(OPTIONS).generator_loss(Critic(), fake, real)
    options = OPTIONS.model_copy(update={"weight": 3.0, "continuous_weight": 0.4})
    scaled = InfoGAN(options).generator_loss(Critic(), fake, real)
    assert scaled["categorical"].item() == pytest.approx(3 * plain["categorical"].item())
    assert scaled["continuous"].item() == pytest.approx(4 * plain["continuous"].item())
    assert scaled["adversarial"] == plain["adversarial"]


@pytest.mark.parametrize(
    ("codes", "size", "names"),
    [
        ({}, 12, {"categorical", "continuous"}),
        ({"categories": (4, 4), "continuous": 0}, 8, {"categorical"}),
        ({"categories": (), "continuous": 3}, 3, {"continuous"}),
    ],
)
def test_it_demands_an_output_of_the_size_of_its_codes(codes, size, names):
    loss = InfoGAN(InfoGANOptions(**codes))
    assert loss.demands() == ganzoo.Demands(outputs={"code": ganzoo.Output(size)})
    z = loss.latent(ganzoo.NormalLatent(20)).sample(N)
    fake = ganzoo.Fakes(torch.randn(N, 1, 1, 1 + size), z=z, generate=lambda z, labels: z)
    assert set(loss.generator_loss(Critic(), fake, fake)) == {"adversarial", *names}


def test_a_loss_without_codes_is_refused():
    with pytest.raises(ganzoo.UsageError, match="needs a code: set `loss.categories`"):
        InfoGAN(InfoGANOptions(categories=(), continuous=0))


def test_a_category_of_one_value_is_refused():
    with pytest.raises(ganzoo.UsageError, match="should be greater than or equal to 2"):
        ganzoo.create("loss", "infogan", categories=[10, 1])
