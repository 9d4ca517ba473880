"""The zero-centered gradient penalties R1 and R2 (Mescheder et al. 2018, arXiv:1801.04406)."""

from __future__ import annotations

from torch import Tensor

import ganzoo
from ganzoo_r3gan.options import ZeroCenteredOptions


class _ZeroCentered(ganzoo.Penalty):
    tolerates_bfloat16 = True

    options: ZeroCenteredOptions

    def __init__(self, options: ZeroCenteredOptions | None = None) -> None:
        super().__init__(options or ZeroCenteredOptions())

    def demands(self) -> ganzoo.Demands:
        """No batch norm: each image's score must depend on that image alone."""
        return ganzoo.Demands(forbids_batch_statistics=True)

    def zero_at_gradient_norm(self) -> float:
        """Zero-centered: zero for a flat critic."""
        return 0.0


class R1(_ZeroCentered):
    """1/2 E[||grad D(x)||^2] at real images."""

    def penalty(self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch) -> Tensor:
        """Scalar; zero where the critic is flat on the data."""
        return half_squared_norm(ganzoo.image_gradient(critic, real))


class R2(_ZeroCentered):
    """1/2 E[||grad D(G(z))||^2] at fake images."""

    def penalty(self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch) -> Tensor:
        """Scalar; zero where the critic is flat on the fakes."""
        return half_squared_norm(ganzoo.image_gradient(critic, fake))


def half_squared_norm(gradient: Tensor) -> Tensor:
    """Half the squared norm over channels and pixels, averaged over the batch."""
    return 0.5 * gradient.square().sum((1, 2, 3)).mean()
