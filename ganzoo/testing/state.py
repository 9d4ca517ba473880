"""Promises of losses and penalties about their state and their parameters."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import partial
from typing import Any
from unittest import SkipTest

import torch
from torch import Tensor

from ganzoo.assembly.demands import check_parameters
from ganzoo.errors import PluginError
from ganzoo.execution.micro_batches import MicroBatch, split_batch
from ganzoo.execution.random_draws import draws_of_whole_batch
from ganzoo.interfaces.critic import Batch
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.penalty import AnyPenalty
from ganzoo.testing.core import Bench, Broken, Promises, expect
from ganzoo.testing.loss import SIDES, sum_of
from ganzoo.testing.penalty_inputs import WHOLE, Inputs, N, penalty_value
from ganzoo.testing.stand_ins import (
    SmoothDiscriminator,
    WithOutputs,
    critic_of,
    fakes_of,
    latent_of,
    noise_batch,
)

HALVES = split_batch(N, 2, rank=0, world_size=1)

Update = Callable[[Any, MicroBatch, int], Tensor]
"""`update(component, micro_batch, seed)` computes it on some rows of the batch of that seed."""


class StateBench(Bench):
    """A loss or a penalty under test."""

    def updates(self) -> tuple[Update, ...]:
        """The updates of a step that it takes part in."""
        if self.component.spec.kind == "penalty":
            return (_penalty_of,)
        return tuple(partial(_loss_of, side) for side in SIDES)

    def trained(self, steps: int) -> Any:
        """Make the component and compute it on some batches, which may change its state."""
        component = self.make()
        for seed in range(steps):
            for update in self.updates():
                update(component, WHOLE, seed)
        return component


promise = Promises(StateBench)


@promise(mend="keep numbers that change from step to step as tensors with `register_buffer`")
def state_round_trip(bench: StateBench) -> None:
    """One that loads another's state_dict continues with the same values."""
    component, loaded = bench.trained(5), bench.make()
    loaded.load_state_dict(component.state_dict())
    for seed in (5, 6):
        for update in bench.updates():
            expected = update(component, WHOLE, seed).mean().item()
            actual = update(loaded, WHOLE, seed).mean().item()
            expect(
                actual == expected,
                f"it continues with {expected:.6g}, after load_state_dict with {actual:.6g}",
            )


@promise(
    mend="change a buffer by means over the batch (`self.mean.lerp_(x.mean(), 0.01)`) and by "
    "numbers that are the same for every batch size; count updates, not images"
)
def state_of_micro_batches(bench: StateBench) -> None:
    """Its state after a batch is the mean of its states after the micro-batches."""
    component = bench.trained(3)
    if next(component.buffers(), None) is None:
        raise SkipTest("it has no buffers")
    state = deepcopy(component.state_dict())

    def buffers_after(update: Update, micro_batch: MicroBatch) -> dict[str, Tensor]:
        copy = bench.make()
        copy.load_state_dict(state)
        update(copy, micro_batch, 3)
        return {name: buffer.detach().double() for name, buffer in copy.named_buffers()}

    for update in bench.updates():
        whole = buffers_after(update, WHOLE)
        parts = [buffers_after(update, half) for half in HALVES]
        for name, expected in whole.items():
            mean = torch.stack([part[name] for part in parts]).mean(0)
            same = torch.allclose(mean, expected, rtol=1e-4, atol=1e-6, equal_nan=True)
            difference = (mean - expected).abs().max().item()
            expect(
                same,
                f"after {N} images the buffer '{name}' differs by {difference:.3g} from its mean "
                f"after the first and the last {N // 2}",
            )


@promise(
    mend="make a constant a buffer (`register_buffer`) or freeze it (`requires_grad_(False)`); "
    "what is to be trained belongs into the generator or the discriminator"
)
def parameters_are_trained(bench: StateBench) -> None:
    """It has no parameters that require gradients: no optimizer would train them."""
    expect_trained(bench.make())


def expect_trained(component: object) -> None:
    """Expect that a component has no parameters that no optimizer trains."""
    try:
        check_parameters([component], trained=())
    except PluginError as error:
        raise Broken(str(error)) from None


def _penalty_of(penalty: AnyPenalty, micro_batch: MicroBatch, seed: int) -> Tensor:
    """The value of a penalty."""
    inputs = Inputs(real=noise_batch(N, seed=2 * seed), fake=noise_batch(N, seed=2 * seed + 1))
    return penalty_value(penalty, inputs, seed, micro_batch)


def _loss_of(side: str, loss: Loss, micro_batch: MicroBatch, seed: int) -> Tensor:
    """The sum of the terms of one side of a loss."""
    # Networks and rows of the batch.
    demands, rows = loss.demands(), micro_batch.rows
    critic = critic_of(WithOutputs(SmoothDiscriminator(), demands.outputs))
    batch = noise_batch(N, seed=seed)
    if not demands.labels:
        batch = Batch(batch.images)
    real, fake = batch[rows], fakes_of(batch, seed=seed, latent=latent_of(loss))[rows].again()

    # Terms.
    torch.default_generator.manual_seed(seed)
    with draws_of_whole_batch(micro_batch):
        if side == "generator_loss":
            return sum_of(loss.generator_loss(critic, fake, real))
        fake = fake.with_images(fake.images.detach())
        return sum_of(loss.discriminator_loss(critic, real, fake))
