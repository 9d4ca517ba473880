"""Twilight: the non-saturating loss with two more terms.

1. Consistency regularization: (D(x) - D(shift(x)))^2 on real images (Zhang et al. 2020,
   arXiv:1910.12027, equation 4). Images are never mirrored: a mirrored waxing moon is a waning one.
2. Moment matching: fakes should have the brightness (mean) and contrast (standard deviation) of
   real images, per channel over a batch.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

import ganzoo
from nocturne_gan.options import TwilightOptions


class Twilight(ganzoo.Loss):
    """softplus(-D(x)) + softplus(D(G(z))) for the critic, softplus(-D(G(z))) for the generator."""

    options: TwilightOptions

    def __init__(self, options: TwilightOptions | None = None) -> None:
        super().__init__(options or TwilightOptions())

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Fakes
    ) -> dict[str, Tensor]:
        """Non-saturating loss, and consistency under shifts."""
        scores = critic(real)
        terms = {"real": F.softplus(-scores).mean(), "fake": F.softplus(critic(fake)).mean()}
        if self.options.consistency:
            moved = critic(real.with_images(shifted(real.images, self.options.shift)))
            terms["consistency"] = self.options.consistency * (scores - moved).square().mean()
        return terms

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Fakes, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Non-saturating loss, and moment matching."""
        terms = {"adversarial": F.softplus(-critic(fake)).mean()}
        if self.options.light:
            difference = light(fake.images) - light(real.images)
            terms["light"] = self.options.light * difference.square().mean()
        return terms


def shifted(images: Tensor, share: float) -> Tensor:
    """Images rolled by a random number of pixels, up to a fraction of each side."""
    steps = [max(1, round(share * side)) for side in images.shape[2:]]
    rows, columns = (int(torch.randint(-step, step + 1, ())) for step in steps)
    return images.roll((rows, columns), dims=(2, 3))


def light(images: Tensor) -> Tensor:
    """Mean and standard deviation per channel over a batch, `(2, C)` in float32."""
    pixels = images.float().transpose(0, 1).flatten(1)
    return torch.stack([pixels.mean(1), (pixels.var(1, correction=0) + 1e-8).sqrt()])
