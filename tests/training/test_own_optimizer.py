"""Promises of optimizers that a library user makes, and of torch's schedulers beside them."""

from __future__ import annotations

import copy

import pytest
import torch
from toys import TinyDiscriminator, TinyGenerator, same, weights

import ganzoo

ADAM = {"lr": 2e-4, "betas": (0.5, 0.999)}


class Schedulers(ganzoo.Observer):
    """Steps learning rate schedulers of torch, as docs/library.md shows."""

    def __init__(self, *schedulers):
        super().__init__()
        self.schedulers = schedulers

    def step(self, trainer, terms):
        for scheduler in self.schedulers:
            scheduler.step()


@pytest.mark.parametrize("kind", ["function", "optimizer"])
def test_an_optimizer_of_ones_own_trains_as_the_same_by_name(make_trainer, kind):
    generator, discriminator = TinyGenerator(), TinyDiscriminator()
    by_name = make_trainer(
        generator=copy.deepcopy(generator), discriminator=copy.deepcopy(discriminator), fused="off"
    )
    own = make_trainer(
        generator=generator,
        discriminator=discriminator,
        generator_optimizer=lambda parameters: torch.optim.Adam(parameters, **ADAM),
        discriminator_optimizer=torch.optim.Adam(discriminator.parameters(), **ADAM)
        if kind == "optimizer"
        else lambda parameters: torch.optim.Adam(parameters, **ADAM),
    )
    for trainer in (by_name, own):
        trainer.fit(4)
    assert same(weights(own.generator), weights(by_name.generator))
    assert same(weights(own.discriminator), weights(by_name.discriminator))


def test_each_side_may_have_its_own(make_trainer):
    trainer = make_trainer(
        discriminator_optimizer=lambda parameters: torch.optim.SGD(parameters, lr=1.0),
        generator_lr=0.0005,
    )
    assert trainer.generator_update.optimizer.torch.param_groups[0]["lr"] == 0.0005
    before = weights(trainer.discriminator)
    trainer.train_step()
    for name, p in trainer.discriminator.named_parameters():
        torch.testing.assert_close(p, before[name] - p.grad, rtol=1e-5, atol=1e-7)


def test_a_scheduler_of_torch_moves_the_learning_rate_and_resumes(make_trainer):
    def make():
        torch.manual_seed(2)
        discriminator = TinyDiscriminator()
        optimizer = torch.optim.Adam(discriminator.parameters(), lr=0.1)
        scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
        trainer = make_trainer(discriminator=discriminator, discriminator_optimizer=optimizer)
        return trainer, optimizer, scheduler

    through, optimizer, scheduler = make()
    through.fit(4, [Schedulers(scheduler)])
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1 * 0.5**4)

    first, _, before = make()
    first.fit(2, [Schedulers(before)])
    second, optimizer, after = make()
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    after.load_state_dict(before.state_dict())
    second.fit(4, [Schedulers(after)])
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1 * 0.5**4)
    assert same(weights(second.discriminator), weights(through.discriminator))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            {"generator_optimizer": 3},
            r"generator_optimizer must be an optimizer of torch .*; got 3",
        ),
        ({"generator_optimizer": "adam"}, "got 'adam'"),
        ({"generator_optimizer": lambda parameters: parameters}, "function from parameters to one"),
        ({"generator_optimizer": torch.optim.LBFGS}, "steps without a closure"),
        (
            {"generator_optimizer": torch.optim.SGD(TinyGenerator().parameters(), lr=0.1)},
            "has parameters that are none of the generator's",
        ),
        (
            {"generator_optimizer": lambda parameters: torch.optim.SGD(parameters[1:], lr=0.1)},
            r"leaves 1 parameters of the generator out, the first is 'body.0.weight'",
        ),
    ],
)
def test_what_is_no_optimizer_of_the_network_is_refused(make_trainer, arguments, words):
    with pytest.raises(ganzoo.UsageError, match=words):
        make_trainer(**arguments)


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.1)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"generator_lr": 0.1}, "generator_lr"),
        ({"generator_lr": "2e-4 to 0 over 100 steps"}, "generator_lr"),
        ({"generator_betas": (0, 0.9)}, "generator_betas"),
        ({"training": ganzoo.TrainingConfig(generator_eps=1e-6)}, "generator_eps"),
        ({"discriminator_optimizer": sgd, "betas": (0, 0.9)}, "betas"),
        ({"discriminator_optimizer": sgd, "optimizer": "adamw"}, "optimizer"),
    ],
)
def test_a_setting_that_would_be_ignored_is_refused(make_trainer, settings, name):
    with pytest.raises(ganzoo.UsageError, match=f"^{name} would be ignored beside generator_opt"):
        make_trainer(generator_optimizer=sgd, **settings)


def test_settings_of_the_other_network_and_of_a_paper_are_no_obstacle(make_trainer):
    trainer = make_trainer(
        generator_optimizer=sgd, loss="wgan-gp", optimizer="adamw", discriminator_lr=1e-3
    )
    trainer.fit(1)
    assert isinstance(trainer.discriminator_update.optimizer.torch, torch.optim.AdamW)


def test_frozen_parameters_are_not_given_to_it(make_trainer):
    generator = TinyGenerator()
    generator.body[0].weight.requires_grad_(False)
    trainer = make_trainer(generator=generator, generator_optimizer=sgd)
    before = generator.body[0].weight.clone()
    trainer.fit(2)
    assert torch.equal(trainer.generator.body[0].weight, before)


def test_steps_with_an_optimizer_of_ones_own_are_not_captured(make_trainer, monkeypatch):
    """It may read its learning rate from Python, which a graph would not see change."""
    obstacles = []
    whole = ganzoo.Execution.captured

    def captured(execution, step, networks, obstacle=""):
        obstacles.append(obstacle)
        return whole(execution, step, networks, obstacle)

    monkeypatch.setattr(ganzoo.Execution, "captured", captured)
    make_trainer()
    make_trainer(generator_optimizer=sgd)
    assert obstacles[0] == ""
    assert "an optimizer of your own" in obstacles[1]
