"""The two objectives: each one `nn.Module` whose `forward` returns the whole scalar loss.

Penalties and their inner gradients are computed inside. So whatever wraps a module sees one forward
and one backward pass, whatever a plugin's loss does.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import ClassVar, Generic, TypeVar

import torch
from torch import Tensor, nn

from ganzoo.errors import PluginError
from ganzoo.freeze import frozen
from ganzoo.interfaces.constraint import Constraint
from ganzoo.interfaces.critic import Batch, Fakes
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.penalty import GeneratorPenalty, Penalty
from ganzoo.interfaces.schedule import Progress, Schedule, value_at
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
        constraints: on the weights of this network, by name.

    Attributes:
        method: of the loss, and its arguments.
        penalty_arguments: those of `penalty`.

    Raises:
        PluginError: a method does not take these arguments.
    """

    method: ClassVar[tuple[str, tuple[str, ...]]]
    penalty_arguments: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        generator: nn.Module,
        critic: BoundCritic,
        loss: Loss,
        penalties: Mapping[str, P],
        constraints: Mapping[str, Constraint],
    ) -> None:
        super().__init__()
        check_takes(loss, *self.method)
        for penalty in penalties.values():
            check_takes(penalty, "penalty", self.penalty_arguments)
        self.generator = generator
        self.discriminator = critic.discriminator
        self.augment = critic.augment
        self.critic = critic
        self.loss = loss
        self.by_name: dict[str, P] = dict(penalties)
        self.critics = {
            name: critic.inside_penalty(
                critic.execution.penalty_precision(tolerates_bfloat16=p.tolerates_bfloat16)
            )
            for name, p in penalties.items()
        }
        self.penalties = nn.ModuleList(penalties.values())
        self.constraints = dict(constraints)

        # Scheduled weights of penalties are tensors: a captured step reads them anew.
        for name, penalty in penalties.items():
            if isinstance(penalty.weight, Schedule):
                self.register_buffer(_factor_of(name), torch.tensor(0.0), persistent=False)

    def active_penalties(self, update: int) -> ActivePenalties:
        """Names of the penalties that an update applies (lazy regularization)."""
        return tuple(name for name, p in self.by_name.items() if update % p.interval == 0)

    def at(self, progress: Progress) -> None:
        """Set scheduled weights, and tell penalties the progress."""
        for name, penalty in self.by_name.items():
            penalty.at(progress)
            if isinstance(penalty.weight, Schedule):
                factor = value_at(penalty.weight, progress) * penalty.interval
                self.get_buffer(_factor_of(name)).fill_(factor)

    def active(self, names: ActivePenalties) -> Iterator[tuple[str, float | Tensor, P]]:
        """Name, factor and module of each of these penalties."""
        for name in names:
            penalty = self.by_name[name]
            if isinstance(penalty.weight, Schedule):
                yield name, self.get_buffer(_factor_of(name)), penalty
            else:
                yield name, penalty.weight * penalty.interval, penalty

    def constraint_terms(self, network: nn.Module) -> Terms:
        """The terms of constraints that penalize weights."""
        values = {name: c.penalty(network) for name, c in self.constraints.items()}
        return {name: value for name, value in values.items() if value is not None}

    def generate(self, z: Tensor, labels: Tensor | None, precision: str | None = None) -> Tensor:
        """Images in at least float32, made in the precision of the networks or another."""
        arguments = (labels,) if self.critic.conditional else ()
        with self.critic.execution.autocast(precision or self.critic.precision):
            images: Tensor = self.generator(z, *arguments)
        return images.to(torch.promote_types(images.dtype, torch.float32))

    def total(self, terms: Terms) -> tuple[Tensor, Terms]:
        """The sum of the terms, and the terms without a graph for the log.

        Raises:
            PluginError: the sum has no gradient.
        """
        loss = torch.stack(list(terms.values())).sum()
        if not loss.requires_grad:
            raise PluginError(
                f"no term of {_named(self.loss)} depends on what the "
                f"{type(self).__name__.removesuffix('Objective').lower()} trains: it must not "
                "detach the scores or the images, nor compute them without gradients",
                of=self.loss,
            )
        return loss, {name: term.detach() for name, term in terms.items()}


