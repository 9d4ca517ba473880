"""Twilight: the non-saturating loss, and two things that scores alone cannot say.

1. The critic should not mind a small shift: (D(x) - D(shift(x)))^2 on real images (Zhang et al.
   2020, arXiv:1910.12027, equation 4). Shifted and never mirrored: a waxing moon in a mirror wanes.
2. The generator should paint with the light of real images: brightness (the mean) and contrast
   (the standard deviation) over a batch, channel by channel.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

import ganzoo
from nocturne_gan.options import TwilightOptions


class Twilight(ganzoo.Loss):
    """softplus(-D(x)) + softplus(D(G(z))) for the critic, softplus(-D(G(z))) for the generator."""

    def __init__(self, options: TwilightOptions | None = None) -> None:
        super().__init__()
        self.options = options or TwilightOptions()

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Tell real from fake, wherever things stand."""
        scores = critic(real)
        terms = {"real": F.softplus(-scores).mean(), "fake": F.softplus(critic(fake)).mean()}
        if self.options.consistency:
            moved = critic(real.with_images(shifted(real.images, self.options.shift)))
            terms["consistency"] = self.options.consistency * (scores - moved).square().mean()
        return terms

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Be taken for real, in the light of the real ones."""
        terms = {"adversarial": F.softplus(-critic(fake)).mean()}
        if self.options.light:
            difference = light(fake.images) - light(real.images)
            terms["light"] = self.options.light * difference.square().mean()
        return terms


def shifted(images: Tensor, share: float) -> Tensor:
    """Images rolled by as many pixels, up to a share of each side, in a random direction."""
    steps = [max(1, round(share * side)) for side in images.shape[2:]]
    rows, columns = (int(torch.randint(-step, step + 1, ())) for step in steps)
    return images.roll((rows, columns), dims=(2, 3))


def light(images: Tensor) -> Tensor:
    """Mean and standard deviation of each channel over a batch, `(2, C)` in float32."""
    pixels = images.float().transpose(0, 1).flatten(1)
    return torch.stack([pixels.mean(1), (pixels.var(1, correction=0) + 1e-8).sqrt()])
