"""Inputs of a penalty under test, and its value for them, computed as training does."""

from __future__ import annotations

from dataclasses import dataclass, field
from unittest import SkipTest

import torch
from torch import Tensor, nn

from ganzoo.execution.micro_batches import MicroBatch
from ganzoo.execution.random_draws import draws_of_whole_batch
from ganzoo.interfaces.critic import Batch
from ganzoo.interfaces.penalty import AnyPenalty, Penalty
from ganzoo.testing.core import Bench
from ganzoo.testing.stand_ins import (
    SmoothDiscriminator,
    SmoothGenerator,
    WithOutputs,
    critic_of,
    fakes_of,
    noise_batch,
)

N = 6
"""Images in a batch."""

WHOLE = MicroBatch(0, N, N)


@dataclass(frozen=True)
class Inputs:
    """The networks and images that a penalty is evaluated on.

    Attributes:
        discriminator: regularized by a penalty on the discriminator.
        real: a batch of images.
        fake: a batch of images; a penalty on the generator gets `generator(z)` instead.
        generator: regularized by a penalty on the generator.
        precision: of the networks.
    """

    discriminator: nn.Module = field(default_factory=SmoothDiscriminator)
    real: Batch = field(default_factory=lambda: noise_batch(N, seed=1))
    fake: Batch = field(default_factory=lambda: noise_batch(N, seed=2))
    generator: SmoothGenerator = field(default_factory=SmoothGenerator)
    precision: str = "fp32"


class PenaltyBench(Bench):
    """A penalty under test."""

    def value(self, inputs: Inputs, *, seed: int = 3, micro_batch: MicroBatch = WHOLE) -> Tensor:
        """Evaluate a fresh penalty; see `penalty_value`."""
        dtype = inputs.real.images.dtype
        try:
            return penalty_value(self.make().to(dtype), inputs, seed, micro_batch)
        except RuntimeError:  # a penalty that computes in float32 for any input
            return penalty_value(self.make(), inputs, seed, micro_batch)

    def of_discriminator(self) -> Penalty:
        """Make a penalty on the discriminator.

        Raises:
            SkipTest: it is one on the generator.
        """
        penalty = self.make()
        if not isinstance(penalty, Penalty):
            raise SkipTest("it is a penalty on the generator")
        return penalty

    def regularized(self, inputs: Inputs) -> nn.Module:
        """The network that the penalty regularizes."""
        on_discriminator = isinstance(self.make(), Penalty)
        return inputs.discriminator if on_discriminator else inputs.generator


def penalty_value(
    penalty: AnyPenalty, inputs: Inputs, seed: int, micro_batch: MicroBatch = WHOLE
) -> Tensor:
    """Evaluate a penalty as training does.

    Args:
        penalty: on either network.
        inputs: the networks and the whole batch.
        seed: of the random numbers, which are those of the whole batch.
        micro_batch: the rows of the batch to evaluate it on.
    """
    # Networks and rows of the batch.
    discriminator = WithOutputs(inputs.discriminator, penalty.demands().outputs)
    critic, generator = critic_of(discriminator, precision=inputs.precision), inputs.generator
    real, fake = inputs.real[micro_batch.rows], fakes_of(inputs.fake)[micro_batch.rows]
    made = fakes_of(inputs.real, generator)[micro_batch.rows]

    # Value.
    torch.default_generator.manual_seed(seed)
    with draws_of_whole_batch(micro_batch):
        if isinstance(penalty, Penalty):
            return penalty.penalty(critic, real, fake)
        inputs.discriminator.requires_grad_(False)
        with critic.execution.autocast(inputs.precision):
            made = made.with_images(generator(made.z).to(real.images.dtype))
            return penalty.penalty(generator, critic, made, real)