class DiscriminatorObjective(Objective[Penalty]):
    """What the discriminator minimizes in one update.

    Attributes:
        joint_forward: run the discriminator on real and fake images in one pass, which is faster.
    """

    method = "discriminator_loss", ("critic", "real", "fake")
    penalty_arguments = "critic", "real", "fake"
    joint_forward = False

    def forward(
        self, inputs: StepInput, active_penalties: ActivePenalties, images: Tensor | None = None
    ) -> Computed:
        """Compute the loss, its terms and the record.

        Args:
            inputs: real images and z.
            active_penalties: names of the penalties to apply.
            images: fake images of z, without a graph; made here if None.
        """
        real, z = inputs
        with self.critic.execution.shared_weight_casts():
            # Fakes, without a graph to the generator.
            if images is None:
                with torch.no_grad():
                    images = self.generate(z, real.labels)
            fake = Fakes(images, real.labels, z=z, generate=self.generate_frozen)

            # Joint forward pass of real and fake images.
            outputs = None
            if self.joint_forward and self.critic.execution.joint_forward:
                outputs = self.critic.outputs(Batch.cat([real, fake]))
            critic = RecordingCritic(self.critic, real, fake, outputs)

            # Adversarial loss.
            terms = checked_terms(self.loss, self.loss.discriminator_loss(critic, real, fake))

            # Penalties, on images and on weights.
            for name, factor, penalty in self.active(active_penalties):
                own = critic.inside_penalty() if penalty.reuses_scores else self.critics[name]
                value = penalty.penalty(own, real, fake)
                terms |= checked_terms(penalty, {name: value}, factor)
            terms |= self.constraint_terms(self.discriminator)

            scores = critic.scores("real"), critic.scores("fake")
            return *self.total(terms), StepRecord(real.images, fake.images, *scores)

    def generate_frozen(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Images with a graph to z alone, if z requires gradients."""
        with frozen(self.generator.parameters()):
            return self.generate(z, labels)


class GeneratorObjective(Objective[GeneratorPenalty]):
    """What the generator minimizes in one update; the discriminator is frozen meanwhile."""

    method = "generator_loss", ("critic", "fake", "real")
    penalty_arguments = "generator", "critic", "fake", "real"

    def forward(
        self, inputs: StepInput, active_penalties: ActivePenalties, images: Tensor | None = None
    ) -> Computed:
        """Compute the loss, its terms and the record.

        Args:
            inputs: real images and z.
            active_penalties: names of the penalties to apply.
            images: fake images of z, with the graph they were made with; made here if None.
        """
        real, z = inputs
        execution = self.critic.execution
        with execution.shared_weight_casts():
            # Fakes, with a graph to the generator.
            if images is None:
                images = self.generate(z, real.labels)
            fake = Fakes(images, real.labels, z=z, generate=self.generate)

            # Adversarial loss.
            terms = checked_terms(self.loss, self.loss.generator_loss(self.critic, fake, real))

            # Penalties, on images and on weights.
            for name, factor, penalty in self.active(active_penalties):
                critic = self.critics[name]
                generate = partial(self.generate, precision=critic.precision)
                own = replace(fake, generate=generate)
                with execution.autocast(critic.precision):
                    value = penalty.penalty(self.generator, critic, own, real)
                terms |= checked_terms(penalty, {name: value}, factor)
            terms |= self.constraint_terms(self.generator)

            return *self.total(terms), StepRecord(real.images, fake.images.detach())


def check_takes(of: nn.Module, method: str, arguments: tuple[str, ...]) -> None:
    """Check that a method of a loss or penalty can be called with the arguments of its kind.

    Raises:
        PluginError: it takes others.
    """
    try:
        inspect.signature(getattr(of, method)).bind(*arguments)
    except TypeError as error:
        raise PluginError(
            f"{method}() of {_named(of)} must take ({', '.join(arguments)}): {error}", of=of
        ) from None


def checked_terms(of: nn.Module, terms: object, factor: float | Tensor = 1.0) -> Terms:
    """What a loss or penalty returned, as scalars in at least float32, times a factor.

    Raises:
        PluginError: it is something else.
    """
    if not isinstance(terms, Mapping) or not terms:
        raise PluginError(
            f"{_named(of)} returned {_shown(terms)}; it must return a dict of scalar tensors by "
            'name, like {"adversarial": critic(fake).mean()}',
            of=of,
        )
    for name, term in terms.items():
        if not isinstance(term, Tensor) or term.ndim:
            raise PluginError(
                f"term '{name}' of {_named(of)} must be a scalar tensor, and it is {_shown(term)}; "
                "take its mean over the batch",
                of=of,
            )
    single = torch.float32
    wide = {name: term.to(torch.promote_types(term.dtype, single)) for name, term in terms.items()}
    return {name: factor * term for name, term in wide.items()}


def _shown(value: object) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    return f"a {type(value).__name__}" if value else repr(value)


def _named(of: nn.Module) -> str:
    return f"{type(of).__name__} ({type(of).__module__})"


def _factor_of(name: str) -> str:
    """The name of the buffer of a scheduled weight; buffers have no dots in their names."""
    return f"factor of {name.replace('.', ' ')}"
