"""The energy-based loss (Zhao et al. 2017, arXiv:1609.03126, equations 1 and 2)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

import ganzoo
from ganzoo_ebgan.options import EnergyOptions


class EnergyBased(ganzoo.Loss):
    """Low energy E = -score for real images, at least a margin m for each fake.

        discriminator: E(x) + max(0, m - E(G(z)))
        generator:     E(G(z))

    A discriminator that is no auto-encoder has scores above 0 too. There the energy of real images
    counts as 0, so that the loss has a minimum: it is a hinge loss with the margins 0 and m.
    """

    options: EnergyOptions

    def __init__(self, options: EnergyOptions | None = None) -> None:
        super().__init__(options or EnergyOptions())

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Low energy for real images, at least the margin for each fake."""
        return {
            "real": F.relu(-critic(real)).mean(),
            "fake": F.relu(self.options.margin + critic(fake)).mean(),
        }

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """E(G(z))."""
        return {"adversarial": -critic(fake).mean()}
