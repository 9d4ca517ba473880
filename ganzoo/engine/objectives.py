"""The two objectives: each one `nn.Module` whose `forward` returns the whole scalar loss.

Penalties and their inner gradients are computed inside, so that data-parallel wrappers and
compilers see one forward and one backward whatever a plugin's loss does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from ganzoo.engine.critic import BoundCritic
from ganzoo.errors import PluginError
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.penalty import GeneratorPenalty, Penalty
from ganzoo.interfaces.values import Batch

Terms = dict[str, Tensor]

Due = tuple[str, ...]
"""Names of the penalties whose turn it is."""


class Drawn(NamedTuple):
    """What one update is made of: a real batch, and z `(N, latent_dim)` for as many fakes."""

    real: Batch
    z: Tensor

    def part(self, rows: slice) -> Drawn:
        """Some rows."""
        labels = self.real.labels
        real = Batch(self.real.images[rows], None if labels is None else labels[rows])
        return Drawn(real, self.z[rows])


class Seen(NamedTuple):
    """What an update has seen, without a graph; None where a loss did not look at it.

    Attributes:
        real: images `(N, C, H, W)`.
        fake: the generator's images of the same update.
        real_scores: `(N,)` of `real`.
        fake_scores: `(N,)` of `fake`.
    """

    real: Tensor | None = None
    fake: Tensor | None = None
    real_scores: Tensor | None = None
    fake_scores: Tensor | None = None


def joined(parts: Sequence[Seen]) -> Seen:
    """What the parts of a batch have seen, as one."""
    if len(parts) == 1:
        return parts[0]
    together = zip(*parts, strict=True)
    return Seen(*(None if None in column else torch.cat(column) for column in together))


Computed = tuple[Tensor, Terms, Seen]
"""The loss, its terms, and what it saw."""

P = TypeVar("P", Penalty, GeneratorPenalty)


class _Objective(nn.Module, Generic[P]):
    """What both sides share.

    Args:
        generator: makes the fakes.
        critic: the discriminator, in the precision of the networks.
        loss: the adversarial loss.
        penalties: by name; those of this side.
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
        self.critics = {k: critic.at(critic.policy.inside(p)) for k, p in penalties.items()}
        self.penalties = nn.ModuleList(penalties.values())

    def due(self, update: int) -> Due:
        """Names of the penalties whose turn it is in an update (lazy regularization)."""
        return tuple(name for name, p in self.by_name.items() if update % p.interval == 0)

    def chosen(self, due: Due) -> Iterator[tuple[str, float, P]]:
        """Penalties by name, each with its factor."""
        for name in due:
            penalty = self.by_name[name]
            yield name, penalty.weight * penalty.interval, penalty


class DiscriminatorObjective(_Objective[Penalty]):
    """What the discriminator minimizes in one update.

    Args:
        generator: as all others, of both sides.
        critic: likewise.
        loss: likewise.
        penalties: likewise.
        at_once: show real and fake images to the discriminator in one pass, which is faster.
    """

    def __init__(
        self,
        generator: nn.Module,
        critic: BoundCritic,
        loss: Loss,
        penalties: Mapping[str, Penalty],
        *,
        at_once: bool = False,
    ) -> None:
        super().__init__(generator, critic, loss, penalties)
        self.at_once = at_once

    def forward(self, real: Batch, z: Tensor, due: Due, fake: Batch | None = None) -> Computed:
        """The loss with the penalties that are due, its terms, and what it saw.

        Fakes are made of z without a graph, or taken from those given without theirs.
        """
        with self.critic.policy.casting_once(self.critic.precision):
            fake = (
                self._without_graph(real, z)
                if fake is None
                else fake.with_images(fake.images.detach())
            )
            # torch's compiler does not take a gradient of a gradient beside parts of one pass
            at_once = self.at_once and not torch.compiler.is_compiling()
            critic = _Remembering(self.critic, (real, fake) if at_once else ())
            terms = dict(self.loss.discriminator_loss(critic, real, fake))
            for name, factor, penalty in self.chosen(due):
                terms[name] = factor * penalty.penalty(self.critics[name], real, fake)
            return *total(terms, self.loss), critic.seen(real, fake)

    @torch.no_grad()
    def _without_graph(self, real: Batch, z: Tensor) -> Batch:
        return generate(self.generator, z, real, self.critic)


