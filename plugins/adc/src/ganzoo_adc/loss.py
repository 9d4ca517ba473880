"""The auxiliary discriminative classifier loss (ADC-GAN; Hou et al. 2022, arXiv:2107.10060)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

import ganzoo
from ganzoo_adc.options import DiscriminativeClassifierOptions


class DiscriminativeClassifier(ganzoo.Loss):
    """Hinge loss, and a classifier C of 2K classes: "real y" and "fake y" for each class y.

        discriminator: CE(C(x), real y) + CE(C(G(z)), fake y)
        generator:     CE(C(G(z)), real y) - CE(C(G(z)), fake y)

    So the classifier knows the generator's distribution, and the generator is drawn to each class's
    whole distribution and not only to what is easy to classify.
    """

    options: DiscriminativeClassifierOptions
    takes_patches = True

    def __init__(self, options: DiscriminativeClassifierOptions | None = None) -> None:
        super().__init__(options or DiscriminativeClassifierOptions())

    def demands(self) -> ganzoo.Demands:
        """A conditional generator; the 2K logits in two outputs of K."""
        logits = ganzoo.Output("classes")
        outputs = {"class_logits": logits, "fake_class_logits": logits}
        return ganzoo.Demands(labels=True, outputs=outputs)

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Hinge loss, and the cross entropy of the 2K classes."""
        on_real, on_fake = critic.outputs(real), critic.outputs(fake)
        weight = self.options.class_weight
        return {
            "real": F.relu(1 - on_real["scores"]).mean(),
            "fake": F.relu(1 + on_fake["scores"]).mean(),
            "class_real": weight * _cross_entropy(on_real, real.labels, fake=False),
            "class_fake": weight * _cross_entropy(on_fake, fake.labels, fake=True),
        }

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """-D(G(z)), and fakes that look like the real images of their class."""
        on_fake = critic.outputs(fake)
        as_real, as_fake = (_cross_entropy(on_fake, fake.labels, fake=f) for f in (False, True))
        return {
            "adversarial": -on_fake["scores"].mean(),
            "class_fake": self.options.class_weight * (as_real - as_fake),
        }


def _cross_entropy(outputs: Mapping[str, Tensor], labels: Tensor | None, *, fake: bool) -> Tensor:
    """Of the 2K logits, with the target "real y" or "fake y"."""
    assert labels is not None, "the trainer gives labels to a loss that demands them"
    real_logits, fake_logits = outputs["class_logits"], outputs["fake_class_logits"]
    target = labels + real_logits.shape[1] if fake else labels
    return F.cross_entropy(torch.cat([real_logits, fake_logits], 1), target)
