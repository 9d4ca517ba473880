"""The latent distribution of a generator, described for people and programs without ganzoo."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from ganzoo.interfaces.latent import Latent, NormalLatent, UniformLatent

DRAWS = 256
"""Latent vectors in `latents.npy`, for a distribution that only its plugin can draw."""


@dataclass(frozen=True)
class LatentCard:
    """A latent distribution in words and in code.

    Attributes:
        distribution: `"normal"`, `"uniform"`, or the class that draws it:
            `"acme_gan.latent:Laplace"`.
        length: of one vector.
        description: a sentence.
        numpy: an expression in `n` and the numpy generator `rng` that draws float32 `(n, length)`.
        torch: an expression in `n` that draws the same with torch.
        is_common: numpy and torch can draw it; if not, draws are in `latents.npy`.
    """

    distribution: str
    length: int
    description: str
    numpy: str
    torch: str
    is_common: bool = True


def describe_latent(latent: Latent) -> LatentCard:
    """Describe a latent distribution; a subclass of a common one is a distribution of its own."""
    d = latent.latent_dim

    # Normal.
    if type(latent) is NormalLatent:
        return LatentCard(
            "normal",
            d,
            "Independent standard normal numbers.",
            f"rng.standard_normal((n, {d}), dtype=np.float32)",
            f"torch.randn(n, {d})",
        )

    # Uniform.
    if type(latent) is UniformLatent:
        return LatentCard(
            "uniform",
            d,
            "Independent numbers, uniform on [-1, 1].",
            f"2 * rng.random((n, {d}), dtype=np.float32) - 1",
            f"2 * torch.rand(n, {d}) - 1",
        )

    # Of a plugin.
    kind = type(latent)
    name = f"{kind.__module__}:{kind.__qualname__}"
    summary = (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ").strip()
    return LatentCard(
        name,
        d,
        f"Drawn by `{name}`: {summary or 'it has no description.'} "
        f"{DRAWS} draws are in `latents.npy`.",
        'np.load("latents.npy")[:n]',
        'torch.from_numpy(np.load("latents.npy")[:n])',
        is_common=False,
    )
