"""What a generator's input is, told to a program and to a person that have no ganzoo."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from ganzoo.interfaces.latent import Latent, NormalLatent, UniformLatent

DRAWS = 256
"""Vectors that go along where no library draws them."""


@dataclass(frozen=True)
class LatentCard:
    """A latent distribution in words and in code.

    Attributes:
        distribution: one word, or the class that draws it: `"normal"`, `"uniform"`,
            `"acme_gan.latent:Laplace"`.
        length: of one vector.
        words: a sentence.
        numpy: an expression for `(n, length)` of float32, with `n` and `rng`, a numpy generator.
        torch: the same in torch, with `n`.
        is_common: whether every library draws it; where not, draws go along in `latents.npy`.
    """

    distribution: str
    length: int
    words: str
    numpy: str
    torch: str
    is_common: bool = True


def describe_latent(latent: Latent) -> LatentCard:
    """The card of a latent distribution; a subclass of a common one is its own."""
    d = latent.latent_dim
    if type(latent) is NormalLatent:
        return LatentCard(
            "normal",
            d,
            "Independent standard normal numbers.",
            f"rng.standard_normal((n, {d}), dtype=np.float32)",
            f"torch.randn(n, {d})",
        )
    if type(latent) is UniformLatent:
        return LatentCard(
            "uniform",
            d,
            "Independent numbers, uniform on [-1, 1].",
            f"2 * rng.random((n, {d}), dtype=np.float32) - 1",
            f"2 * torch.rand(n, {d}) - 1",
        )
    kind = type(latent)
    told = (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ").strip()
    return LatentCard(
        f"{kind.__module__}:{kind.__qualname__}",
        d,
        f"Drawn by `{kind.__module__}:{kind.__qualname__}`: {told or 'it says nothing of itself.'} "
        f"{DRAWS} draws are in `latents.npy`.",
        'np.load("latents.npy")[:n]',
        'torch.from_numpy(np.load("latents.npy")[:n])',
        is_common=False,
    )
