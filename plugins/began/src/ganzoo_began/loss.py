"""The boundary equilibrium loss (Berthelot et al. 2017, arXiv:1703.10717, section 3.4)."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

import ganzoo
from ganzoo_began.options import EquilibriumOptions


class Equilibrium(ganzoo.Loss):
    """Holds the errors L = -score of an auto-encoder for fakes and real images in a ratio gamma.

        discriminator: L(x) - k L(G(z))
        generator:     L(G(z))
        then           k <- k + lambda_k (gamma L(x) - L(G(z))), within [0, 1]

    k starts at 0 and is saved with the run. It moves once for each update of the discriminator,
    with that update's fakes, by the means over all micro-batches and processes. The buffer may lie
    outside of [0, 1] by the last change; it is used within.

    A discriminator that is no auto-encoder has scores above 0 too, and would raise those of real
    images without end. It is warned of.
    """

    options: EquilibriumOptions
    k: Tensor
    of_real: Tensor
    """L(x) of the last update."""

    def __init__(self, options: EquilibriumOptions | None = None) -> None:
        super().__init__(options or EquilibriumOptions())
        self.register_buffer("k", torch.tensor(0.0))
        self.register_buffer("of_real", torch.tensor(0.0), persistent=False)
        self.warned = False

    def at(self, progress: ganzoo.Progress) -> None:
        """Warn of scores that are no errors; looked at in few steps, as that waits for a device."""
        power_of_two = progress.step & (progress.step - 1) == 0
        if not self.warned and power_of_two and self.of_real < 0:
            self.warned = True
            message = (
                f"the discriminator scores real images {-self.of_real:.3g}, above 0, so it is no "
                "auto-encoder. 'began' minimizes errors, which are minus the scores, and will "
                "diverge: train it with an architecture such as began or ebgan"
            )
            warnings.warn(ganzoo.GanzooWarning(message), stacklevel=2)

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """L(x) - k L(G(z)); moves k."""
        of_real, of_fake = -critic(real).mean(), -critic(fake).mean()
        k = self.k.clamp(0, 1)
        with torch.no_grad():
            balance = self.options.gamma * of_real - of_fake
            self.k.copy_(k + self.options.rate * balance)
            self.of_real.copy_(of_real)
        return {"real": of_real, "fake": -k * of_fake}

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """L(G(z))."""
        return {"adversarial": -critic(fake).mean()}
