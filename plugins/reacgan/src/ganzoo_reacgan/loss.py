"""The loss of ReACGAN (Kang et al. 2021, arXiv:2111.01118): hinge loss and D2D-CE."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

import ganzoo
from ganzoo_reacgan.options import DataToDataOptions


class DataToData(ganzoo.Loss):
    """Hinge loss and the data-to-data cross-entropy (D2D-CE) loss.

    The discriminator gives each image an embedding e_i, and each class a learned proxy p. D2D-CE
    pulls e_i to the proxy of its class and pushes it from the images of other classes. Pairs beyond
    the margins give no gradient. The discriminator minimizes it on real images, the generator on
    fakes. The score uses no label.

    Images are compared within a micro-batch of one process. So gradient accumulation and several
    processes give fewer negatives; without images of another class D2D-CE is 0. One image at a time
    is refused.
    """

    options: DataToDataOptions
    takes_patches = True

    def __init__(self, options: DataToDataOptions | None = None) -> None:
        super().__init__(options or DataToDataOptions())

    def demands(self) -> ganzoo.Demands:
        """A conditional generator; an embedding of each image and a proxy of each class."""
        d = self.options.embedding_dim
        outputs = {"embedding": ganzoo.Output(d), "proxy": ganzoo.Output(d, of="label")}
        return ganzoo.Demands(labels=True, outputs=outputs)

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Hinge loss, and D2D-CE on real images."""
        on_real = critic.outputs(real)
        return {
            "real": F.relu(1 - on_real["scores"]).mean(),
            "fake": F.relu(1 + critic(fake)).mean(),
            "class_real": self._class_term(on_real["embedding"], on_real["proxy"], real.labels),
        }

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """-D(G(z)), and D2D-CE on fakes."""
        on_fake = critic.outputs(fake)
        return {
            "adversarial": -on_fake["scores"].mean(),
            "class_fake": self._class_term(on_fake["embedding"], on_fake["proxy"], fake.labels),
        }

    def _class_term(self, embedding: Tensor, proxy: Tensor, labels: Tensor | None) -> Tensor:
        assert labels is not None, "the trainer gives labels to a loss that demands them"
        if self.options.weight:
            ganzoo.refuse_single(len(embedding), "'reacgan' compares the images of a batch")
        options = self.options
        value = data_to_data_loss(embedding, proxy, labels, options.temperature, options.margin)
        return options.weight * value


def data_to_data_loss(
    embedding: Tensor, proxy: Tensor, labels: Tensor, temperature: float, margin: float
) -> Tensor:
    """D2D-CE: the mean over i of -log(exp(a_i) / (exp(a_i) + sum_{y_k != y_i} exp(b_ik))).

        a_i  = min(0, e_i p_{y_i} - m_p) / t
        b_ik = max(0, e_i e_k - m_n) / t

    of unit vectors e and p, with the margins m_p and m_n = 1 - m_p.

    Args:
        embedding: `(N, D)`, of images.
        proxy: `(N, D)`, of the images' classes.
        labels: `(N,)`.
        temperature: t.
        margin: m_p.
    """
    e, p = F.normalize(embedding), F.normalize(proxy)
    positive = -F.relu(margin - (e * p).sum(1)) / temperature
    negatives = F.relu(e @ e.T - (1 - margin)) / temperature

    # Images of other classes; an image's own place is free for its positive.
    negatives = negatives.masked_fill(labels[:, None] == labels, float("-inf"))
    return (negatives.diagonal_scatter(positive).logsumexp(1) - positive).mean()
