"""The pulling-away term (Zhao et al. 2017, arXiv:1609.03126, equation 4)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

import ganzoo
from ganzoo_ebgan.options import PullingAwayOptions


class PullingAway(ganzoo.GeneratorPenalty):
    """1 / (N (N - 1)) sum_{i != j} cos^2(s_i, s_j), s_i the discriminator's features of a fake.

    It keeps fakes from being alike. N are the images of a micro-batch of one process.
    """

    options: PullingAwayOptions

    def __init__(self, options: PullingAwayOptions | None = None) -> None:
        super().__init__(options or PullingAwayOptions())

    def demands(self) -> ganzoo.Demands:
        """The discriminator's features: the code of an auto-encoder."""
        return ganzoo.Demands(outputs={"features": ganzoo.Output("any")})

    def penalty(
        self, generator: nn.Module, critic: ganzoo.Critic, fake: ganzoo.Fakes, real: ganzoo.Batch
    ) -> Tensor:
        """Scalar; 0 where all features are orthogonal, 1 where all are parallel.

        Raises:
            UsageError: there is one image alone.
        """
        n = len(fake)
        ganzoo.refuse_single(n, "'pulling-away' compares pairs of fakes")
        s = F.normalize(critic.outputs(fake)["features"].flatten(1))
        cosines = s @ s.T
        return (cosines.square().sum() - cosines.diagonal().square().sum()) / (n * (n - 1))
