"""Weight clipping (Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1)."""

from __future__ import annotations

from torch import nn

import ganzoo
from ganzoo_wgan.options import WeightClippingOptions


class WeightClipping(ganzoo.Constraint):
    """Clamps every trained parameter to [-bound, bound] after each update."""

    options: WeightClippingOptions

    def __init__(self, options: WeightClippingOptions | None = None) -> None:
        super().__init__(options or WeightClippingOptions())

    def after_update(self, network: nn.Module) -> None:
        """Clip, in place."""
        for parameter in network.parameters():
            if parameter.requires_grad:
                parameter.clamp_(-self.options.bound, self.options.bound)
