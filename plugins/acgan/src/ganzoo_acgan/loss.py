"""The auxiliary classifier loss (Odena et al. 2017, arXiv:1610.09585, equations 2 and 3)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

import ganzoo
from ganzoo_acgan.options import AuxiliaryClassifierOptions


class AuxiliaryClassifier(ganzoo.Loss):
    """L_S (real or fake) and L_C (which class): both networks maximize L_C.

    Modified, as in StudioGAN, L_S is the hinge loss and the discriminator's L_C is that of real
    images alone.
    """

    options: AuxiliaryClassifierOptions

    def __init__(self, options: AuxiliaryClassifierOptions | None = None) -> None:
        super().__init__(options or AuxiliaryClassifierOptions())

    def demands(self) -> ganzoo.Demands:
        """A conditional generator, and a discriminator that predicts the class."""
        return ganzoo.Demands(labels=True, outputs={"class_logits": ganzoo.Output("classes")})

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """-(L_S + L_C)."""
        on_real, on_fake = critic.outputs(real), critic.outputs(fake)
        bound = F.softplus if self.options.of == "bce" else _hinge
        terms = {
            "real": bound(-on_real["scores"]).mean(),
            "fake": bound(on_fake["scores"]).mean(),
            "class_real": self._class_term(on_real["class_logits"], real.labels),
        }
        if self.options.classify_fakes:
            terms["class_fake"] = self._class_term(on_fake["class_logits"], fake.labels)
        return terms

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """L_S (in its non-saturating form) - L_C."""
        on_fake = critic.outputs(fake)
        scores = on_fake["scores"]
        adversarial = F.softplus(-scores) if self.options.of == "bce" else -scores
        return {
            "adversarial": adversarial.mean(),
            "class_fake": self._class_term(on_fake["class_logits"], fake.labels),
        }

    def _class_term(self, logits: Tensor, labels: Tensor | None) -> Tensor:
        assert labels is not None, "the trainer gives labels to a loss that demands them"
        return self.options.class_weight * F.cross_entropy(logits, labels)


def _hinge(scores: Tensor) -> Tensor:
    return F.relu(1 + scores)
