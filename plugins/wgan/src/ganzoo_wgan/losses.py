"""The Wasserstein losses (Arjovsky et al. 2017, Gulrajani et al. 2017, Wu et al. 2018)."""

from __future__ import annotations

from torch import Tensor

import ganzoo
from ganzoo_wgan.options import WassersteinOptions


class _Distance(ganzoo.Loss):
    """The critic maximizes E[D(x)] - E[D(G(z))], the generator minimizes it."""

    takes_patches = True

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """-D(x) + D(G(z)): the negative of the estimated distance."""
        return {"real": -critic(real).mean(), "fake": critic(fake).mean()}

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """-D(G(z))."""
        return {"adversarial": -critic(fake).mean()}


class Wasserstein(_Distance):
    """Algorithm 1 of arXiv:1701.07875: weight clipping keeps the critic Lipschitz."""

    options: WassersteinOptions

    def __init__(self, options: WassersteinOptions | None = None) -> None:
        super().__init__(options or WassersteinOptions())

    def settings(self) -> ganzoo.Settings:
        """RMSprop without momentum, learning rate 5e-5, five critic updates per step."""
        return {
            "optimizer": "rmsprop",
            "generator_lr": 5e-5,
            "discriminator_lr": 5e-5,
            "betas": (0.0, 0.99),
            "n_critic": 5,
        }

    def default_constraints(self) -> dict[str, dict[str, object]]:
        """Clip every weight of the critic (line 7 of the algorithm)."""
        return {"weight-clipping": {"bound": self.options.clip}}


class WassersteinGP(_Distance):
    """Algorithm 1 of arXiv:1704.00028: a gradient penalty replaces weight clipping."""

    def settings(self) -> ganzoo.Settings:
        """Adam with betas (0, 0.9) and two time scales, one critic update per step.

        So Heusel et al. 2017 (arXiv:1706.08500) train it. In the same time it makes much better
        images than the paper's five critic updates with one learning rate of 1e-4, which the
        recipe `wgan-gp` has.
        """
        return {
            "optimizer": "adam",
            "generator_lr": 2e-4,
            "discriminator_lr": 4e-4,
            "betas": (0.0, 0.9),
            "n_critic": 1,
        }

    def default_penalties(self) -> dict[str, dict[str, object]]:
        """Lambda = 10."""
        return {"gradient-penalty": {"weight": 10.0}}


class WassersteinDiv(_Distance):
    """The Wasserstein divergence of arXiv:1712.01026: a penalty in place of a Lipschitz critic."""

    def settings(self) -> ganzoo.Settings:
        """Adam with learning rate 2e-4 and betas (0.5, 0.999), five critic updates per step."""
        return {
            "optimizer": "adam",
            "generator_lr": 2e-4,
            "discriminator_lr": 2e-4,
            "betas": (0.5, 0.999),
            "n_critic": 5,
        }

    def default_penalties(self) -> dict[str, dict[str, object]]:
        """k = 2, p = 6."""
        return {"wgan-div": {"weight": 2.0, "power": 6.0}}
