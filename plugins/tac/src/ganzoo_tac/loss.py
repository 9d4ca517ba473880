"""The twin auxiliary classifier loss (TAC-GAN; Gong et al. 2019, arXiv:1907.02690)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

import ganzoo
from ganzoo_tac.options import TwinClassifierOptions


class TwinClassifier(ganzoo.Loss):
    """Hinge loss, a classifier C of real images and its twin C_mi of fakes.

        discriminator: CE(C(x), y) + CE(C_mi(G(z)), y)
        generator:     CE(C(G(z)), y) - CE(C_mi(G(z)), y)

    An auxiliary classifier alone draws the generator to images that are easy to classify, away
    from where classes overlap. The twin takes that bias away: the generator competes with it.
    """

    options: TwinClassifierOptions
    takes_patches = True

    def __init__(self, options: TwinClassifierOptions | None = None) -> None:
        super().__init__(options or TwinClassifierOptions())

    def demands(self) -> ganzoo.Demands:
        """A conditional generator; two classifiers on the discriminator's features."""
        logits = ganzoo.Output("classes")
        outputs = {"class_logits": logits, "twin_class_logits": logits}
        return ganzoo.Demands(labels=True, outputs=outputs)

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Hinge loss; C learns from real images, the twin from fakes."""
        on_real, on_fake = critic.outputs(real), critic.outputs(fake)
        class_term = F.cross_entropy(on_real["class_logits"], _labels(real))
        twin_term = F.cross_entropy(on_fake["twin_class_logits"], _labels(fake))
        return {
            "real": F.relu(1 - on_real["scores"]).mean(),
            "fake": F.relu(1 + on_fake["scores"]).mean(),
            "class_real": self.options.class_weight * class_term,
            "twin_fake": self.options.twin_weight * twin_term,
        }

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """-D(G(z)); fakes that C tells apart, and the twin does not."""
        on_fake = critic.outputs(fake)
        class_term = F.cross_entropy(on_fake["class_logits"], _labels(fake))
        twin_term = F.cross_entropy(on_fake["twin_class_logits"], _labels(fake))
        return {
            "adversarial": -on_fake["scores"].mean(),
            "class_fake": self.options.class_weight * class_term,
            "twin_fake": -self.options.twin_weight * twin_term,
        }


def _labels(batch: ganzoo.Batch) -> Tensor:
    assert batch.labels is not None, "the trainer gives labels to a loss that demands them"
    return batch.labels
