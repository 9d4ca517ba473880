"""The least-squares loss (Mao et al. 2017, arXiv:1611.04076, equation 2)."""

from __future__ import annotations

from torch import Tensor

import ganzoo
from ganzoo_lsgan.options import LeastSquaresOptions


class LeastSquares(ganzoo.Loss):
    """1/2 (D(x) - b)^2 + 1/2 (D(G(z)) - a)^2 for D, 1/2 (D(G(z)) - c)^2 for G."""

    options: LeastSquaresOptions
    takes_patches = True

    def __init__(self, options: LeastSquaresOptions | None = None) -> None:
        super().__init__(options or LeastSquaresOptions())

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Regress scores of real images to b, of fakes to a."""
        return {
            "real": 0.5 * (critic(real) - self.options.b).square().mean(),
            "fake": 0.5 * (critic(fake) - self.options.a).square().mean(),
        }

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Regress scores of fakes to c."""
        return {"adversarial": 0.5 * (critic(fake) - self.options.c).square().mean()}
