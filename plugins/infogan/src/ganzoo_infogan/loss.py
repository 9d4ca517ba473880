"""The InfoGAN loss (Chen et al. 2016, arXiv:1606.03657)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

import ganzoo
from ganzoo_infogan.latent import CodedLatent
from ganzoo_infogan.options import InfoGANOptions


class InfoGAN(ganzoo.Loss):
    """min over G and Q, max over D: V(D, G) - lambda L_I(G, Q) (equation 6).

    The first entries of z are codes c. L_I = E[log Q(c|x)] + H(c) with x = G(c, z) is a lower bound
    of the mutual information of code and image (equation 5). Q is an output of the discriminator
    and shares its layers: logits for a categorical code, the mean of a normal distribution of unit
    variance for a continuous one. Both networks maximize L_I, on fakes; V is non-saturating.

    Raises:
        ganzoo.UsageError: the options leave no code.
    """

    options: InfoGANOptions
    takes_patches = True

    def __init__(self, options: InfoGANOptions | None = None) -> None:
        super().__init__(options or InfoGANOptions())
        if not self.code_dim:
            raise ganzoo.UsageError(
                "'infogan' needs a code: set `loss.categories` to the number of values of one or "
                "more categorical codes, such as [10], or `loss.continuous` to 1 or more"
            )

    @property
    def code_dim(self) -> int:
        """Entries of z that the codes take, one-hot for categories."""
        return sum(self.options.categories) + self.options.continuous

    def demands(self) -> ganzoo.Demands:
        """A prediction of the codes from the image."""
        return ganzoo.Demands(outputs={"code": ganzoo.Output(self.code_dim)})

    def settings(self) -> ganzoo.Settings:
        """Appendix C."""
        return {"optimizer": "adam", "generator_lr": 1e-3, "discriminator_lr": 2e-4}

    def latent(self, latent: ganzoo.Latent) -> CodedLatent:
        """Put the codes into the first entries of z."""
        return CodedLatent(latent, self.options.categories, self.options.continuous)

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Fakes
    ) -> dict[str, Tensor]:
        """-log D(x) - log(1 - D(G(z))) - lambda log Q(c|G(z))."""
        on_fake = critic.outputs(fake)
        return {
            "real": F.softplus(-critic(real)).mean(),
            "fake": F.softplus(on_fake["scores"]).mean(),
            **self._information(on_fake["code"], fake.z),
        }

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Fakes, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """-log D(G(z)) - lambda log Q(c|G(z))."""
        on_fake = critic.outputs(fake)
        return {
            "adversarial": F.softplus(-on_fake["scores"]).mean(),
            **self._information(on_fake["code"], fake.z),
        }

    def _information(self, predicted: Tensor, z: Tensor) -> dict[str, Tensor]:
        """-lambda log Q(c|x) of the codes in z, without constants."""
        categories, continuous = self.options.categories, self.options.continuous
        sizes = [*categories, continuous]
        *logits, means = torch.split(predicted, sizes, 1)
        *chosen, codes = torch.split(z[:, : self.code_dim], sizes, 1)
        terms = {}
        if categories:
            entropies = [F.cross_entropy(*pair) for pair in zip(logits, chosen, strict=True)]
            terms["categorical"] = self.options.weight * torch.stack(entropies).sum()
        if continuous:
            distance = (codes - means).square().sum(1).mean() / 2
            terms["continuous"] = self.options.continuous_weight * distance
        return terms
