"""The LeCam regularizer (Tseng et al. 2021, arXiv:2104.03310)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

import ganzoo
from ganzoo_lecam.options import LeCamOptions


class LeCam(ganzoo.Penalty):
    """E[relu(D(x) - a_fake)^2] + E[relu(a_real - D(G(z)))^2].

    a_real and a_fake are moving averages of the mean scores. So real images gain nothing by scores
    above the fakes' average, nor fakes by scores below the reals', which keeps the discriminator
    from overfitting few images. The paper's formula has no relu; its code has it.

    The averages are those before the update, where the authors' code takes those after it. In the
    first step, and while the weight is 0, they follow the scores without smoothing.
    """

    reuses_scores = True

    options: LeCamOptions
    average_real: Tensor
    average_fake: Tensor
    rate: Tensor

    def __init__(self, options: LeCamOptions | None = None) -> None:
        super().__init__(options or LeCamOptions())
        self.register_buffer("average_real", torch.tensor(0.0))
        self.register_buffer("average_fake", torch.tensor(0.0))
        self.register_buffer("rate", torch.tensor(1 - self.options.decay), persistent=False)

    def at(self, progress: ganzoo.Progress) -> None:
        """Follow the scores until the regularizer starts, then average them."""
        started = progress.step > 0 and ganzoo.value_at(self.weight, progress) > 0
        self.rate.fill_(1 - self.options.decay if started else 1.0)

    def penalty(self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch) -> Tensor:
        """Scalar; zero where no score lies beyond the other side's average."""
        on_real, on_fake = critic(real), critic(fake)
        value = (
            F.relu(on_real - self.average_fake).square().mean()
            + F.relu(self.average_real - on_fake).square().mean()
        )
        with torch.no_grad():
            self.average_real.lerp_(on_real.mean(), self.rate)
            self.average_fake.lerp_(on_fake.mean(), self.rate)
        return value
