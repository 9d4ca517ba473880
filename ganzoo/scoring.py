"""Scores: what a discriminator returns, and the critic of sampling and of other training loops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganzoo.errors import PluginError, Unsupported
from ganzoo.freeze import frozen
from ganzoo.interfaces.critic import Batch, Critic, Fakes, Refiner
from ganzoo.sampling import Noise, Refine, evaluating

Augment = Callable[[Tensor], Tensor]

Outputs = dict[str, Tensor]
"""What a discriminator returns for a batch, by name; `"scores"` among it."""


def with_labels(images: Tensor, labels: Tensor | None) -> tuple[Tensor, ...]:
    """The arguments of a discriminator: images, and labels if it is conditional."""
    return (images,) if labels is None else (images, labels)


def named_outputs(
    returned: Tensor | Mapping[str, Tensor], n: int, takes_patches: bool = True
) -> Outputs:
    """What a discriminator returned for n images as a dict in at least float32.

    Scores are `(n,)`, or `(n, P)` if there are several for each image and patches are taken.

    Raises:
        PluginError: it returned neither a tensor nor a dict of tensors with scores.
        Unsupported: its scores are not one row an image.
    """
    # A dict of tensors.
    outputs = {"scores": returned} if isinstance(returned, Tensor) else returned
    if not (
        isinstance(outputs, Mapping)
        and "scores" in outputs
        and all(isinstance(value, Tensor) for value in outputs.values())
    ):
        names = f" with the keys {sorted(outputs)}" if isinstance(outputs, Mapping) else ""
        raise PluginError(
            f"the discriminator returned a {type(returned).__name__}{names}; it must return the "
            'scores (N,), or a dict of tensors with "scores" among them'
        )
    outputs = {
        name: value.to(torch.promote_types(value.dtype, torch.float32))
        for name, value in outputs.items()
    }

    # One row of scores for each image.
    scores = outputs["scores"]
    if not scores.ndim or len(scores) != n or not scores.numel():
        raise Unsupported(
            f"the discriminator gave scores of shape {tuple(scores.shape)} for {n} images; "
            "it must give one score an image, shape (N,)"
        )
    scores = scores.flatten() if scores.numel() == n else scores.flatten(1)
    outputs["scores"] = scores if takes_patches else per_image(scores)
    return outputs


def per_image(scores: Tensor) -> Tensor:
    """One score an image: the mean of its patches, if it has several."""
    return scores.mean(1) if scores.ndim > 1 else scores


@dataclass(frozen=True)
class PlainCritic:
    """A `ganzoo.Critic` in the precision and the autocast of whoever calls it."""

    discriminator: nn.Module
    augment: Augment | None
    takes_patches: bool

    def __call__(self, batch: Batch) -> Tensor:
        """Raw scores `(N,)`, or `(N, P)`."""
        return self.outputs(batch)["scores"]

    def outputs(self, batch: Batch) -> Outputs:
        """Everything the discriminator returns for a batch, `"scores"` among it."""
        images = self.augment(batch.images) if self.augment else batch.images
        returned = self.discriminator(*with_labels(images, batch.labels))
        return named_outputs(returned, len(batch), self.takes_patches)


def critic(
    discriminator: nn.Module,
    *,
    augment: Augment | None = None,
    takes_patches: bool = False,
) -> Critic:
    """Adapt a discriminator for losses and penalties in a loop of your own.

        loss, penalty = ganzoo.create("loss", "wgan-gp"), ganzoo.create("penalty", "r1")
        critic, real = ganzoo.critic(discriminator), ganzoo.Batch(images)
        fake = ganzoo.Fakes(generator(z).detach(), z=z, generate=lambda z, labels: generator(z))
        terms = loss.discriminator_loss(critic, real, fake)
        value = sum(terms.values()) + penalty.weight * penalty.penalty(critic, real, fake)

    What a trainer does besides is up to you: freeze the discriminator in the generator's update,
    apply lazy penalties at their `interval`, meet `loss.demands()`.

    Args:
        discriminator: a module, however it is wrapped (DistributedDataParallel, prepared
            by accelerate). It is called with the images, and with labels where the batch has any.
        augment: applied to every image that it sees.
        takes_patches: give a loss several scores an image, `(N, P)`; penalties take one.

    Raises:
        PluginError: on a call, if the discriminator returns neither scores nor a dict with them.
        Unsupported: on a call, if its scores are not one row an image.
    """
    return PlainCritic(discriminator, augment, takes_patches)


def refine_by(refiner: Refiner | None, discriminator: Callable[[], nn.Module]) -> Refine | None:
    """A refiner with a discriminator, which is left as it was; None without one.

    Args:
        refiner: moves z.
        discriminator: gives it, on first use.
    """
    if refiner is None:
        return None

    def refine(fake: Fakes, noise: Noise) -> Tensor:
        network = discriminator()
        with evaluating(network), frozen(network.parameters()):
            return refiner(critic(network), fake, noise)

    return refine
