"""The loss of ContraGAN (Kang & Park 2020, arXiv:2006.12681): hinge loss and 2C loss."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

import ganzoo
from ganzoo_contragan.options import ContrastiveOptions


class Contrastive(ganzoo.Loss):
    """Hinge loss and the conditional contrastive (2C) loss.

    The discriminator gives each image an embedding e_i, and each class a learned proxy p. The 2C
    loss pulls e_i to the proxy of its class and to the images of its class, and pushes it from all
    other images. The discriminator minimizes it on real images, the generator on fakes. The score
    uses no label.

    Images are compared within a micro-batch of one process. So gradient accumulation and several
    processes give fewer pairs. One image at a time, whose 2C loss is 0, is refused.
    """

    options: ContrastiveOptions
    takes_patches = True

    def __init__(self, options: ContrastiveOptions | None = None) -> None:
        super().__init__(options or ContrastiveOptions())

    def demands(self) -> ganzoo.Demands:
        """A conditional generator; an embedding of each image and a proxy of each class."""
        d = self.options.embedding_dim
        outputs = {"embedding": ganzoo.Output(d), "proxy": ganzoo.Output(d, of="label")}
        return ganzoo.Demands(labels=True, outputs=outputs)

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Hinge loss, and 2C on real images."""
        on_real = critic.outputs(real)
        return {
            "real": F.relu(1 - on_real["scores"]).mean(),
            "fake": F.relu(1 + critic(fake)).mean(),
            "contrastive": self._contrastive(on_real["embedding"], on_real["proxy"], real.labels),
        }

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """-D(G(z)), and 2C on fakes."""
        on_fake = critic.outputs(fake)
        return {
            "adversarial": -on_fake["scores"].mean(),
            "contrastive": self._contrastive(on_fake["embedding"], on_fake["proxy"], fake.labels),
        }

    def _contrastive(self, embedding: Tensor, proxy: Tensor, labels: Tensor | None) -> Tensor:
        assert labels is not None, "the trainer gives labels to a loss that demands them"
        if self.options.weight:
            ganzoo.refuse_single(len(embedding), "'contragan' compares the images of a batch")
        value = contrastive_loss(embedding, proxy, labels, self.options.temperature)
        return self.options.weight * value


def contrastive_loss(
    embedding: Tensor, proxy: Tensor, labels: Tensor, temperature: float
) -> Tensor:
    """The 2C loss: the mean over i of -log(positives / all), of unit vectors e and p.

        positives = exp(e_i p_{y_i} / t) + sum_{k != i, y_k = y_i} exp(e_i e_k / t)
        all       = exp(e_i p_{y_i} / t) + sum_{k != i} exp(e_i e_k / t)

    Args:
        embedding: `(N, D)`, of images.
        proxy: `(N, D)`, of the images' classes.
        labels: `(N,)`.
        temperature: t.
    """
    e, p = F.normalize(embedding), F.normalize(proxy)

    # Similarities of images; an image's own place is free for that with its proxy.
    similarity = (e @ e.T).diagonal_scatter((e * p).sum(1)) / temperature
    positives = similarity.masked_fill(labels[:, None] != labels, float("-inf"))
    return (similarity.logsumexp(1) - positives.logsumexp(1)).mean()
