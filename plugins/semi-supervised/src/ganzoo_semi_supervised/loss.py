"""The semi-supervised loss (Salimans et al. 2016, arXiv:1606.03498, section 5)."""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor

import ganzoo
from ganzoo_semi_supervised.options import SemiSupervisedOptions

GOLDEN = 2654435761
"""2^32 divided by the golden ratio: spreads sums of pixels evenly (Knuth's multiplicative hash)."""


class SemiSupervised(ganzoo.Loss):
    """A classifier of K classes and a class of fakes, most of whose training images have no label.

        discriminator: -log p(y | x, real) of labelled images
                       - log p(real | x) - log p(fake | G(z))
        generator:     -log p(real | G(z))

    The logits are the K class logits, and the negated score for fakes. So the logit of p(real | x)
    is logsumexp(class logits) + score. The networks see no labels.
    """

    options: SemiSupervisedOptions

    def __init__(self, options: SemiSupervisedOptions | None = None) -> None:
        super().__init__(options or SemiSupervisedOptions())

    def demands(self) -> ganzoo.Demands:
        """A discriminator that predicts the class."""
        return ganzoo.Demands(outputs={"class_logits": ganzoo.Output("classes")})

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Real or not, and the class of those that have a label."""
        on_real, on_fake = critic.outputs(real), critic.outputs(fake)
        terms = {
            "real": F.softplus(-_real_logit(on_real)).mean(),
            "fake": F.softplus(_real_logit(on_fake)).mean(),
        }
        if real.labels is not None:
            entropy = F.cross_entropy(on_real["class_logits"], real.labels, reduction="none")
            kept = keeps_label(real.images, self.options.labelled)
            # By the expected number of labels, so that micro-batches have the batch's mean.
            supervised = (entropy * kept).mean() / self.options.labelled
            terms["class_real"] = self.options.class_weight * supervised
        return terms

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """-log p(real | G(z))."""
        term = F.softplus(-_real_logit(critic.outputs(fake))).mean()
        return {"adversarial": self.options.adversarial_weight * term}


def keeps_label(images: Tensor, share: float) -> Tensor:
    """Whether each image `(N, C, H, W)` is one of the share with labels: `(N,)`.

    Depends on the sum of an image's pixels alone: the same in every epoch, mirrored or not.
    """
    pixels = ((images.double() + 1) * 127.5).round().long()
    return pixels.flatten(1).sum(1) * GOLDEN % 2**32 < share * 2**32


def _real_logit(outputs: Mapping[str, Tensor]) -> Tensor:
    return outputs["class_logits"].logsumexp(1) + outputs["scores"]
