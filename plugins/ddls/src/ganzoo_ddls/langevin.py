"""Discriminator driven latent sampling (DDLS; Che et al. 2020, arXiv:2003.06060, algorithm 1)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

import ganzoo

CHUNK = 64
"""Images generated at once, which bounds memory."""

Energy = Callable[[Tensor], Tensor]
"""z `(N, latent_dim)` to energies `(N,)`."""


def langevin(
    z: Tensor, energy: Energy, steps: int, step_size: float, *, generator: torch.Generator
) -> Tensor:
    """Langevin dynamics: z <- z - epsilon / 2 grad E(z) + sqrt(epsilon) n with n ~ N(0, I).

    Args:
        z: `(N, latent_dim)`, the start.
        energy: minus the logarithm of the density to sample from, up to a constant.
        steps: how many.
        step_size: epsilon.
        generator: of the noise, on the CPU.
    """
    for _ in range(steps):
        z = z.detach().requires_grad_()
        with torch.enable_grad():
            (gradient,) = torch.autograd.grad(energy(z).sum(), z)
        noise = torch.randn(z.shape, generator=generator, dtype=z.dtype).to(z.device)
        z = z.detach() - step_size / 2 * gradient + step_size**0.5 * noise
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


def sample(
    run: ganzoo.Run,
    n: int,
    *,
    steps: int = 1000,
    step_size: float = 0.01,
    seed: int = 0,
    labels: Tensor | int | None = None,
) -> Tensor:
    """Sample images of a run from p(z) exp(D(G(z))) instead of p(z).

    D is the raw score of the run's discriminator, in evaluation mode. The samples are those of the
    data where D is log(p_data / p_G), as with the losses `bce` and `minimax` at their optimum.

    Args:
        run: whose z is normal or uniform.
        n: number of images.
        steps: of the Langevin dynamics; with 0 it is ordinary sampling.
        step_size: epsilon.
        seed: random seed of z and of the noise.
        labels: as for `ganzoo.Run.sample`.

    Returns:
        float32 `(n, C, H, W)` in [-1, 1], on the CPU.

    Raises:
        UsageError: n, the steps, their size or a label is out of range.
        Unsupported: the density of z is not known.
    """
    # Networks and labels.
    if n < 1 or steps < 0 or not step_size > 0:
        given = f"n={n}, steps={steps}, step_size={step_size}"
        raise ganzoo.UsageError(
            f"DDLS needs at least 1 image, 0 or more steps and a positive step size; got {given}"
        )
    run.sampler.check_memory(n)
    prior, uniform = prior_energy(run.latent), isinstance(run.latent, ganzoo.UniformLatent)
    generator, critic = run.generator, ganzoo.critic(run.discriminator)
    chosen = run.sampler.labels(labels, n)
    device = next(generator.parameters()).device

    # Images in chunks, from one stream of random numbers.
    rng = torch.Generator().manual_seed(seed)
    images = []
    for start in range(0, n, CHUNK):
        z = run.latent.sample(min(CHUNK, n - start), generator=rng).to(device)
        own = None if chosen is None else chosen[start : start + len(z)]
        on_device = None if own is None else own.to(device)

        def energy(z: Tensor, y: Tensor | None = on_device) -> Tensor:
            inside = folded(z) if uniform else z
            fake = ganzoo.Batch(run.latent.images(generator, inside, y), y)
            return prior(z) - critic(fake)

        z = langevin(z, energy, steps, step_size, generator=rng)
        images.append(run.decode((folded(z) if uniform else z).cpu(), own))
    return torch.cat(images)


def folded(z: Tensor) -> Tensor:
    """Reflect at -1 and 1 until z lies within: the dynamics in a box with walls."""
    return ((z + 1) % 4 - 2).abs().neg() + 1
