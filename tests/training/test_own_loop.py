"""Promises of losses and penalties in a training loop that is not ganzoo's."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from toys import LogisticLoss, TinyDiscriminator, TinyGenerator, make_store

import ganzoo


def plain_generator() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))


@pytest.mark.parametrize("loss", ["wgan-gp", "hinge", "bce", "lsgan"])
def test_a_loop_by_hand_equals_the_step_of_a_trainer(loss):
    """One step of the loop of docs/library.md, with the same images and z."""
    loss = ganzoo.create("loss", loss)
    options = loss.default_penalties()
    penalties = [ganzoo.create("penalty", name, **o) for name, o in options.items()]
    trainer = ganzoo.Trainer(
        generator=plain_generator(),
        discriminator=TinyDiscriminator(),
        loss=loss,
        data=make_store(),
        latent=8,
        batch_size=4,
        n_critic=1,
        optimizer="sgd",
        betas=(0.0, 0.9),
        generator_lr=0.1,
        discriminator_lr=0.1,
        reuse_fakes=True,
        device="cpu",
    )
    generator, discriminator = map(copy.deepcopy, (trainer.generator, trainer.discriminator))
    critic, real = ganzoo.critic(discriminator), trainer.batches[0]
    optimizers = [torch.optim.SGD(n.parameters(), lr=0.1) for n in (discriminator, generator)]

    # The discriminator.
    torch.manual_seed(ganzoo.randomness.derive(0, "step", 0))
    z = torch.randn(4, 8)
    images = generator(z)
    fake = ganzoo.Fakes(images.detach(), z=z, generate=lambda z, labels: generator(z))
    terms = loss.discriminator_loss(critic, real, fake)
    total = sum(terms.values())
    for penalty in penalties:
        total = total + penalty.weight * penalty.penalty(critic, real, fake)
    total.backward()
    optimizers[0].step()

    # The generator.
    discriminator.requires_grad_(False)
    fake = ganzoo.Fakes(images, z=z, generate=lambda z, labels: generator(z))
    sum(loss.generator_loss(critic, fake, real).values()).backward()
    optimizers[1].step()

    trainer.train_step()
    for mine, theirs in ((trainer.generator, generator), (trainer.discriminator, discriminator)):
        for p, q in zip(mine.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(p, q, rtol=1e-4, atol=1e-6)


def test_labels_of_a_batch_reach_a_conditional_discriminator():
    discriminator = TinyDiscriminator(classes=3)
    critic, images = ganzoo.critic(discriminator), torch.rand(6, 1, 8, 8)
    labels = torch.arange(6) % 3
    assert torch.equal(critic(ganzoo.Batch(images, labels)), discriminator(images, labels))
    assert torch.equal(critic(ganzoo.Batch(images)), discriminator(images))


class Patches(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, 2, 1)

    def forward(self, images):
        return {"scores": self.conv(images), "features": images.flatten(1)}


def test_patches_are_one_score_an_image_unless_a_loss_takes_them():
    discriminator, batch = Patches(), ganzoo.Batch(torch.rand(5, 1, 8, 8))
    patches = discriminator.conv(batch.images).flatten(1)
    assert torch.equal(ganzoo.critic(discriminator, takes_patches=True)(batch), patches)
    torch.testing.assert_close(ganzoo.critic(discriminator)(batch), patches.mean(1))
    assert {*ganzoo.critic(discriminator).outputs(batch)} == {"scores", "features"}


def test_every_image_is_augmented():
    discriminator = TinyDiscriminator()
    critic = ganzoo.critic(discriminator, augment=lambda images: images.flip(3))
    images = torch.rand(3, 1, 8, 8)
    assert torch.equal(critic(ganzoo.Batch(images)), discriminator(images.flip(3)))


def test_it_runs_in_the_callers_autocast_and_scores_are_float32():
    seen = []

    class Watching(TinyDiscriminator):
        def forward(self, images, labels=None):
            scores = super().forward(images)
            seen.append(scores.dtype)
            return scores

    critic, batch = ganzoo.critic(Watching()), ganzoo.Batch(torch.rand(3, 1, 8, 8))
    with torch.autocast("cpu", torch.bfloat16):
        scores = critic(batch)
    assert seen == [torch.bfloat16]
    assert scores.dtype == torch.float32
    assert (
        ganzoo.critic(TinyDiscriminator().double())(
            ganzoo.Batch(torch.rand(3, 1, 8, 8).double())
        ).dtype
        == torch.float64
    )


def test_what_is_no_score_is_refused_in_a_sentence():
    with pytest.raises(ganzoo.PluginError, match="the discriminator returned a tuple"):
        ganzoo.critic(lambda images: (images, images))(ganzoo.Batch(torch.rand(3, 1, 8, 8)))


def test_a_wrapped_discriminator_is_one_too():
    discriminator, batch = TinyDiscriminator(), ganzoo.Batch(torch.rand(3, 1, 8, 8))
    wrapped = torch.nn.DataParallel(discriminator)
    assert torch.equal(ganzoo.critic(wrapped)(batch), ganzoo.critic(discriminator)(batch))


def test_a_loss_of_ones_own_needs_no_more(make_trainer):
    """Fakes in the loop need z alone where a loss generates no others."""
    critic, generator = ganzoo.critic(TinyDiscriminator()), TinyGenerator()
    z = torch.randn(4, 8)
    fake = ganzoo.Fakes(generator(z), z=z, generate=lambda z, labels: generator(z))
    terms = LogisticLoss().generator_loss(critic, fake, ganzoo.Batch(torch.rand(4, 1, 8, 8)))
    sum(terms.values()).backward()
    assert all(p.grad is not None for p in generator.parameters())
