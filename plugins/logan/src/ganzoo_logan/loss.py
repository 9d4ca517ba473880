"""Latent optimization (LOGAN; Wu et al. 2019, arXiv:1912.00953)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

import ganzoo
from ganzoo_logan.options import LatentOptimizationOptions


class LatentOptimization(ganzoo.Loss):
    """Both networks learn from the fakes of z + dz, where dz is a natural gradient step.

        dz = alpha g / (||g||^2 + beta), g = grad_z D(G(z))

    The gradient of the loss goes through dz. The generator minimizes ||dz||^2 too. Each z is moved
    with the probability `share`, in samples too if `at_sampling`.
    """

    options: LatentOptimizationOptions

    def __init__(self, options: LatentOptimizationOptions | None = None) -> None:
        super().__init__(options or LatentOptimizationOptions())

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Fakes
    ) -> dict[str, Tensor]:
        """The loss of real images and of moved fakes."""
        moved, _ = self.moved(critic, fake)
        on_real, on_fake = critic(real), critic(moved)
        if self.options.of == "hinge":
            return {"real": F.relu(1 - on_real).mean(), "fake": F.relu(1 + on_fake).mean()}
        return {"real": F.softplus(-on_real).mean(), "fake": F.softplus(on_fake).mean()}

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Fakes, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """The loss of moved fakes, and the squared length of the steps."""
        moved, steps = self.moved(critic, fake)
        scores = critic(moved)
        adversarial = -scores if self.options.of == "hinge" else F.softplus(-scores)
        return {
            "adversarial": adversarial.mean(),
            "step": self.options.weight * steps.square().sum(1).mean(),
        }

    def moved(self, critic: ganzoo.Critic, fake: ganzoo.Fakes) -> tuple[ganzoo.Fakes, Tensor]:
        """The fakes of moved z, and the steps `(N, latent_dim)`."""
        chosen = torch.rand_like(fake.z[:, :1]) < self.options.share
        steps = chosen * self.steps(critic, fake, create_graph=True)
        return fake.again(z=fake.z.detach() + steps), steps

    def steps(
        self, critic: ganzoo.Critic, fake: ganzoo.Fakes, *, create_graph: bool = False
    ) -> Tensor:
        """The natural gradient step `(N, latent_dim)` of each z."""
        z = fake.z.detach().requires_grad_()
        scores = critic(fake.again(z=z))
        (gradient,) = torch.autograd.grad(scores.sum(), z, create_graph=create_graph)
        length = gradient.square().sum(1, keepdim=True)
        return self.options.step * gradient / (length + self.options.damping)

    def refiner(self) -> ganzoo.Refiner | None:
        """Moves z as in training."""
        return self.refined if self.options.at_sampling else None

    def refined(
        self, critic: ganzoo.Critic, fake: ganzoo.Fakes, noise: Callable[[], Tensor]
    ) -> Tensor:
        """z of samples: each moved with the probability `share`."""
        uniform: Tensor = torch.special.ndtr(noise()[:, :1])
        return fake.z + (uniform < self.options.share) * self.steps(critic, fake)
