"""Latent consistency (zCR, Zhao et al. 2021, arXiv:2002.04724): nearby z, equal scores."""

from __future__ import annotations

import torch
from torch import Tensor, nn

import ganzoo
from ganzoo_consistency.options import DiversityOptions, LatentConsistencyOptions


class LatentConsistency(ganzoo.Penalty):
    """E[(D(G(z)) - D(G(z + delta)))^2] with delta ~ N(0, std^2), for the discriminator."""

    reuses_scores = True

    options: LatentConsistencyOptions

    def __init__(self, options: LatentConsistencyOptions | None = None) -> None:
        super().__init__(options or LatentConsistencyOptions())

    def penalty(self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Fakes) -> Tensor:
        """Scalar; zero where nearby fakes have equal scores."""
        with torch.no_grad():
            neighbours = nearby(fake, self.options.std)
        return (critic(fake) - critic(neighbours)).square().mean()


class Diversity(ganzoo.GeneratorPenalty):
    """-E[(G(z) - G(z + delta))^2], the mean over pixels too, for the generator.

    It is below zero: the generator is rewarded for images that change with z. Otherwise it could
    meet the discriminator's zCR by ignoring z.
    """

    options: DiversityOptions

    def __init__(self, options: DiversityOptions | None = None) -> None:
        super().__init__(options or DiversityOptions())

    def penalty(
        self, generator: nn.Module, critic: ganzoo.Critic, fake: ganzoo.Fakes, real: ganzoo.Batch
    ) -> Tensor:
        """Scalar in [-4, 0]; 0 where nearby z give equal images."""
        # Both in the penalty's precision. The loss may have made its images in bfloat16, whose
        # rounding moves the gradient of the small difference by a fifth.
        images, neighbours = fake.again().images, nearby(fake, self.options.std).images
        return -(images - neighbours).square().mean()


def nearby(fake: ganzoo.Fakes, std: float) -> ganzoo.Fakes:
    """Fakes of z + delta with the same labels."""
    return fake.again(fake.z + std * torch.randn_like(fake.z))
