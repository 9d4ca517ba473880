"""The multi-hinge loss of MHGAN (Kavalerov et al. 2019, arXiv:1912.04216)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

import ganzoo
from ganzoo_multi_hinge.options import MultiHingeOptions


class MultiHinge(ganzoo.Loss):
    """The hinge loss of Crammer & Singer over K + 1 classes, of which the last is "fake".

        discriminator: relu(1 + max_{j != y} f_j(x) - f_y(x)), with y = K for fakes
        generator:     1 + max_{j != y} f_j(G(z)) - f_y(G(z)), and feature matching

    f_0 to f_{K-1} are class logits, and f_K is the negated score.
    """

    options: MultiHingeOptions

    def __init__(self, options: MultiHingeOptions | None = None) -> None:
        super().__init__(options or MultiHingeOptions())

    def demands(self) -> ganzoo.Demands:
        """A conditional generator; class logits, and features where they are matched."""
        outputs = {"class_logits": ganzoo.Output("classes")}
        if self.options.feature_weight:
            outputs["features"] = ganzoo.Output("any")
        return ganzoo.Demands(labels=True, outputs=outputs)

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Real images belong to their class, fakes to the class K."""
        on_real, on_fake = (_all_logits(critic.outputs(batch)) for batch in (real, fake))
        assert real.labels is not None, "the trainer gives labels to a loss that demands them"
        fake_class = torch.full_like(real.labels, on_fake.shape[1] - 1)
        return {
            "real": F.relu(margin_violation(on_real, real.labels)).mean(),
            "fake": F.relu(margin_violation(on_fake, fake_class)).mean(),
        }

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Fakes belong to their class, and have the mean features of real images."""
        assert fake.labels is not None, "the trainer gives labels to a loss that demands them"
        on_fake = critic.outputs(fake)
        violation = margin_violation(_all_logits(on_fake), fake.labels).mean()
        terms = {"adversarial": self.options.adversarial_weight * violation}
        if self.options.feature_weight:
            on_real = critic.outputs(real)
            difference = on_fake["features"].mean(0) - on_real["features"].mean(0)
            terms["features"] = self.options.feature_weight * difference.abs().mean()
        return terms


def margin_violation(logits: Tensor, labels: Tensor) -> Tensor:
    """1 + max_{j != y} f_j - f_y for each row of logits `(N, K + 1)` and label y: `(N,)`."""
    own = labels[:, None]
    others = logits.scatter(1, own, float("-inf")).amax(1)
    return 1 + others - logits.gather(1, own)[:, 0]


def _all_logits(outputs: Mapping[str, Tensor]) -> Tensor:
    return torch.cat([outputs["class_logits"], -outputs["scores"][:, None]], 1)
