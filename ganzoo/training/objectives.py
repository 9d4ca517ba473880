"""The two objectives: each one `nn.Module` whose `forward` returns the whole scalar loss.

Penalties and their inner gradients are computed inside. So whatever wraps a module sees one forward
and one backward pass, whatever a plugin's loss does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from ganzoo.errors import PluginError
from ganzoo.interfaces.critic import Batch
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.penalty import GeneratorPenalty, Penalty
from ganzoo.training.critic import BoundCritic, RecordingCritic
from ganzoo.training.step import ActivePenalties, StepInput, StepRecord, Terms

Computed = tuple[Tensor, Terms, StepRecord]
"""The loss, its terms, and the record of the update."""

P = TypeVar("P", Penalty, GeneratorPenalty)


class Objective(nn.Module, Generic[P]):
    """What one network minimizes.

    Args:
        generator: makes the fakes.
        critic: the discriminator, in the precision of the networks.
        loss: the adversarial loss.
        penalties: of this network, by name.
    """

    def __init__(
        self,
        generator: nn.Module,
        critic: BoundCritic,
        loss: Loss,
        penalties: Mapping[str, P],
    ) -> None:
        super().__init__()
        self.generator = generator
        self.discriminator = critic.discriminator
        self.critic = critic
        self.loss = loss
        self.by_name: dict[str, P] = dict(penalties)
        self.critics = {
            name: critic.at(
                critic.execution.penalty_precision(tolerates_bfloat16=p.tolerates_bfloat16)
            )
            for name, p in penalties.items()
        }
        self.penalties = nn.ModuleList(penalties.values())

    def active_penalties(self, update: int) -> ActivePenalties:
        """Names of the penalties that an update applies (lazy regularization)."""
        return tuple(name for name, p in self.by_name.items() if update % p.interval == 0)

    def active(self, names: ActivePenalties) -> Iterator[tuple[str, float, P]]:
        """Name, factor and module of each of these penalties."""
        for name in names:
            penalty = self.by_name[name]
            yield name, penalty.weight * penalty.interval, penalty

    def total(self, terms: Terms) -> tuple[Tensor, Terms]:
        """The sum of the terms, and the terms without a graph for the log."""
        for name, term in terms.items():
            if term.ndim != 0:
                raise PluginError(
                    f"term '{name}' of {type(self.loss).__name__} must be a scalar, its shape is "
                    f"{tuple(term.shape)}; take its mean over the batch"
                )
        loss = torch.stack(list(terms.values())).sum()
        return loss, {name: term.detach() for name, term in terms.items()}


class DiscriminatorObjective(Objective[Penalty]):
    """What the discriminator minimizes in one update.

    Attributes:
        joint_forward: run the discriminator on real and fake images in one pass, which is faster.
    """

    joint_forward = False

    def forward(
        self, inputs: StepInput, active_penalties: ActivePenalties, fake: Batch | None = None
    ) -> Computed:
        """Compute the loss, its terms and the record.

        Args:
            inputs: real images and z.
            active_penalties: names of the penalties to apply.
            fake: images without a graph to use instead of new ones made of z.
        """
        real, z = inputs
        with self.critic.execution.shared_weight_casts():
            # Fakes, without a graph to the generator.
            if fake is None:
                with torch.no_grad():
                    fake = generate(self.generator, z, real, self.critic)

            # Adversarial loss.
            joint = self.joint_forward and self.critic.execution.joint_forward
            critic = RecordingCritic(self.critic, real, fake, joint=joint)
            terms = dict(self.loss.discriminator_loss(critic, real, fake))

            # Penalties.
            for name, factor, penalty in self.active(active_penalties):
                terms[name] = factor * penalty.penalty(self.critics[name], real, fake)

            scores = critic.scores.get("real"), critic.scores.get("fake")
            return *self.total(terms), StepRecord(real.images, fake.images, *scores)


class GeneratorObjective(Objective[GeneratorPenalty]):
    """What the generator minimizes in one update; the discriminator is frozen meanwhile."""

    def forward(
        self, inputs: StepInput, active_penalties: ActivePenalties, fake: Batch | None = None
    ) -> Computed:
        """Compute the loss, its terms and the record.

        Args:
            inputs: real images and z.
            active_penalties: names of the penalties to apply.
            fake: images to use instead of new ones, with the graph they were made with.
        """
        real, z = inputs
        execution = self.critic.execution
        with execution.shared_weight_casts():
            # Fakes, with a graph to the generator.
            if fake is None:
                fake = generate(self.generator, z, real, self.critic)

            # Adversarial loss.
            terms = dict(self.loss.generator_loss(self.critic, fake, real))

            # Penalties.
            for name, factor, penalty in self.active(active_penalties):
                critic = self.critics[name]
                with execution.autocast(critic.precision):
                    value = penalty.penalty(self.generator, critic, z, fake, real)
                terms[name] = factor * value.float()

            return *self.total(terms), StepRecord(real.images, fake.images.detach())


def generate(generator: nn.Module, z: Tensor, real: Batch, critic: BoundCritic) -> Batch:
    """Fakes in float32, with the labels of a real batch: the data's own class frequencies."""
    labels = (real.labels,) if critic.conditional else ()
    with critic.execution.autocast(critic.precision):
        images = generator(z, *labels)
    return Batch(images.float(), real.labels)
