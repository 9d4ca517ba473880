"""Promises of feature matching, against loops over features and a linear generator."""

from __future__ import annotations

import pytest
import torch
from ganzoo_feature_matching.options import FeatureMatchingOptions
from ganzoo_feature_matching.penalty import FeatureMatching
from torch import nn

import ganzoo
from ganzoo import Batch, Demands, Fakes, Output


def images(n, seed):
    return torch.rand(n, 1, 4, 4, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def fakes(values):
    return Fakes(values, z=torch.zeros(len(values), 2), generate=lambda z, labels: values)


class Critic:
    """Features are squares of pixels, as a map `(N, 1, 4, 4)`."""

    def __call__(self, batch):
        return self.outputs(batch)["scores"]

    def outputs(self, batch):
        return {"scores": batch.images.sum((1, 2, 3)), "features": batch.images.square()}


def differences(real, fake):
    """Mean feature of the reals minus that of the fakes, feature by feature."""
    of_real, of_fake = (x.double().flatten(1).tolist() for x in (real, fake))
    mean = [
        [sum(row[k] ** 2 for row in rows) / len(rows) for k in range(16)]
        for rows in (of_real, of_fake)
    ]
    return [a - b for a, b in zip(*mean, strict=True)]


@pytest.mark.parametrize(
    ("norm", "of"), [("l2", lambda d: sum(x * x for x in d)), ("l1", lambda d: sum(map(abs, d)))]
)
def test_it_is_the_norm_of_the_difference_of_mean_features(norm, of):
    real, fake = images(6, 0), images(6, 1)
    penalty = FeatureMatching(FeatureMatchingOptions(norm=norm))
    value = penalty.penalty(nn.Identity(), Critic(), fakes(fake), Batch(real))
    assert value.shape == ()
    assert value.item() == pytest.approx(of(differences(real, fake)), rel=1e-5)


def test_equal_means_cost_nothing_whatever_the_images():
    real = images(6, 0)
    value = FeatureMatching().penalty(nn.Identity(), Critic(), fakes(-real.flip(0)), Batch(real))
    assert value.item() == pytest.approx(0, abs=1e-10)


def test_the_batch_is_one_mean_not_pairs():
    """Half the reals black, half white: grey-feature fakes match them, though no pair is equal."""
    real = torch.cat([torch.ones(3, 1, 4, 4), torch.zeros(3, 1, 4, 4)])
    fake = torch.full((6, 1, 4, 4), 0.5**0.5)
    value = FeatureMatching().penalty(nn.Identity(), Critic(), fakes(fake), Batch(real))
    assert value.item() == pytest.approx(0, abs=1e-10)


class Pixels(nn.Module):
    """A discriminator whose features are the pixels; it has a layer to train."""

    def __init__(self):
        super().__init__()
        self.score = nn.Linear(16, 1)

    def forward(self, images):
        features = images.flatten(1)
        return {"scores": self.score(features)[:, 0], "features": features}


class Zero(ganzoo.Loss):
    """Trains nothing by itself."""

    def discriminator_loss(self, critic, real, fake):
        return {"real": 0 * critic(real).mean()}

    def generator_loss(self, critic, fake, real):
        return {"adversarial": 0 * critic(fake).mean()}


class Constant(nn.Module):
    """A generator that makes one image, which is trained."""

    def __init__(self):
        super().__init__()
        self.image = nn.Parameter(torch.zeros(1, 4, 4))

    def forward(self, z):
        return self.image.expand(len(z), -1, -1, -1)


def trainer(**settings):
    pictures = [((x + 1) * 127.5).round().to(torch.uint8) for x in images(8, 3)]
    return ganzoo.Trainer(
        generator=Constant(),
        discriminator=Pixels(),
        loss=Zero(),
        data=ganzoo.ImageStore.from_dataset(pictures),
        latent=2,
        penalties={"feature-matching": {}},
        batch_size=8,
        optimizer="sgd",
        generator_lr=0.1,
        device="cpu",
        precision="fp32",
        **settings,
    )


def test_the_generator_alone_is_trained_and_reaches_the_mean_of_the_real_features():
    trained = trainer()
    before = [p.clone() for p in trained.discriminator.parameters()]
    trained.fit(60)
    mean = torch.stack([trained.batches[k].images for k in range(8)]).mean((0, 1))
    torch.testing.assert_close(trained.generator.image.detach(), mean, rtol=0, atol=2e-3)
    after = list(trained.discriminator.parameters())
    assert all(torch.equal(a, b) for a, b in zip(after, before, strict=True))


def test_a_micro_batch_has_a_mean_of_its_own():
    """The variance of its mean adds to the penalty, so it is larger."""
    whole, split = (trainer(grad_accum_steps=n).train_step() for n in (1, 4))
    name = "generator/feature-matching"
    assert split[name] > whole[name] + 0.1


def test_it_demands_features_of_any_shape():
    assert FeatureMatching().demands() == Demands(outputs={"features": Output("any")})


def test_the_norm_is_l1_or_l2():
    with pytest.raises(ganzoo.UsageError, match="'penalty.feature-matching.norm' is 'l3'"):
        ganzoo.create("penalty", "feature-matching", norm="l3")
