"""The two objectives: each one `nn.Module` whose `forward` returns the whole scalar loss.

Penalties and their inner gradients are computed inside, so that data-parallel wrappers and
compilers see one forward and one backward whatever a plugin's loss does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ganzoo.engine.critic import BoundCritic
from ganzoo.errors import PluginError
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.penalty import GeneratorPenalty, Penalty
from ganzoo.interfaces.values import Batch

Terms = dict[str, Tensor]


class DiscriminatorObjective(nn.Module):
    """What the discriminator minimizes in one update.

    Args:
        generator: makes the fakes, without a graph.
        critic: the discriminator, in the precision of the networks.
        penalty_critic: the discriminator, in the precision of penalties.
        loss: the adversarial loss.
        penalties: by name; those of the discriminator's side.
    """

    def __init__(
        self,
        generator: nn.Module,
        critic: BoundCritic,
        penalty_critic: BoundCritic,
        loss: Loss,
        penalties: Mapping[str, Penalty],
    ) -> None:
        super().__init__()
        self.generator = generator
        self.discriminator = critic.discriminator
        self.critic = critic
        self.penalty_critic = penalty_critic
        self.loss = loss
        self.names = tuple(penalties)
        self.penalties = nn.ModuleList(penalties.values())

    def forward(self, real: Batch, z: Tensor, update: int) -> tuple[Tensor, Terms]:
        """The loss of the `update`-th discriminator update, and its terms without a graph."""
        with torch.no_grad():
            fake = generate(self.generator, z, real, self.critic)
        terms = dict(self.loss.discriminator_loss(self.critic, real, fake))
        for name, penalty in due(self.names, self.penalties, update):
            value = penalty.penalty(self.penalty_critic, real, fake)
            terms[name] = penalty.weight * penalty.interval * value
        return total(terms, self.loss)


class GeneratorObjective(nn.Module):
    """What the generator minimizes in one update; the discriminator is frozen meanwhile."""

    def __init__(
        self,
        generator: nn.Module,
        critic: BoundCritic,
        penalty_critic: BoundCritic,
        loss: Loss,
        penalties: Mapping[str, GeneratorPenalty],
    ) -> None:
        super().__init__()
        self.generator = generator
        self.discriminator = critic.discriminator
        self.critic = critic
        self.penalty_critic = penalty_critic
        self.loss = loss
        self.names = tuple(penalties)
        self.penalties = nn.ModuleList(penalties.values())

    def forward(self, real: Batch, z: Tensor, update: int) -> tuple[Tensor, Terms]:
        """The loss of the `update`-th generator update, and its terms without a graph."""
        fake = generate(self.generator, z, real, self.critic)
        terms = dict(self.loss.generator_loss(self.critic, fake, real))
        for name, penalty in due(self.names, self.penalties, update):
            value = penalty.penalty(self.generator, self.penalty_critic, z, fake, real)
            terms[name] = penalty.weight * penalty.interval * value
        return total(terms, self.loss)


def generate(generator: nn.Module, z: Tensor, like: Batch, critic: BoundCritic) -> Batch:
    """Fakes in float32, with the labels of a real batch: the data's own class frequencies."""
    labels = (like.labels,) if critic.conditional else ()
    with critic.policy.autocast(critic.precision):
        images = generator(z, *labels)
    return Batch(images.float(), like.labels)


def due(
    names: Sequence[str], penalties: nn.ModuleList, update: int
) -> list[tuple[str, Penalty | GeneratorPenalty]]:
    """The penalties whose turn it is (lazy regularization)."""
    return [
        (name, penalty)  # type: ignore[misc]
        for name, penalty in zip(names, penalties, strict=True)
        if update % penalty.interval == 0  # type: ignore[operator]
    ]


def total(terms: Terms, loss: Loss) -> tuple[Tensor, Terms]:
    """The sum of the terms, and the terms detached for the log."""
    for name, term in terms.items():
        if term.ndim != 0:
            raise PluginError(
                f"term '{name}' of {type(loss).__name__} must be a scalar, its shape is "
                f"{tuple(term.shape)}; take its mean over the batch"
            )
    summed = torch.stack(list(terms.values())).sum()
    return summed, {name: term.detach() for name, term in terms.items()}
