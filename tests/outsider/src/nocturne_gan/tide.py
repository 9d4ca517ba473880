"""Tide: a penalty on how much the score of a fake changes with its z."""

from __future__ import annotations

import torch
from torch import Tensor

import ganzoo
from nocturne_gan.options import TideOptions


class Tide(ganzoo.Penalty):
    """E[|grad_z D(G(z))|^2] / 2 over fakes, with the norm over the coordinates of z.

    It is R1 in latent space: latent optimization (Wu et al. 2019, arXiv:1912.00953) follows the
    same gradient. Batch norm in the generator mixes the gradients of a batch.
    """

    options: TideOptions

    def __init__(self, options: TideOptions | None = None) -> None:
        super().__init__(options or TideOptions())

    def demands(self) -> ganzoo.Demands:
        """The score of an image must be its own."""
        return ganzoo.Demands(forbids_batch_statistics=True)

    def penalty(self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Fakes) -> Tensor:
        """Scalar; zero where scores do not depend on z."""
        z = fake.z.detach().requires_grad_()
        scores = critic(fake.again(z))
        (gradient,) = torch.autograd.grad(scores.sum(), z, create_graph=True)
        return gradient.square().sum(1).mean() / 2
