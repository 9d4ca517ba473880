"""The latent distribution: independent Laplace coordinates."""

from __future__ import annotations

import math

import torch
from torch import Tensor

import ganzoo

LARGEST = 16.0
"""Largest |z|; uniform draws in float32 reach no further."""


class LaplaceLatent(ganzoo.Latent):
    """Each coordinate of z has the density exp(-|z|) / 2.

    Inverse transform sampling: z = -sign(u) log(1 - 2|u|) for u uniform on [-1/2, 1/2]. Truncation
    shortens the interval of u, which samples the truncated distribution exactly.
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
        """Spherical interpolation of the normal scores of both points.

        Linear interpolation passes through points that are too small in every coordinate. The
        normal scores w = Phi^-1(F(z)) are interpolated along a great circle and mapped back.
        """
        a, b = to_normal(start), to_normal(end)
        cosine = (a * b).sum(-1, keepdim=True) / (a.norm(dim=-1) * b.norm(dim=-1)).unsqueeze(-1)
        angle = torch.acos(cosine.clamp(-1 + 1e-9, 1 - 1e-9))
        w = (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)
        return from_normal(w).to(start.dtype)


def to_normal(z: Tensor) -> Tensor:
    """Map Laplace to standard normal coordinates, in float64."""
    tail = torch.exp(-z.double().abs()) / 2  # P(Z > |z|)
    scores: Tensor = -z.sign() * torch.special.ndtri(tail)
    return scores


def from_normal(w: Tensor) -> Tensor:
    """The inverse of `to_normal`."""
    tail = torch.special.erfc(w.abs() / math.sqrt(2))  # 2 P(W > |w|)
    return -w.sign() * torch.log(tail)
