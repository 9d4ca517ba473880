"""Latent: the distribution of a generator's input z, and interpolation in it."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from ganzoo.errors import UsageError


class Latent(ABC):
    """A distribution over `(N, latent_dim)`. An architecture owns one.

    Args:
        latent_dim: length of one latent vector, at least 1.

    Raises:
        UsageError: the length is below 1.
    """

    def __init__(self, latent_dim: int) -> None:
        if latent_dim < 1:
            raise UsageError(f"latent_dim must be at least 1, got {latent_dim}")
        self.latent_dim = latent_dim

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.latent_dim})"

    @abstractmethod
    def sample(
        self,
        n: int,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str = "cpu",
        truncation: float | None = None,
    ) -> Tensor:
        """Draw `(n, latent_dim)` in float32.

        Args:
            n: how many.
            generator: random number generator, on `device`; torch's default one if None.
            device: of the result.
            truncation: keep each coordinate within `[-truncation, truncation]` (Brock et al.
                2019, arXiv:1809.11096, section 3.1): more fidelity, less variety.

        Raises:
            UsageError: the truncation is not above 0.
        """

    def images(
        self,
        generator: nn.Module,
        z: Tensor,
        labels: Tensor | None = None,
        *,
        truncation: float | None = None,
    ) -> Tensor:
        """Images of a generator in evaluation mode; how sampling, evaluation and reports call it.

        A latent of a style-based generator overrides this to truncate w towards its mean, and
        ignores the truncation in `sample`.

        Args:
            generator: of the architecture.
            z: `(N, latent_dim)`.
            labels: `(N, …)` of a conditional generator: see `Batch.labels`.
            truncation: as in `sample`, which has applied it already by default.

        Returns:
            `(N, C, H, W)` in [-1, 1].
        """
        images: Tensor = generator(z) if labels is None else generator(z, labels)
        return images

    @abstractmethod
    def interpolate(self, start: Tensor, end: Tensor, t: float) -> Tensor:
        """Interpolate between `start` (t = 0) and `end` (t = 1), each `(..., latent_dim)`."""


class NormalLatent(Latent):
    """z ~ N(0, I), with spherical interpolation (White 2016, "Sampling Generative Networks")."""

    def sample(
        self,
        n: int,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str = "cpu",
        truncation: float | None = None,
    ) -> Tensor:
        """See `Latent.sample`; truncation draws from the normal distribution cut at it."""
        if truncation is None:
            return torch.randn(n, self.latent_dim, generator=generator, device=device)
        z = torch.empty(n, self.latent_dim, device=device)
        bound = _positive(truncation)
        return torch.nn.init.trunc_normal_(z, a=-bound, b=bound, generator=generator)

    def interpolate(self, start: Tensor, end: Tensor, t: float) -> Tensor:
        """Spherical interpolation of the direction, linear interpolation of the norm."""
        norms = start.norm(dim=-1, keepdim=True), end.norm(dim=-1, keepdim=True)
        start, end = start / norms[0], end / norms[1]
        angle = torch.acos((start * end).sum(-1, keepdim=True).clamp(-1 + 1e-6, 1 - 1e-6))
        direction = torch.sin((1 - t) * angle) * start + torch.sin(t * angle) * end
        return torch.lerp(*norms, t) * direction / torch.sin(angle)


class UniformLatent(Latent):
    """z ~ U[-1, 1] in each coordinate, as in the DCGAN paper, with linear interpolation."""

    def sample(
        self,
        n: int,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str = "cpu",
        truncation: float | None = None,
    ) -> Tensor:
        """See `Latent.sample`."""
        bound = 1.0 if truncation is None else min(1.0, _positive(truncation))
        z = torch.rand(n, self.latent_dim, generator=generator, device=device)
        return bound * (2 * z - 1)

    def interpolate(self, start: Tensor, end: Tensor, t: float) -> Tensor:
        """Linear interpolation: the cube is convex."""
        return torch.lerp(start, end, t)


def _positive(truncation: float) -> float:
    if not truncation > 0:
        raise UsageError(f"truncation must be above 0, got {truncation}; 0.5 to 2 is usual")
    return truncation
