"""The relativistic pairing loss (Jolicoeur-Martineau 2018; Huang et al. 2024, R3GAN)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

import ganzoo


class Relativistic(ganzoo.Loss):
    """softplus(-(D(x) - D(G(z)))): each real image has to score higher than its paired fake."""

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """softplus(D(G(z)) - D(x)), the i-th real image paired with the i-th fake."""
        return {"adversarial": F.softplus(critic(fake) - critic(real)).mean()}

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """softplus(D(x) - D(G(z))): the same with the roles exchanged."""
        return {"adversarial": F.softplus(critic(real) - critic(fake)).mean()}

    def settings(self) -> ganzoo.Settings:
        """Adam without momentum, as in R3GAN."""
        return {
            "optimizer": "adam",
            "generator_lr": 2e-4,
            "discriminator_lr": 2e-4,
            "betas": (0.0, 0.99),
        }

    def default_penalties(self) -> dict[str, dict[str, object]]:
        """Both are needed for local convergence; gamma = 1 suits small images."""
        return {"r1": {"weight": 1.0}, "r2": {"weight": 1.0}}
