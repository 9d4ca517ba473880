"""The self-supervision of FastGAN's discriminator (Liu et al. 2021, equation 2)."""

from __future__ import annotations

from torch import Tensor

import ganzoo
from ganzoo_fastgan.options import ReconstructionOptions


class Reconstruction(ganzoo.Penalty):
    """E ||decode(f) - T(x)|| on real images, summed over the decoders.

    f are maps of the discriminator, and T(x) the augmented image that it sees. The norm is the mean
    over pixels of the square or the absolute value, where the paper has the perceptual distance
    LPIPS, which needs a pretrained VGG.
    """

    reuses_scores = True

    options: ReconstructionOptions

    def __init__(self, options: ReconstructionOptions | None = None) -> None:
        super().__init__(options or ReconstructionOptions())

    def demands(self) -> ganzoo.Demands:
        """What decoders rebuild minus what they should: `(N, decoders, …)`."""
        return ganzoo.Demands(outputs={"reconstruction": ganzoo.Output("own")})

    def penalty(self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch) -> Tensor:
        """Scalar; zero where every decoder rebuilds its images exactly."""
        differences = critic.outputs(real)["reconstruction"]
        errors = differences.abs() if self.options.norm == "l1" else differences.square()
        return errors.reshape(*errors.shape[:2], -1).mean((0, 2)).sum()
