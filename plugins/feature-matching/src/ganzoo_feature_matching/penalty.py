"""Feature matching (Salimans et al. 2016, arXiv:1606.03498, section 3.1)."""

from __future__ import annotations

from torch import Tensor, nn

import ganzoo
from ganzoo_feature_matching.options import FeatureMatchingOptions


class FeatureMatching(ganzoo.GeneratorPenalty):
    """||E f(x) - E f(G(z))||^2, with f the features of the discriminator's last layer.

    The means are over a micro-batch of one process, and it is not linear in them: the fewer images,
    the more their noise counts.
    """

    options: FeatureMatchingOptions

    def __init__(self, options: FeatureMatchingOptions | None = None) -> None:
        super().__init__(options or FeatureMatchingOptions())

    def demands(self) -> ganzoo.Demands:
        """The discriminator's features, of any shape."""
        return ganzoo.Demands(outputs={"features": ganzoo.Output("any")})

    def penalty(
        self, generator: nn.Module, critic: ganzoo.Critic, fake: ganzoo.Fakes, real: ganzoo.Batch
    ) -> Tensor:
        """Scalar; zero where real and fake images have the same mean features."""
        of_real, of_fake = (critic.outputs(batch)["features"].mean(0) for batch in (real, fake))
        difference = of_real - of_fake
        return difference.abs().sum() if self.options.norm == "l1" else difference.square().sum()
