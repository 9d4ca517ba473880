"""The relativistic pairing loss (Jolicoeur-Martineau 2018; Huang et al. 2024, R3GAN)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

import ganzoo


class Relativistic(ganzoo.Loss):
    """softplus(-(D(x) - D(G(z)))): a real image need only look more real than its fake partner."""

    def __init__(self, options: ganzoo.NoOptions | None = None) -> None:
        super().__init__()

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """The i-th real image against the i-th fake one."""
        return {"adversarial": F.softplus(critic(fake) - critic(real)).mean()}

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """The same with the parts exchanged."""
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
