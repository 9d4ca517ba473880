"""The gradient penalty of WGAN-GP (Gulrajani et al. 2017, arXiv:1704.00028, equation 3)."""

from __future__ import annotations

import torch
from torch import Tensor

import ganzoo
from ganzoo_wgan.options import GradientPenaltyOptions


class GradientPenalty(ganzoo.Penalty):
    """E[(||grad D(x_hat)|| - 1)^2] at points x_hat between real and fake images.

    x_hat = epsilon x + (1 - epsilon) G(z), with one epsilon ~ U[0, 1] for each image; the norm is
    taken over all channels and pixels of an image.
    """

    tolerates_bfloat16 = True

    options: GradientPenaltyOptions

    def __init__(self, options: GradientPenaltyOptions | None = None) -> None:
        super().__init__(options or GradientPenaltyOptions())

    def demands(self) -> ganzoo.Demands:
        """No batch norm: each image's score must depend on that image alone (section 4)."""
        return ganzoo.Demands(forbids_batch_statistics=True)

    def penalty(self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch) -> Tensor:
        """Scalar; zero where every gradient norm equals the target."""
        epsilon = torch.rand_like(real.images[:, :1, :1, :1])
        between = torch.lerp(fake.images, real.images, epsilon)
        gradient = ganzoo.image_gradient(critic, real.with_images(between))
        # torch defines the derivative of the norm at 0 as 0, so a flat critic gives no NaN
        norm: Tensor = torch.linalg.vector_norm(gradient.flatten(1), dim=1)
        excess = norm - self.options.target
        return (excess.relu() if self.options.one_sided else excess).square().mean()

    def zero_at_gradient_norm(self) -> float:
        """The target norm."""
        return self.options.target
