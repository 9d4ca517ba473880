"""Relativistic average losses (Jolicoeur-Martineau 2019, arXiv:1807.00734, section 4)."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

import ganzoo
from ganzoo_ragan.options import RelativisticAverageOptions


def _least_squares(s: Tensor) -> Tensor:
    return (s - 1).square()


LOSSES: dict[str, Callable[[Tensor], Tensor]] = {
    "bce": lambda s: F.softplus(-s),
    "hinge": lambda s: F.relu(1 - s),
    "lsgan": _least_squares,
}
"""The loss f(s) of a score that should be high; f(-s) is that of one that should be low."""


class RelativisticAverage(ganzoo.Loss):
    """Scores relative to the mean score of the other side: is it more real than the average fake?

        discriminator: E f(D(x) - E D(G(z))) + E f(-(D(G(z)) - E D(x)))
        generator:     E f(D(G(z)) - E D(x)) + E f(-(D(x) - E D(G(z))))

    The means E are over a micro-batch of one process.
    """

    options: RelativisticAverageOptions

    def __init__(self, options: RelativisticAverageOptions | None = None) -> None:
        super().__init__(options or RelativisticAverageOptions())

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Real images above the average fake, fakes below the average real image."""
        above, below = self._terms(critic(real), critic(fake))
        return {"real": above, "fake": below}

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Fakes above the average real image, real images below the average fake."""
        above, below = self._terms(critic(fake), critic(real))
        return {"fake": above, "real": below}

    def _terms(self, high: Tensor, low: Tensor) -> tuple[Tensor, Tensor]:
        """The losses of scores that should be high, and of those that should be low."""
        loss = LOSSES[self.options.of]
        return loss(high - low.mean()).mean(), loss(high.mean() - low).mean()
