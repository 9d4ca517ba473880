"""Promises of a trainer of float64 networks."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from toys import TinyDiscriminator, TinyGenerator

import ganzoo


def test_a_step_in_float64_equals_the_textbook_loop_to_the_last_digits(make_trainer):
    trainer = make_trainer(
        generator=TinyGenerator().double(),
        discriminator=TinyDiscriminator().double(),
        optimizer="sgd",
        betas=(0.0, 0.9),
        generator_lr=0.1,
        discriminator_lr=0.2,
    )
    generator, discriminator = map(copy.deepcopy, (trainer.generator, trainer.discriminator))
    real = trainer.batches[0].images.double()

    torch.manual_seed(ganzoo.randomness.derive(0, "step", 0))
    fake = generator(torch.randn(4, 8).double())
    loss = F.softplus(-discriminator(real)).mean() + F.softplus(discriminator(fake.detach())).mean()
    for p, g in zip(
        discriminator.parameters(),
        torch.autograd.grad(loss, discriminator.parameters()),
        strict=True,
    ):
        p.data -= 0.2 * g
    loss = F.softplus(-discriminator(fake)).mean()
    for p, g in zip(
        generator.parameters(), torch.autograd.grad(loss, generator.parameters()), strict=True
    ):
        p.data -= 0.1 * g

    terms = trainer.train_step()
    assert {term.dtype for term in terms.values()} == {torch.float64}
    assert trainer.record.fake.dtype == trainer.record.real.dtype == torch.float64
    for mine, theirs in ((trainer.generator, generator), (trainer.discriminator, discriminator)):
        for p, q in zip(mine.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(p, q, rtol=1e-12, atol=1e-14)
    assert trainer.sample(3).dtype == torch.float32


@pytest.mark.parametrize("penalties", ["r1", "gradient-penalty", "lecam"])
def test_penalties_and_augmentations_work_in_float64(make_trainer, penalties):
    trainer = make_trainer(
        generator=TinyGenerator().double(),
        discriminator=TinyDiscriminator().double(),
        penalties=penalties,
        augment="diffaugment",
        grad_accum_steps=2,
    )
    assert {term.dtype for term in trainer.train_step().values()} == {torch.float64}
