"""The DRAGAN penalty (Kodali et al. 2017, arXiv:1705.07215, section 2.3)."""

from __future__ import annotations

import torch
from torch import Tensor

import ganzoo
from ganzoo_dragan.options import DraganOptions


class Dragan(ganzoo.Penalty):
    """E[(||grad D(x + delta)|| - 1)^2] in the neighbourhood of real images.

    delta = spread * std(x) * u with u ~ U[0, 1] for each pixel, and std(x) the standard deviation
    of the image's own pixels. The authors' code takes that of all pixels of the batch. An image's
    own does not depend on the images beside it, and so not on the number of processes or
    micro-batches.
    """

    options: DraganOptions

    def __init__(self, options: DraganOptions | None = None) -> None:
        super().__init__(options or DraganOptions())

    def demands(self) -> ganzoo.Demands:
        """No batch norm: each image's score must depend on that image alone."""
        return ganzoo.Demands(forbids_batch_statistics=True)

    def penalty(self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch) -> Tensor:
        """Scalar; zero where every gradient norm equals the target."""
        deviation = real.images.std((1, 2, 3), correction=0, keepdim=True)
        nearby = real.images + self.options.spread * deviation * torch.rand_like(real.images)
        gradient = ganzoo.image_gradient(critic, real.with_images(nearby))
        # torch defines the derivative of the norm at 0 as 0, so a flat critic gives no NaN
        norm: Tensor = torch.linalg.vector_norm(gradient.flatten(1), dim=1)
        return (norm - self.options.target).square().mean()

    def zero_at_gradient_norm(self) -> float:
        """The target norm."""
        return self.options.target
