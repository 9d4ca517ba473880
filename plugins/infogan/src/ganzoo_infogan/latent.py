"""The latent of InfoGAN: z = (categorical codes, continuous codes, noise)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import ganzoo


class CodedLatent(ganzoo.Latent):
    """One-hot categorical codes, then codes uniform on [-1, 1], then the noise of another latent.

    Args:
        noise: the architecture's latent; its first entries give way to the codes.
        categories: values of each categorical code.
        continuous: number of continuous codes.

    Raises:
        UsageError: no entry is left for noise.
    """

    def __init__(self, noise: ganzoo.Latent, categories: tuple[int, ...], continuous: int) -> None:
        super().__init__(noise.latent_dim)
        self.noise = noise
        self.categories = categories
        self.continuous = continuous
        self.code_dim = sum(categories) + continuous
        if self.code_dim >= self.latent_dim:
            raise ganzoo.UsageError(
                f"the codes of 'infogan' take {self.code_dim} entries of z (categories "
                f"{list(categories)}, {continuous} continuous), and the architecture's latent_dim "
                f"is {self.latent_dim}: set `arch.latent_dim` to {self.code_dim + 1} or more (the "
                f"paper has 62 entries of noise), or use fewer codes"
            )

    def __repr__(self) -> str:
        codes = f"categories={self.categories}, continuous={self.continuous}"
        return f"CodedLatent({self.noise!r}, {codes})"

    def sample(
        self,
        n: int,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str = "cpu",
        truncation: float | None = None,
    ) -> Tensor:
        """See `ganzoo.Latent.sample`; categories are not truncated."""
        noise = self.noise.sample(n, generator=generator, device=device, truncation=truncation)
        codes = []
        for values in self.categories:
            category = torch.randint(values, (n,), generator=generator, device=device)
            codes.append(F.one_hot(category, values).to(noise.dtype))
        bound = 1.0 if truncation is None else min(1.0, truncation)
        uniform = torch.rand(n, self.continuous, generator=generator, device=device)
        return torch.cat([*codes, bound * (2 * uniform - 1), noise[:, self.code_dim :]], 1)

    def images(
        self,
        generator: nn.Module,
        z: Tensor,
        labels: Tensor | None = None,
        *,
        truncation: float | None = None,
    ) -> Tensor:
        """See `ganzoo.Latent.images`: those of the architecture's latent."""
        return self.noise.images(generator, z, labels, truncation=truncation)

    def interpolate(self, start: Tensor, end: Tensor, t: float) -> Tensor:
        """Noise as the architecture's latent does, continuous codes linearly; categories jump.

        A mixture of two categories never occurs in training: the start's last until t = 0.5.
        """
        choices, codes = sum(self.categories), slice(0, self.code_dim)
        point = self.noise.interpolate(self._without_codes(start), self._without_codes(end), t)
        mixed = torch.lerp(start[..., codes], end[..., codes], t)
        category = (start if t < 0.5 else end)[..., :choices]
        return torch.cat([category, mixed[..., choices:], point[..., self.code_dim :]], -1)

    def _without_codes(self, z: Tensor) -> Tensor:
        """z with zeros for the codes."""
        return F.pad(z[..., self.code_dim :], (self.code_dim, 0))
