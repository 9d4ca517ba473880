"""The hinge loss (Lim & Ye 2017, "Geometric GAN", arXiv:1705.02894, equations 14 and 15)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

import ganzoo


class Hinge(ganzoo.Loss):
    """max(0, 1 - D(x)) + max(0, 1 + D(G(z))) for the critic, -D(G(z)) for the generator."""

    takes_patches = True

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Only scores within the margin give a gradient."""
        return {
            "real": F.relu(1 - critic(real)).mean(),
            "fake": F.relu(1 + critic(fake)).mean(),
        }

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """-D(G(z))."""
        return {"adversarial": -critic(fake).mean()}
