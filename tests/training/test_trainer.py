"""Promises of the training step."""

from __future__ import annotations

import copy
import threading
from contextlib import nullcontext

import pytest
import torch
import torch.nn.functional as F
from shared_stops import end_of
from together import together
from torch import nn
from toys import (
    LogisticLoss,
    RealGradientPenalty,
    TinyDiscriminator,
    TinyGenerator,
    make_store,
    same,
    weights,
)

import ganzoo
from ganzoo import Batch
from ganzoo.training.step import StepRecord


class Spy(LogisticLoss):
    """Notes what the engine hands to a loss."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def discriminator_loss(self, critic, real, fake):
        self.seen.append(("discriminator", real, fake))
        return super().discriminator_loss(critic, real, fake)

    def generator_loss(self, critic, fake, real):
        self.seen.append(("generator", real, fake))
        return super().generator_loss(critic, fake, real)


def test_one_step_is_n_critic_discriminator_updates_then_one_of_the_generator(make_trainer):
    trainer = make_trainer(loss=Spy(), n_critic=3)
    trainer.train_step()
    sides = [side for side, _, _ in trainer.loss.seen]
    assert sides == ["discriminator"] * 3 + ["generator"]


def test_every_discriminator_update_sees_a_real_batch_of_its_own(make_trainer):
    trainer = make_trainer(loss=Spy(), n_critic=3, data=make_store(48))
    trainer.fit(4)  # 12 batches of 4: one epoch
    seen = [real.images for side, real, _ in trainer.loss.seen if side == "discriminator"]
    assert len(torch.cat(seen).flatten(1).unique(dim=0)) == 48


def test_the_generator_is_judged_by_the_fakes_of_the_last_discriminator_update(make_trainer):
    trainer = make_trainer(loss=Spy(), n_critic=2)
    trainer.train_step()
    _, (_, real, fake), (_, generators_real, generators_fake) = trainer.loss.seen
    assert torch.equal(fake.images, generators_fake.images)
    assert real is generators_real


def test_without_reuse_every_update_sees_images_of_its_own(make_trainer):
    trainer = make_trainer(loss=Spy(), n_critic=3, data=make_store(64), reuse_fakes=False)
    trainer.fit(4)  # 16 batches of 4: one epoch
    for images in zip(*((r.images, f.images) for _, r, f in trainer.loss.seen), strict=True):
        assert len(torch.cat(images).flatten(1).unique(dim=0)) == 64


@pytest.mark.parametrize("reuse", [True, False])
def test_fakes_of_the_discriminator_step_carry_no_graph_and_spend_no_generator_gradient(
    make_trainer, reuse
):
    trainer = make_trainer(loss=Spy(), reuse_fakes=reuse)
    trainer.generator_update.gradients = lambda *_: ({}, StepRecord())
    trainer.train_step()
    (_, _, fake) = trainer.loss.seen[0]
    assert not fake.images.requires_grad
    assert all(p.grad is None for p in trainer.generator.parameters())


def test_the_discriminator_is_frozen_in_the_generator_step(make_trainer):
    trainer = make_trainer()
    trainer.discriminator_update.gradients = lambda *_: ({}, StepRecord())
    before = weights(trainer.discriminator)
    trainer.update_networks([trainer._draw(0)], ((), ()))
    assert all(p.grad is None for p in trainer.discriminator.parameters())
    assert all(p.requires_grad for p in trainer.discriminator.parameters())
    assert same(before, weights(trainer.discriminator))
    assert any(
        p.grad is not None and p.grad.abs().sum() > 0 for p in trainer.generator.parameters()
    )


def test_a_parameter_the_author_froze_stays_frozen(make_trainer):
    discriminator = TinyDiscriminator()
    discriminator.score.bias.requires_grad_(False)
    trainer = make_trainer(discriminator=discriminator)
    trainer.train_step()
    assert not discriminator.score.bias.requires_grad


def test_a_step_equals_the_textbook_loop(make_trainer):
    """The same two updates written out by hand give the same weights."""
    trainer = make_trainer(
        optimizer="sgd", betas=(0.0, 0.9), generator_lr=0.1, discriminator_lr=0.2
    )
    generator, discriminator = map(copy.deepcopy, (trainer.generator, trainer.discriminator))
    real = trainer.batches[0].images

    torch.manual_seed(ganzoo.randomness.derive(0, "step", 0))
    fake = generator(torch.randn(4, 8))
    loss = F.binary_cross_entropy_with_logits(discriminator(real), torch.ones(4))
    loss = loss + F.binary_cross_entropy_with_logits(discriminator(fake.detach()), torch.zeros(4))
    for p, g in zip(
        discriminator.parameters(),
        torch.autograd.grad(loss, discriminator.parameters()),
        strict=True,
    ):
        p.data -= 0.2 * g
    loss = F.binary_cross_entropy_with_logits(discriminator(fake), torch.ones(4))
    for p, g in zip(
        generator.parameters(), torch.autograd.grad(loss, generator.parameters()), strict=True
    ):
        p.data -= 0.1 * g

    trainer.train_step()
    for mine, theirs in ((trainer.generator, generator), (trainer.discriminator, discriminator)):
        for p, q in zip(mine.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(p, q, rtol=1e-4, atol=1e-6)


def test_two_trainings_with_one_seed_are_bit_identical(make_trainer):
    first, second = make_trainer(seed=3), make_trainer(seed=3)
    first.fit(5)
    torch.rand(17)  # what a caller does between must not matter
    second.fit(5)
    assert same(weights(first.generator), weights(second.generator))
    assert same(weights(first.discriminator), weights(second.discriminator))
    assert not same(weights(first.generator), weights(make_trainer(seed=3).generator))


def test_another_seed_trains_differently(make_trainer):
    first, second = make_trainer(seed=3), make_trainer(seed=4)
    first.fit(2)
    second.fit(2)
    assert not same(weights(first.generator), weights(second.generator))


def test_looking_does_not_change_the_training(make_trainer):
    class Curious(ganzoo.Observer):
        def step(self, trainer, terms):
            trainer.sample(3, seed=trainer.step)
            torch.rand(5)
            {name: float(value) for name, value in terms.items()}

    quiet, watched = make_trainer(), make_trainer()
    quiet.fit(4)
    watched.fit(4, [Curious()])
    assert same(weights(quiet.generator), weights(watched.generator))
    assert same(weights(quiet.discriminator), weights(watched.discriminator))


def test_fit_gives_the_caller_the_random_state_back(make_trainer):
    trainer = make_trainer()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    trainer.fit(2)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("n_critic", [1, 3])
def test_going_on_from_a_state_dict_is_bit_identical(make_trainer, n_critic):
    options = {"n_critic": n_critic, "penalties": {"r": lazy(2)}}
    through, first, second = (make_trainer(**options) for _ in range(3))
    through.fit(7)
    first.fit(3)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    second.fit(7)
    assert same(weights(through.generator), weights(second.generator))
    assert same(weights(through.discriminator), weights(second.discriminator))
    assert same(weights(through.ema), weights(second.ema))


def lazy(interval: int, weight: float = 1.0) -> RealGradientPenalty:
    return RealGradientPenalty(ganzoo.PenaltyOptions(weight=weight, interval=interval))


def test_a_lazy_penalty_is_applied_at_its_interval_and_as_many_times_as_strong(make_trainer):
    eager = make_trainer(penalties={"r": lazy(1)})
    rare = make_trainer(penalties={"r": lazy(3)})
    values = [trainer.train_step().get("discriminator/r") for trainer in (eager, rare)]
    torch.testing.assert_close(values[1], 3 * values[0])
    later = [rare.train_step() for _ in range(3)]
    assert ["discriminator/r" in terms for terms in later] == [False, False, True]


def test_a_lazy_penalty_counts_discriminator_updates(make_trainer):
    trainer = make_trainer(penalties={"r": lazy(4)}, n_critic=2)
    has_it = ["discriminator/r" in trainer.train_step() for _ in range(4)]
    assert has_it == [True, False, True, False]  # at updates 0, 4, …


def test_a_penalty_of_weight_zero_is_not_there(make_trainer):
    trainer = make_trainer(
        penalties={"r": lazy(1, 0.0)}, discriminator=TinyDiscriminator(norm=nn.BatchNorm2d)
    )
    assert "discriminator/r" not in trainer.train_step()


def test_the_penalty_sees_the_images_the_discriminator_sees(make_trainer):
    """StudioGAN penalizes clean images while its discriminator sees augmented ones."""
    inputs = []

    class Watching(TinyDiscriminator):
        def forward(self, images, labels=None):
            inputs.append(images.detach().clone())
            return super().forward(images, labels)

    trainer = make_trainer(
        penalties={"r": lazy(1)}, discriminator=Watching(), augment=lambda x: x * 0.0 + 0.5
    )
    inputs.clear()
    trainer.train_step()
    assert len(inputs) == 3  # real and fake, penalty; then the generator's fakes
    assert all(torch.equal(seen, torch.full_like(seen, 0.5)) for seen in inputs)


def test_augmentation_lets_the_generators_gradient_through(make_trainer):
    trainer = make_trainer(augment=lambda images: images.flip(3))
    trainer.train_step()
    assert any(
        p.grad is not None and p.grad.abs().sum() > 0 for p in trainer.generator.parameters()
    )


def test_a_penalty_on_the_generators_side_is_given_the_generator(make_trainer):
    class Spread(ganzoo.GeneratorPenalty):
        def penalty(self, generator, critic, fake, real):
            assert fake.z.shape == (4, 8)
            return (generator(fake.z) - fake.images).square().mean() + fake.images.square().mean()

    trainer = make_trainer(penalties={"spread": Spread(ganzoo.PenaltyOptions(weight=2.0))})
    terms = trainer.train_step()
    assert terms["generator/spread"] > 0
    assert "discriminator/spread" not in terms


def test_conditional_training_gives_fakes_the_labels_of_the_reals(make_trainer):
    trainer = make_trainer(classes=3, conditional=True, loss=Spy())
    trainer.train_step()
    for _, real, fake in trainer.loss.seen:
        assert torch.equal(real.labels, fake.labels)
        assert real.labels.max() < 3


def test_unconditional_networks_are_called_without_labels(make_trainer):
    class NoLabels(TinyDiscriminator):
        def forward(self, images):
            return super().forward(images)

    make_trainer(classes=3, discriminator=NoLabels()).train_step()


def test_conditional_training_without_labels_is_refused(make_trainer):
    with pytest.raises(ganzoo.UsageError, match="needs labels"):
        make_trainer(conditional=True, generator=TinyGenerator(), discriminator=TinyDiscriminator())


def test_the_users_settings_go_before_the_losss_and_those_before_the_engines(make_trainer):
    class Paper(LogisticLoss):
        def settings(self):
            return {"n_critic": 5, "betas": (0.0, 0.9)}

    trainer = make_trainer(loss=Paper(), n_critic=2)
    assert trainer.training.n_critic == 2
    assert trainer.training.betas == (0.0, 0.9)
    assert trainer.training.optimizer == "adam"


def test_an_unknown_setting_is_refused_with_a_suggestion(make_trainer):
    with pytest.raises(ganzoo.UsageError, match="Did you mean 'batch_size'"):
        make_trainer(batchsize=3)


def test_a_term_that_is_no_scalar_names_the_loss(make_trainer):
    class Vector(LogisticLoss):
        def generator_loss(self, critic, fake, real):
            return {"adversarial": -critic(fake)}

    with pytest.raises(ganzoo.PluginError, match=r"'adversarial' of Vector .* must be a scalar"):
        make_trainer(loss=Vector()).train_step()


@pytest.mark.parametrize("networks", ["discriminator", "generator", "both"])
def test_a_constraint_acts_after_each_update_of_its_networks(make_trainer, networks):
    class Clip(ganzoo.Constraint):
        def after_update(self, network):
            for p in network.parameters():
                p.clamp_(-0.01, 0.01)

    clip = Clip(ganzoo.ConstraintOptions(networks=networks))
    trainer = make_trainer(constraints={"clip": clip})
    trainer.train_step()
    for name in ("discriminator", "generator"):
        clipped = all(p.abs().max() <= 0.01 for p in getattr(trainer, name).parameters())
        assert clipped == (networks in (name, "both"))


def test_buffers_of_a_loss_are_saved(make_trainer):
    class Counting(LogisticLoss):
        def __init__(self):
            super().__init__()
            self.register_buffer("calls", torch.zeros(()))

        def generator_loss(self, critic, fake, real):
            self.calls += 1
            return super().generator_loss(critic, fake, real)

    trainer = make_trainer(loss=Counting())
    trainer.fit(3)
    assert trainer.state_dict()["loss"]["calls"] == 3


def test_the_moving_average_follows_its_formula(make_trainer):
    """The n-th update mixes with decay min(0.9, (1 + n) / (10 + n)); the first one copies."""
    trainer = make_trainer(ema_decay=0.9)
    name = "body.0.weight"
    expected = None
    for n in range(1, 6):
        trainer.train_step()
        current = trainer.generator.state_dict()[name].double()
        decay = min(0.9, n / (9 + n))  # torch counts the updates before this one
        expected = current if expected is None else decay * expected + (1 - decay) * current
        torch.testing.assert_close(
            trainer.ema.module.state_dict()[name].double(), expected, rtol=1e-5, atol=1e-7
        )


def test_the_moving_average_averages_batch_norm_statistics_too(make_trainer):
    trainer = make_trainer(ema_decay=0.9)
    trainer.fit(5)
    averaged = trainer.ema.module.state_dict()["body.1.running_mean"]
    assert not torch.equal(averaged, trainer.generator.state_dict()["body.1.running_mean"])
    assert averaged.abs().sum() > 0


def test_without_a_moving_average_the_latest_weights_are_sampled(make_trainer):
    trainer = make_trainer(ema_decay=0.0)
    trainer.fit(3)
    assert same(weights(trainer.generator), weights(trainer.ema.module))


def test_samples_depend_on_seed_and_position_alone(make_trainer):
    trainer = make_trainer()
    torch.testing.assert_close(trainer.sample(3, seed=1), trainer.sample(9, seed=1)[:3])
    assert not torch.equal(trainer.sample(3, seed=1), trainer.sample(3, seed=2))


def test_observers_are_told_of_start_steps_and_end_in_order(make_trainer):
    calls = []

    class Notes(ganzoo.Observer):
        def started(self, trainer, steps):
            calls.append(("started", steps))

        def step(self, trainer, terms):
            calls.append(("step", trainer.step))

        def finished(self, trainer):
            calls.append(("finished", trainer.step))

    make_trainer().fit(2, [Notes()])
    assert calls == [("started", 2), ("step", 1), ("step", 2), ("finished", 2)]


def test_observers_are_told_of_a_failure_and_the_exception_goes_on(make_trainer):
    told = []

    class Failing(LogisticLoss):
        def generator_loss(self, critic, fake, real):
            raise ArithmeticError("on purpose")

    class Notes(ganzoo.Observer):
        def failed(self, trainer, error):
            told.append(error)

    with pytest.raises(ArithmeticError):
        make_trainer(loss=Failing()).fit(2, [Notes()])
    assert isinstance(told[0], ArithmeticError)


class StopAt(ganzoo.Observer):
    def __init__(self, step, **options):
        super().__init__()
        self.at, self.options, self.ends = step, options, []

    def step(self, trainer, terms):
        if trainer.step == self.at:
            trainer.stop(**self.options)

    def finished(self, trainer):
        self.ends.append("finished")

    def failed(self, trainer, error):
        self.ends.append(type(error).__name__)


def test_stop_lets_fit_return_and_training_goes_on_when_asked(make_trainer):
    through, trainer, early = make_trainer(), make_trainer(), StopAt(3)
    trainer.fit(8, [early])
    assert (trainer.step, trainer.stopped, early.ends) == (3, True, ["finished"])
    trainer.fit(8)
    assert (trainer.step, trainer.stopped) == (8, False)
    through.fit(8)
    assert same(weights(trainer.generator), weights(through.generator))


def test_stop_for_a_signal_ends_fit_by_an_interrupt(make_trainer):
    trainer, early = make_trainer(), StopAt(3, interrupt=True)
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(8, [early])
    assert (trainer.step, trainer.stopped, early.ends) == (3, True, ["KeyboardInterrupt"])
    trainer.fit(8)
    assert trainer.step == 8


@pytest.mark.parametrize("interrupt", [False, True])
def test_a_request_from_another_thread_ends_training_between_two_steps(make_trainer, interrupt):
    trainer = make_trainer()
    threading.Timer(0.2, trainer.stop, kwargs={"interrupt": interrupt}).start()
    with pytest.raises(KeyboardInterrupt) if interrupt else nullcontext():
        trainer.fit(10**9)
    assert trainer.consistent
    assert trainer.stopped


@pytest.mark.parametrize("interrupt", [False, True])
@pytest.mark.parametrize("rank", [0, 1])
def test_processes_end_in_the_same_way_whichever_was_asked(rank, interrupt):
    first, second = together(2, end_of, rank, 3, interrupt)
    assert first == second
    step, stopped, how = first
    assert 3 <= step <= 4  # the other process hears of it in the step after
    assert stopped
    assert how == ("interrupted" if interrupt else "returned")


def test_batch_has_a_length_and_keeps_its_labels_with_other_images():
    batch = Batch(torch.zeros(3, 1, 2, 2), torch.arange(3))
    assert len(batch) == 3
    assert torch.equal(batch.with_images(torch.ones(3, 1, 2, 2)).labels, torch.arange(3))


def test_an_augmentation_with_a_state_goes_on_from_it(make_trainer):
    class Rising(torch.nn.Module):
        """Noise that grows with every image it has seen, as adaptive augmentation does."""

        def __init__(self):
            super().__init__()
            self.register_buffer("seen", torch.zeros(()))

        def forward(self, images):
            self.seen += len(images)
            return images + 1e-3 * self.seen * torch.randn_like(images)

    through, first, second = (make_trainer(augment=Rising()) for _ in range(3))
    through.fit(6)
    first.fit(3)
    second.load_state_dict(first.state_dict())
    second.fit(6)
    torch.testing.assert_close(second.state_dict(), through.state_dict(), rtol=0, atol=0)
    seen = [trainer.augment.state_dict()["stages.0.function.seen"] for trainer in (through, first)]
    assert seen[0] > seen[1] > 0
