"""The loss of Softmax GAN (Lin 2017, arXiv:1704.06191)."""

from __future__ import annotations

import torch
from torch import Tensor

import ganzoo


class Softmax(ganzoo.Loss):
    """Cross entropy of the softmax of all scores s of a batch, N real images and N fakes.

        discriminator: -mean_real s + log sum exp s    target: 1 / N on each real image
        generator:     -mean_all s + log sum exp s     target: 1 / 2N on each image

    The sum is over the 2N images of a micro-batch of one process. The minimum is log N for the
    discriminator and log 2N for the generator. Adding a number to all scores changes nothing.
    """

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """All probability on the real images."""
        on_real, on_fake = critic(real), critic(fake)
        return {"softmax": torch.cat([on_real, on_fake]).logsumexp(0) - on_real.mean()}

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """The same probability for every image, real or fake."""
        scores = torch.cat([critic(real), critic(fake)])
        return {"softmax": scores.logsumexp(0) - scores.mean()}
