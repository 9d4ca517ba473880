"""The critic of sampling, and of a training loop that is not ganzoo's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from ganzoo.freeze import frozen
from ganzoo.interfaces.critic import Batch, Critic, Fakes, Refiner
from ganzoo.sampling import Noise, Refine, evaluating
from ganzoo.training.critic import Outputs, named_outputs, run_discriminator

Augment = Callable[[Tensor], Tensor]


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
        returned = run_discriminator(self.discriminator, images, batch.labels)
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
