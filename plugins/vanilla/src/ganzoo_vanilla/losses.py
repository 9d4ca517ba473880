"""The original losses on logits (Goodfellow et al. 2014, arXiv:1406.2661).

With s = D(x) a logit, log sigmoid(s) = -softplus(-s) and log(1 - sigmoid(s)) = -softplus(s), which
are numerically stable where a sigmoid followed by a logarithm is not.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

import ganzoo


class NonSaturating(ganzoo.Loss):
    """The loss used in practice: the generator maximizes log D(G(z)) (section 3)."""

    takes_patches = True

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """-log D(x) - log(1 - D(G(z)))."""
        return {
            "real": F.softplus(-critic(real)).mean(),
            "fake": F.softplus(critic(fake)).mean(),
        }

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """-log D(G(z))."""
        return {"adversarial": F.softplus(-critic(fake)).mean()}


class Minimax(NonSaturating):
    """The game of equation 1: the generator minimizes log(1 - D(G(z)))."""

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """log(1 - D(G(z))), whose gradient vanishes for confident discriminators."""
        return {"adversarial": -F.softplus(critic(fake)).mean()}
