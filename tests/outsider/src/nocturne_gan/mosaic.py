"""Mosaic: a loss of every patch of an image, for discriminators that score patches.

PatchGAN (Isola et al. 2017, arXiv:1611.07004) with the least-squares loss.
"""

from __future__ import annotations

from torch import Tensor

import ganzoo


class Mosaic(ganzoo.Loss):
    """E[(D(x) - 1)^2] + E[D(G(z))^2] for D, E[(D(G(z)) - 1)^2] for G; means over patches too."""

    takes_patches = True

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Fakes
    ) -> dict[str, Tensor]:
        """Each patch of a real image to 1, of a fake to 0."""
        return {
            "real": (critic(real) - 1).square().mean(),
            "fake": critic(fake).square().mean(),
        }

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Fakes, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Each patch of a fake to 1."""
        return {"adversarial": (critic(fake) - 1).square().mean()}
