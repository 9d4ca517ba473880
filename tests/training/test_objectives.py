"""Real and fake images in one pass: faster, and nothing else."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from toys import LogisticLoss, RealGradientPenalty, TinyDiscriminator

import ganzoo


class Counting(TinyDiscriminator):
    """Notes how many images it is shown."""

    def __init__(self, norm: type[nn.Module] | None = None):
        super().__init__(norm=norm)
        self.shown: list[int] = []

    def forward(self, images, labels=None):
        self.shown.append(len(images))
        return super().forward(images, labels)


def objective_of(trainer):
    trainer.discriminator.shown.clear()
    return trainer.discriminator_update.objective


@pytest.mark.parametrize("conditional", [False, True])
def test_loss_terms_gradients_and_scores_are_those_of_two_passes(make_trainer, conditional):
    trainer = make_trainer(
        penalties={"r": RealGradientPenalty()}, conditional=conditional, classes=3
    )
    objective, found = trainer.discriminator_update.objective, []
    inputs = trainer._draw(0)
    for objective.joint_forward in (True, False):
        trainer.discriminator.zero_grad()
        loss, terms, record = objective(inputs, ("r",))
        loss.backward()
        gradients = [p.grad for p in trainer.discriminator.parameters()]
        found.append((loss.detach(), terms, record.real_scores, record.fake_scores, gradients))
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-6)


def test_they_are_shown_in_one_pass_where_each_score_is_its_images_own(make_trainer):
    apart = make_trainer(discriminator=Counting())
    n = apart.training.batch_size
    objective_of(apart)(apart._draw(0), ())
    assert apart.discriminator.shown == [2 * n]
    normed = make_trainer(discriminator=Counting(nn.BatchNorm2d))
    objective_of(normed)(normed._draw(0), ())
    assert normed.discriminator.shown == [n, n]


def test_who_asks_twice_gets_two_passes(make_trainer):
    """A consistency term compares two passes over the same images, whose dropout differs."""

    class Twice(LogisticLoss):
        def discriminator_loss(self, critic, real, fake):
            first, second = critic(real), critic(real)
            return {"consistency": (first - second).square().mean(), "fake": critic(fake).mean()}

    trainer = make_trainer(discriminator=Counting(lambda c: nn.Dropout(0.5)), loss=Twice())
    n = trainer.training.batch_size
    _, terms, _ = objective_of(trainer)(trainer._draw(0), ())
    assert trainer.discriminator.shown == [2 * n, n]
    assert terms["consistency"] > 0


def test_a_loss_that_scores_neither_still_gets_its_own_pass(make_trainer):
    class Own(ganzoo.Loss):
        def discriminator_loss(self, critic, real, fake):
            between = real.with_images((real.images + fake.images) / 2)
            return {"between": critic(between).mean()}

        def generator_loss(self, critic, fake, real):
            return {"adversarial": -critic(fake).mean()}

    trainer = make_trainer(discriminator=Counting(), loss=Own())
    n = trainer.training.batch_size
    objective_of(trainer)(trainer._draw(0), ())
    assert trainer.discriminator.shown == [2 * n, n]


class LacksTheFakes(LogisticLoss):
    def discriminator_loss(self, critic, real):
        return {"real": critic(real).mean()}


class WantsMore(LogisticLoss):
    def generator_loss(self, critic, fake, real, weight):
        return {"adversarial": weight * critic(fake).mean()}


class LacksTheCritic(ganzoo.Penalty):
    def penalty(self, real, fake):
        return (real.images - fake.images).square().mean()


class LacksTheGenerator(ganzoo.GeneratorPenalty):
    def penalty(self, critic, fake, real):
        return critic(fake).mean()


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"loss": LacksTheFakes()}, r"discriminator_loss\(\) of LacksTheFakes .* \(critic, real, "),
        ({"loss": WantsMore()}, r"generator_loss\(\) .* \(critic, fake, real\): missing"),
        ({"penalties": {"p": LacksTheCritic()}}, r"LacksTheCritic .* must take \(critic, real, fa"),
        ({"penalties": {"p": LacksTheGenerator()}}, r"must take \(generator, critic, fake"),
    ],
)
def test_a_method_of_other_arguments_is_told_before_the_first_step(make_trainer, parts, told):
    with pytest.raises(ganzoo.PluginError, match=told):
        make_trainer(**parts)
