"""The latent distribution: independent Laplace coordinates, most of them small, a few bright."""

from __future__ import annotations

import math

import torch
from torch import Tensor

import ganzoo

LARGEST = 16.0
"""Of |z|; float32 draws of the uniform distribution end about there anyway."""


class LaplaceLatent(ganzoo.Latent):
    """Each coordinate of z has the density exp(-|z|) / 2.

    Drawn by the inverse of its distribution function: z = -sign(u) log(1 - 2|u|) for u uniform on
    [-1/2, 1/2]. Truncation shortens the interval u is drawn from, which is exact.
    """

    def sample(
        self,
        n: int,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str = "cpu",
        truncation: float | None = None,
    ) -> Tensor:
        """See `ganzoo.Latent.sample`."""
        if truncation is not None and not truncation > 0:
            raise ganzoo.UsageError(f"truncation must be above 0, got {truncation}")
        bound = LARGEST if truncation is None else min(truncation, LARGEST)
        u = torch.rand(n, self.latent_dim, generator=generator, device=device) - 0.5
        mass = -math.expm1(-bound)  # P(|z| <= bound)
        return (-u.sign() * torch.log1p(-2 * mass * u.abs())).clamp(-bound, bound)

    def interpolate(self, start: Tensor, end: Tensor, t: float) -> Tensor:
        """A great circle between what the two points would be as normal variables.

        A straight line would pass through points with too little in every coordinate. The normal
        scores w = Phi^-1(F(z)) walk along a circle, and go back by the inverse map.
        """
        a, b = to_normal(start), to_normal(end)
        cosine = (a * b).sum(-1, keepdim=True) / (a.norm(dim=-1) * b.norm(dim=-1)).unsqueeze(-1)
        angle = torch.acos(cosine.clamp(-1 + 1e-9, 1 - 1e-9))
        w = (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)
        return from_normal(w).to(start.dtype)


def to_normal(z: Tensor) -> Tensor:
    """Laplace to standard normal, coordinate by coordinate, in float64."""
    tail = torch.exp(-z.double().abs()) / 2  # P(Z > |z|)
    scores: Tensor = -z.sign() * torch.special.ndtri(tail)
    return scores


def from_normal(w: Tensor) -> Tensor:
    """The inverse of `to_normal`."""
    tail = torch.special.erfc(w.abs() / math.sqrt(2))  # 2 P(W > |w|)
    return -w.sign() * torch.log(tail)
