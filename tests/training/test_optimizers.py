"""Optimizers by name, their settings of one network, and schedules."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn, optim
from toys import make_store

import ganzoo
from ganzoo import PluginError, Progress, UsageError
from ganzoo.config import TrainingConfig
from ganzoo.training.ema import decay_at
from ganzoo.training.optimizers import NetworkOptimizer


def optimizer(name: str = "generator", network: nn.Module | None = None, **settings):
    training = TrainingConfig(**settings)
    return NetworkOptimizer(network or nn.Linear(3, 3), name, training)


@pytest.mark.parametrize(
    "name", ["adam", "adamw", "radam", "nadam", "adamax", "adagrad", "rmsprop", "sgd", "adafactor"]
)
def test_any_optimizer_of_torch_trains(name, make_trainer):
    trainer = make_trainer(optimizer=name)
    before = [p.clone() for p in trainer.generator.parameters()]
    trainer.fit(2)
    assert type(trainer.generator_update.optimizer.torch).__name__.lower() == name
    assert not all(map(torch.equal, before, trainer.generator.parameters()))


@pytest.mark.parametrize("name", ["adm", "lbfgs", "optimizer", "Adam"])
def test_an_unknown_optimizer_is_refused_with_the_names_there_are(name):
    with pytest.raises(UsageError, match=r"none of this name.*adam, .*sgd"):
        optimizer(optimizer=name)


def test_an_optimizer_that_cannot_train_the_network_is_refused():
    with pytest.raises(UsageError, match='optimizer="muon" cannot train the generator'):
        optimizer(optimizer="muon")
    with pytest.raises(UsageError, match="has no eps"):
        optimizer(optimizer="adafactor", eps=1e-6)


def test_each_network_has_settings_of_its_own():
    settings = {
        "betas": (0.5, 0.9),
        "discriminator_betas": (0.0, 0.99),
        "eps": 1e-6,
        "generator_eps": 1e-7,
        "generator_lr": 1e-3,
        "discriminator_lr": 2e-3,
        "discriminator_weight_decay": 0.1,
    }
    generator, discriminator = (
        optimizer(name, **settings).torch.param_groups[0] for name in ("generator", "discriminator")
    )
    for key, values in {
        "lr": (1e-3, 2e-3),
        "betas": ((0.5, 0.9), (0.0, 0.99)),
        "eps": (1e-7, 1e-6),
        "weight_decay": (0, 0.1),
    }.items():
        assert (generator[key], discriminator[key]) == values


def test_asgds_alpha_is_no_beta():
    made = optimizer(optimizer="asgd", betas=(0.0, "0.9 to 0.99 over 4"))
    made.at(Progress(step=3, images=12))
    assert made.torch.param_groups[0]["alpha"] == 0.75


def test_scheduled_rates_and_betas_are_those_of_the_step(make_trainer):
    trainer = make_trainer(generator_lr="1e-3 to 0 over 4", betas=(0.0, "0.9 to 0.99 over 4"))
    seen = []
    for _ in range(5):
        trainer.train_step()
        group = trainer.generator_update.optimizer.torch.param_groups[0]
        seen.append((group["lr"], group["betas"][1]))
    rates = [1e-3 * (1 - min(k, 4) / 4) for k in range(5)]
    betas = [0.9 + 0.09 * min(k, 4) / 4 for k in range(5)]
    assert [rate for rate, _ in seen] == pytest.approx(rates)
    assert [beta for _, beta in seen] == pytest.approx(betas)


def test_a_scheduled_training_resumes_to_the_bit(make_trainer):
    def trainer():
        return make_trainer(
            generator_lr="1e-3 to 0 over 4",
            betas=(0.0, "0.9 to 0.99 over 4 cosine"),
            ema_halflife="0 to 0.1 over 0.02 kimg",
            penalties={"r": Scheduled(ganzoo.PenaltyOptions(weight="0 to 1 over 4"))},
        )

    through, first, second = trainer(), trainer(), trainer()
    through.fit(6)
    first.fit(3)
    second.load_state_dict(first.state_dict())
    second.fit(6)
    torch.testing.assert_close(second.state_dict(), through.state_dict(), rtol=0, atol=0)


class Scheduled(ganzoo.Penalty):
    def penalty(self, critic, real, fake):
        return (critic(real) ** 2).mean() + 1


def test_the_weight_of_a_penalty_follows_its_schedule(make_trainer):
    """The term over its value is the weight: 0, a quarter, a half, …, times the interval."""
    options = ganzoo.PenaltyOptions(weight="0 to 1 over 4 steps", interval=2)
    trainer = make_trainer(penalties={"r": Scheduled(options)})
    seen = {}
    for step in range(6):
        penalty = Scheduled()
        update = trainer.discriminator_update
        expected = penalty.penalty(update.objective.critic, trainer._draw(step).real, None).item()
        terms = trainer.train_step()
        if "discriminator/r" in terms:
            seen[step] = terms["discriminator/r"].item() / expected
    assert seen == pytest.approx({0: 0.0, 2: 1.0, 4: 2.0})


def test_parameters_that_do_not_require_gradients_are_not_trained(make_trainer):
    network = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    network[1].requires_grad_(False)
    assert optimizer(network=network).parameters == list(network[0].parameters())
    with pytest.raises(PluginError, match="no parameters that require gradients"):
        optimizer(network=network.requires_grad_(False))


def test_the_betas_are_torchs_own_names():
    group = optimizer(optimizer="rmsprop", betas=(0.25, 0.75)).torch.param_groups[0]
    assert (group["momentum"], group["alpha"]) == (0.25, 0.75)
    assert isinstance(optimizer(optimizer="sgd").torch, optim.SGD)


# --- The decay of the EMA


def test_the_half_life_of_the_ema_is_in_images():
    training = TrainingConfig(batch_size=50, n_critic=2, ema_halflife=0.4)
    decay = decay_at(training, Progress(7, 700))
    assert decay**4 == pytest.approx(0.5)  # 400 images are four steps of 2 x 50


def test_the_ramp_bounds_the_half_life_by_the_images_so_far():
    training = TrainingConfig(batch_size=64, ema_halflife=10, ema_rampup=0.05)
    assert decay_at(training, Progress(0, 0)) == 0
    early, late = (decay_at(training, Progress(s, 64 * s)) for s in (100, 10**6))
    assert early == pytest.approx(math.pow(0.5, 64 / (0.05 * 6400)))
    assert late == pytest.approx(math.pow(0.5, 64 / 10_000))


def test_the_ema_is_the_latest_weights_until_it_starts(make_trainer):
    trainer = make_trainer(ema_start=3, ema_decay=0.9)
    for step in range(5):
        trainer.train_step()
        pairs = zip(trainer.ema.module.parameters(), trainer.generator.parameters(), strict=True)
        assert all(torch.equal(*pair) for pair in pairs) == (step < 3)


def test_settings_that_contradict_each_other_are_refused(make_trainer):
    with pytest.raises(UsageError, match=r"ema_rampup=0\.05 bounds a half-life, and there is none"):
        make_trainer(ema_rampup=0.05)
    with pytest.raises(UsageError, match="in one way: kimg=1 or epochs=2"):
        make_trainer(kimg=1, epochs=2)
    with pytest.raises(UsageError, match="in one way: steps=9 or kimg=1"):
        make_trainer(kimg=1, steps=9)


def test_a_length_by_name_replaces_that_of_the_object(make_trainer):
    for given, settings in ({"kimg": 5}, {"steps": 3}), ({"steps": 50}, {"kimg": 0.012}):
        trainer = make_trainer(training=TrainingConfig(**given), **settings)
        trainer.fit()
        assert trainer.step == 3


def test_a_length_in_kimg_or_epochs_is_rounded_up_to_steps(make_trainer):
    for length, steps in ({"kimg": 0.1}, 13), ({"epochs": 0.5}, 4), ({"steps": 3}, 3):
        trainer = make_trainer(n_critic=2, data=make_store(60), **length)  # 8 images a step
        trainer.fit()
        assert trainer.step == steps
