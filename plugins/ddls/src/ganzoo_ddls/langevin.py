"""Discriminator driven latent sampling (DDLS; Che et al. 2020, arXiv:2003.06060, algorithm 1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

import ganzoo

Energy = Callable[[Tensor], Tensor]
"""z `(N, latent_dim)` to energies `(N,)`."""


def langevin(
    z: Tensor, energy: Energy, steps: int, step_size: float, noise: Callable[[], Tensor]
) -> Tensor:
    """Langevin dynamics: z <- z - epsilon / 2 grad E(z) + sqrt(epsilon) n with n ~ N(0, I).

    Args:
        z: `(N, latent_dim)`, the start.
        energy: minus the logarithm of the density to sample from, up to a constant.
        steps: how many.
        step_size: epsilon.
        noise: returns n, like z.
    """
    for _ in range(steps):
        z = z.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(energy(z).sum(), z)
        z = z.detach() - step_size / 2 * gradient + step_size**0.5 * noise()
    return z.detach()


def prior_energy(latent: ganzoo.Latent) -> Energy:
    """-log p(z) of a latent, up to a constant.

    Raises:
        Unsupported: the density of the latent is not known.
    """
    if isinstance(latent, ganzoo.NormalLatent):
        return lambda z: z.square().sum(1) / 2
    if isinstance(latent, ganzoo.UniformLatent):
        return lambda z: 0 * z.sum(1)
    raise ganzoo.Unsupported(
        f"DDLS needs the density of z, and that of {latent!r} is not known; it works with runs "
        "whose z is normal or uniform"
    )


@dataclass(frozen=True)
class DDLS:
    """Moves z from p(z) to p(z) exp(D(G(z))): a `ganzoo.Refiner`.

    D is the raw score of the discriminator. The samples are those of the data where D is
    log(p_data / p_G), as with the losses `bce` and `minimax` at their optimum.

    Args:
        latent: of the run; z is normal or uniform.
        steps: of the Langevin dynamics; with 0 it is ordinary sampling.
        step_size: epsilon.

    Raises:
        UsageError: the steps or their size are out of range.
        Unsupported: the density of z is not known.
    """

    latent: ganzoo.Latent = field(repr=False)
    steps: int = 1000
    step_size: float = 0.01

    def __post_init__(self) -> None:
        if self.steps < 0 or not self.step_size > 0:
            given = f"steps={self.steps}, step_size={self.step_size}"
            raise ganzoo.UsageError(
                f"DDLS needs 0 or more steps and a positive step size; got {given}"
            )
        prior_energy(self.latent)

    def __call__(
        self, critic: ganzoo.Critic, fake: ganzoo.Fakes, noise: Callable[[], Tensor]
    ) -> Tensor:
        """z `(N, latent_dim)` at the end of the dynamics."""
        prior = prior_energy(self.latent)
        into = folded if isinstance(self.latent, ganzoo.UniformLatent) else lambda z: z

        def energy(z: Tensor) -> Tensor:
            return prior(z) - critic(fake.again(z=into(z)))

        return into(langevin(fake.z, energy, self.steps, self.step_size, noise))


def refined(run: ganzoo.Run, *, steps: int = 1000, step_size: float = 0.01) -> ganzoo.Run:
    """The run with samples from p(z) exp(D(G(z))) instead of p(z).

        run = langevin.refined(ganzoo.Run("runs/first"), steps=100)
        run.sample(64), ganzoo.evaluate(run, n=1000)

    Args:
        run: whose z is normal or uniform.
        steps: see `DDLS`.
        step_size: see `DDLS`.

    Raises:
        UsageError: the steps or their size are out of range.
        Unsupported: the density of z is not known.
    """
    return run.refined(DDLS(run.latent, steps, step_size))


def folded(z: Tensor) -> Tensor:
    """Reflect at -1 and 1 until z lies within: the dynamics in a box with walls."""
    return ((z + 1) % 4 - 2).abs().neg() + 1
