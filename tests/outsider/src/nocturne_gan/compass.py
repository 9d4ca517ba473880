"""Compass: the discriminator also tells which way an image was mirrored.

After the self-supervised GAN (Chen et al. 2019, arXiv:1811.11212), which rotates by quarter turns.
Mirrored images keep their shape, so any shape can be trained.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

import ganzoo
from nocturne_gan.options import CompassOptions

WAYS = 4
"""As it is, mirrored left to right, top to bottom, and both."""


class Compass(ganzoo.Loss):
    """The non-saturating loss, and the cross-entropy of the way, for real images and for fakes."""

    options: CompassOptions

    def __init__(self, options: CompassOptions | None = None) -> None:
        super().__init__(options or CompassOptions())

    def demands(self) -> ganzoo.Demands:
        """Logits of the ways, from the image."""
        return ganzoo.Demands(outputs={"way": ganzoo.Output(WAYS)})

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Fakes
    ) -> dict[str, Tensor]:
        """Tell real from fake, and the ways of real images."""
        return {
            "real": F.softplus(-critic(real)).mean(),
            "fake": F.softplus(critic(fake)).mean(),
            "way": self.options.discriminator_weight * way_loss(critic, real),
        }

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Fakes, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Fakes that look real, and whose way is seen."""
        return {
            "adversarial": F.softplus(-critic(fake)).mean(),
            "way": self.options.generator_weight * way_loss(critic, fake),
        }


def way_loss(critic: ganzoo.Critic, batch: ganzoo.Batch) -> Tensor:
    """The cross-entropy of random ways."""
    ways = torch.randint(WAYS, (len(batch),), device=batch.images.device)
    logits = critic.outputs(batch.with_images(mirrored(batch.images, ways)))["way"]
    return F.cross_entropy(logits, ways)


def mirrored(images: Tensor, ways: Tensor) -> Tensor:
    """Images mirrored left to right where a way has bit 0, top to bottom where it has bit 1."""
    bits = ways[:, None, None, None]
    images = torch.where((bits & 1).bool(), images.flip(3), images)
    return torch.where((bits & 2).bool(), images.flip(2), images)
