"""The loss of FastGAN (Liu et al. 2021, arXiv:2101.04775, equations 3 and 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

import ganzoo


class FastGANLoss(ganzoo.Loss):
    """The hinge loss with a random margin m, uniform on [0.8, 1] for each score.

    max(0, m - D(x)) + max(0, m' + D(G(z))) for the critic, -D(G(z)) for the generator. The margins
    are those of the authors' code; the paper's equation has 1.
    """

    takes_patches = True

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Only scores within the margin give a gradient."""
        on_real, on_fake = critic(real), critic(fake)
        return {
            "real": F.relu(margin(on_real) - on_real).mean(),
            "fake": F.relu(margin(on_fake) + on_fake).mean(),
        }

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """-D(G(z))."""
        return {"adversarial": -critic(fake).mean()}

    def default_penalties(self) -> Mapping[str, Mapping[str, Any]]:
        """The discriminator rebuilds real images."""
        return {"reconstruction": {}}


def margin(scores: Tensor) -> Tensor:
    """A margin for each score."""
    return 0.8 + 0.2 * torch.rand_like(scores)
