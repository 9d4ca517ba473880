"""The mode seeking regularizer of MSGAN (Mao et al. 2019, arXiv:1903.05628)."""

from __future__ import annotations

from torch import Tensor, nn

import ganzoo

EPSILON = 1e-5
"""Bounds the penalty where all images are equal."""


class ModeSeeking(ganzoo.GeneratorPenalty):
    """1 / (E|G(z_1) - G(z_2)| / E|z_1 - z_2| + epsilon): images must differ as their z do.

    As in the authors' code the paper's ratio, which is to be large, is inverted. z_2 is the z_1 of
    the next image of the micro-batch, with the condition of the first. E is over the micro-batch
    and over pixels or entries of z.
    """

    def penalty(
        self, generator: nn.Module, critic: ganzoo.Critic, fake: ganzoo.Fakes, real: ganzoo.Batch
    ) -> Tensor:
        """Scalar, above zero.

        Raises:
            UsageError: there is one image alone.
        """
        ganzoo.refuse_single(len(fake), "'mode-seeking' compares pairs of fakes")
        # An unconditional generator has made the images of the other z already.
        z = fake.z.roll(1, 0)
        same = fake.labels is None
        images = fake.images.roll(1, 0) if same else fake.again(z=z).images
        distance = (fake.images - images).abs().mean()
        return 1 / (distance / (fake.z - z).abs().mean() + EPSILON)
