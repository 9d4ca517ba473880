"""Gradient penalties between real and fake images: of WGAN-GP, WGAN-div and LGAN."""

from __future__ import annotations

import torch
from torch import Tensor

import ganzoo
from ganzoo_wgan.options import (
    DivergencePenaltyOptions,
    GradientPenaltyOptions,
    MaxGradientPenaltyOptions,
)


def gradient_norms(critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch) -> Tensor:
    """||grad D(x_hat)|| `(N,)` at points x_hat between real and fake images.

    x_hat = epsilon x + (1 - epsilon) G(z), with one epsilon ~ U[0, 1] for each image; the norm is
    taken over all channels and pixels of an image.
    """
    epsilon = torch.rand_like(real.images[:, :1, :1, :1])
    between = torch.lerp(fake.images, real.images, epsilon)
    gradient = ganzoo.image_gradient(critic, real.with_images(between))
    # torch defines the derivative of the norm at 0 as 0, so a flat critic gives no NaN
    norms: Tensor = torch.linalg.vector_norm(gradient.flatten(1), dim=1)
    return norms


class GradientPenalty(ganzoo.Penalty):
    """E[(||grad D(x_hat)|| - 1)^2] (Gulrajani et al. 2017, arXiv:1704.00028, equation 3)."""

    tolerates_bfloat16 = True

    options: GradientPenaltyOptions

    def __init__(self, options: GradientPenaltyOptions | None = None) -> None:
        super().__init__(options or GradientPenaltyOptions())

    def demands(self) -> ganzoo.Demands:
        """No batch norm: each image's score must depend on that image alone (section 4)."""
        return ganzoo.Demands(forbids_batch_statistics=True)

    def penalty(self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch) -> Tensor:
        """Scalar; zero where every gradient norm equals the target."""
        excess = gradient_norms(critic, real, fake) - self.options.target
        return (excess.relu() if self.options.one_sided else excess).square().mean()

    def zero_at_gradient_norm(self) -> float:
        """The target norm."""
        return self.options.target


class DivergencePenalty(ganzoo.Penalty):
    """E[||grad D(x_hat)||^p] (Wu et al. 2018, arXiv:1712.01026, equation 9).

    With the Wasserstein loss this is a divergence of the distributions, and no Lipschitz critic is
    needed.
    """

    options: DivergencePenaltyOptions

    def __init__(self, options: DivergencePenaltyOptions | None = None) -> None:
        super().__init__(options or DivergencePenaltyOptions())

    def demands(self) -> ganzoo.Demands:
        """No batch norm: each image's score must depend on that image alone."""
        return ganzoo.Demands(forbids_batch_statistics=True)

    def penalty(self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch) -> Tensor:
        """Scalar; zero where every gradient is zero."""
        return gradient_norms(critic, real, fake).pow(self.options.power).mean()

    def zero_at_gradient_norm(self) -> float:
        """0."""
        return 0.0


class MaxGradientPenalty(ganzoo.Penalty):
    """max ||grad D(x_hat)||^2 over a batch (LGAN; Zhou et al. 2019, arXiv:1902.05687, section 5).

    An estimate of the critic's squared Lipschitz constant. The maximum is over a micro-batch of one
    process, so the fewer images, the smaller it is.
    """

    options: MaxGradientPenaltyOptions

    def __init__(self, options: MaxGradientPenaltyOptions | None = None) -> None:
        super().__init__(options or MaxGradientPenaltyOptions())

    def demands(self) -> ganzoo.Demands:
        """No batch norm: each image's score must depend on that image alone."""
        return ganzoo.Demands(forbids_batch_statistics=True)

    def penalty(self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch) -> Tensor:
        """Scalar; zero where every gradient is zero."""
        return gradient_norms(critic, real, fake).max().square()

    def zero_at_gradient_norm(self) -> float:
        """0."""
        return 0.0
