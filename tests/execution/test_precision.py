"""Promises about the precision that networks and penalties run in."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from toys import (
    LogisticLoss,
    RealGradientPenalty,
    TinyDiscriminator,
    TinyGenerator,
    same,
    weights,
)

import ganzoo
from ganzoo.execution.precision import PrecisionPolicy, resolve_precision

CPU = torch.device("cpu")


class Watching(TinyDiscriminator):
    """Notes the precision it ran in."""

    def __init__(self):
        super().__init__()
        self.dtypes = []

    def forward(self, images, labels=None):
        out = super().forward(images, labels)
        self.dtypes.append(out.dtype)
        return out


class Tolerant(RealGradientPenalty):
    tolerates_bfloat16 = True


def dtypes_of_a_step(make_trainer, penalty, **settings):
    trainer = make_trainer(penalties={"r": penalty}, discriminator=Watching(), **settings)
    trainer.discriminator.dtypes.clear()
    trainer.train_step()
    both, inside, judged = trainer.discriminator.dtypes  # real and fake ones; penalty; fakes
    assert both == judged
    return both, inside


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_terms_are_float32_scalars_without_a_graph_in_half_precision(make_trainer, precision):
    trainer = make_trainer(precision=precision, penalties={"r": RealGradientPenalty()})
    for value in trainer.train_step().values():
        assert value.dtype == torch.float32
        assert value.ndim == 0
        assert not value.requires_grad


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_weights_stay_float32_in_half_precision(make_trainer, precision):
    trainer = make_trainer(precision=precision)
    trainer.train_step()
    assert all(p.dtype == torch.float32 for p in trainer.generator.parameters())


def test_a_penalty_runs_in_float32_unless_it_tolerates_less(make_trainer):
    careful = dtypes_of_a_step(make_trainer, RealGradientPenalty(), precision="bf16")
    tolerant = dtypes_of_a_step(make_trainer, Tolerant(), precision="bf16")
    assert careful == (torch.bfloat16, torch.float32)
    assert tolerant == (torch.bfloat16, torch.bfloat16)


def test_a_penalty_never_runs_in_float16(make_trainer):
    penalty = Tolerant()
    assert dtypes_of_a_step(make_trainer, penalty, precision="fp16") == (
        torch.float16,
        torch.float32,
    )


@pytest.mark.parametrize(("asked", "inside"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_the_users_penalty_precision_goes_before_what_a_penalty_tolerates(
    make_trainer, asked, inside
):
    for penalty in (Tolerant, RealGradientPenalty):
        seen = dtypes_of_a_step(
            make_trainer,
            penalty(),
            precision="bf16",
            penalty_precision=asked,
        )
        assert seen == (torch.bfloat16, inside)


def test_a_penalty_on_the_generator_runs_it_in_its_precision(make_trainer):
    seen = []

    class Spread(ganzoo.GeneratorPenalty):
        tolerates_bfloat16 = True

        def penalty(self, generator, critic, fake, real):
            seen.append(generator.body[0](fake.z).dtype)
            return fake.again(2 * fake.z).images.square().mean()

    make_trainer(penalties={"s": Spread(ganzoo.PenaltyOptions())}, precision="bf16").train_step()
    make_trainer(penalties={"s": Spread(ganzoo.PenaltyOptions())}, precision="fp32").train_step()
    assert seen == [torch.bfloat16, torch.float32]


def test_weights_converted_once_an_update_give_the_gradients_of_weights_converted_each_time(
    make_trainer,
):
    """Passes share converted weights; the gradients agree to bfloat16's rounding."""
    trainer = make_trainer(precision="bf16", penalties={"r": Tolerant()})
    apart = copy.deepcopy(trainer.discriminator)
    inputs = trainer._draw(0)
    real = inputs.real
    objective = trainer.discriminator_update.objective
    objective.joint_forward = False
    loss, _, record = objective(inputs, ("r",))
    loss.backward()

    def critic(batch):
        with torch.autocast("cpu", torch.bfloat16):
            return apart(batch.images).float()

    fake = ganzoo.Batch(record.fake)
    terms = trainer.loss.discriminator_loss(critic, real, fake)
    penalty = Tolerant().penalty(critic, real, fake)
    (sum(terms.values()) + penalty).backward()
    for mine, theirs in zip(trainer.discriminator.parameters(), apart.parameters(), strict=True):
        assert (mine.grad - theirs.grad).norm() <= 0.02 * theirs.grad.norm()


def test_a_loss_that_scores_without_gradients_first_still_trains_every_weight(make_trainer):
    """A converted weight that knows no gradient must not be kept for passes that need it."""

    class LooksFirst(LogisticLoss):
        def discriminator_loss(self, critic, real, fake):
            with torch.no_grad():
                critic(real)
            return super().discriminator_loss(critic, real, fake)

    plain = make_trainer(precision="bf16")
    looks = make_trainer(precision="bf16", loss=LooksFirst())
    plain.fit(2)
    looks.fit(2)
    assert same(weights(plain.discriminator), weights(looks.discriminator))


def test_float16_trains_as_float32_does_within_its_rounding(make_trainer):
    half, full = (make_trainer(precision=p, optimizer="sgd") for p in ("fp16", "fp32"))
    before = weights(full.discriminator)
    half.fit(3)
    full.fit(3)
    moved = weights(full.discriminator)
    for name, value in weights(half.discriminator).items():
        assert (value - moved[name]).norm() <= 0.02 * (moved[name] - before[name]).norm() + 1e-6


def test_float16_leaves_out_an_update_whose_gradients_overflow_and_scales_less(make_trainer):
    trainer = make_trainer(precision="fp16")
    trainer.train_step()
    trainer.discriminator_update.scaler.update(2.0**120)
    before = weights(trainer.discriminator)
    trainer.discriminator_update(trainer._draw(1), ())
    assert same(before, weights(trainer.discriminator))
    assert trainer.discriminator_update.scaler.get_scale() == 2.0**119


def test_float16_goes_on_from_a_checkpoint_to_the_bit(make_trainer):
    straight, first, second = (make_trainer(precision="fp16") for _ in range(3))
    for trainer in (straight, first):
        trainer.fit(1)
        trainer.discriminator_update.scaler.update(512.0)
    straight.fit(4)
    first.fit(2)
    second.load_state_dict(first.state_dict())
    assert second.discriminator_update.scaler.state_dict()["scale"] == 512
    second.fit(4)
    assert same(weights(straight.generator), weights(second.generator))


def test_a_device_without_half_precision_says_so_and_goes_on_in_float32():
    with pytest.warns(UserWarning, match="no autocast to bf16 on device 'meta'"):
        assert resolve_precision("bf16", torch.device("meta"), [nn.Linear(1, 1)]) == "fp32"


def test_networks_too_small_for_bfloat16_to_pay_stay_in_float32():
    assert resolve_precision("auto", CPU, [TinyGenerator(), TinyDiscriminator()]) == "fp32"


def test_a_policy_leaves_float32_alone():
    policy = PrecisionPolicy(CPU)
    assert not policy.grad_scaler().is_enabled()
    with policy.shared_weight_casts(), policy.autocast("fp32"):
        assert nn.Linear(2, 2)(torch.zeros(1, 2)).dtype == torch.float32