class GeneratorObjective(_Objective[GeneratorPenalty]):
    """What the generator minimizes in one update; the discriminator is frozen meanwhile."""

    def forward(self, real: Batch, z: Tensor, due: Due, fake: Batch | None = None) -> Computed:
        """The loss with the penalties that are due, its terms, and what it saw.

        Fakes are made of z, or are those given, with the graph they were made with.
        """
        with self.critic.policy.casting_once(self.critic.precision):
            if fake is None:
                fake = generate(self.generator, z, real, self.critic)
            terms = dict(self.loss.generator_loss(self.critic, fake, real))
            for name, factor, penalty in self.chosen(due):
                critic = self.critics[name]
                with critic.policy.autocast(critic.precision):
                    value = penalty.penalty(self.generator, critic, z, fake, real)
                terms[name] = factor * value.float()
            return *total(terms, self.loss), Seen(real.images, fake.images.detach())


Objective = DiscriminatorObjective | GeneratorObjective


class _Remembering:
    """A critic that remembers the scores it gave, so that looking at a run costs no forward.

    Args:
        critic: whose scores.
        at_once: batches that it is shown in one pass, when it is first asked for one of them with
            gradients. Who asks a second time gets a pass of its own, with dropout of its own.
    """

    def __init__(self, critic: BoundCritic, at_once: Sequence[Batch] = ()) -> None:
        self.critic = critic
        self.at_once = at_once
        self._ready: list[tuple[Batch, Mapping[str, Tensor]]] = []
        self._scores: list[tuple[Batch, Tensor]] = []

    def __call__(self, batch: Batch) -> Tensor:
        return self.outputs(batch)["scores"]

    def outputs(self, batch: Batch) -> Mapping[str, Tensor]:
        outputs = self._taken(batch) if torch.is_grad_enabled() else None
        if outputs is None:
            outputs = self.critic.outputs(batch)
        self._scores.append((batch, outputs["scores"].detach()))
        return outputs

    def _taken(self, batch: Batch) -> Mapping[str, Tensor] | None:
        """Its part of the pass that shows several at once, for the first who asks."""
        if any(batch is one for one in self.at_once):
            self._show_at_once()
        for k, (shown, outputs) in enumerate(self._ready):
            if shown is batch:
                del self._ready[k]
                return outputs
        return None

    def _show_at_once(self) -> None:
        outputs, start = self.critic.outputs(_beside(self.at_once)), 0
        for batch in self.at_once:
            rows = slice(start, start + len(batch))
            self._ready.append((batch, {name: value[rows] for name, value in outputs.items()}))
            start = rows.stop
        self.at_once = ()

    def seen(self, real: Batch, fake: Batch) -> Seen:
        return Seen(real.images, fake.images, self._first(real), self._first(fake))

    def _first(self, batch: Batch) -> Tensor | None:
        return next((scores for scored, scores in self._scores if scored is batch), None)


def _beside(batches: Sequence[Batch]) -> Batch:
    """One batch of all."""
    labels = [b.labels for b in batches if b.labels is not None]
    images = torch.cat([b.images for b in batches])
    return Batch(images, torch.cat(labels) if labels else None)


def generate(generator: nn.Module, z: Tensor, like: Batch, critic: BoundCritic) -> Batch:
    """Fakes in float32, with the labels of a real batch: the data's own class frequencies."""
    labels = (like.labels,) if critic.conditional else ()
    with critic.policy.autocast(critic.precision):
        images = generator(z, *labels)
    return Batch(images.float(), like.labels)


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
