"""The loss of pix2pix (Isola et al. 2017, arXiv:1611.07004, equations 1, 3 and 4).

With x the condition, y the real image, and f(s, t) the cross-entropy of score s with target t, or
(s - t)^2:

    D:  1/2 [f(D(x, y), 1) + f(D(x, G(x)), 0)]
    G:  f(D(x, G(x)), 1) + lambda |y - G(x)|_1

Halving the discriminator's loss slows it down relative to the generator (section 3.3). The
generator's is non-saturating.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

import ganzoo
from ganzoo_pix2pix.options import Pix2PixLossOptions


class Pix2PixLoss(ganzoo.Loss):
    """Adversarial loss of patches, and the L1 distance to the real image of the pair."""

    options: Pix2PixLossOptions
    takes_patches = True

    def __init__(self, options: Pix2PixLossOptions | None = None) -> None:
        super().__init__(options or Pix2PixLossOptions())

    def demands(self) -> ganzoo.Demands:
        """The generator must know the condition: the real image belongs to it."""
        return ganzoo.Demands(labels=True)

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """1/2 [f(D(x, y), 1) + f(D(x, G(x)), 0)]."""
        return {
            "real": 0.5 * self._distance(critic(real), 1),
            "fake": 0.5 * self._distance(critic(fake), 0),
        }

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """f(D(x, G(x)), 1) + lambda |y - G(x)|_1."""
        return {
            "adversarial": self._distance(critic(fake), 1),
            "l1": self.options.l1_weight * F.l1_loss(fake.images, real.images),
        }

    def _distance(self, scores: Tensor, target: int) -> Tensor:
        """f, as the mean over all patches."""
        if self.options.adversarial == "least-squares":
            return (scores - target).square().mean()
        return F.softplus(-scores if target else scores).mean()
