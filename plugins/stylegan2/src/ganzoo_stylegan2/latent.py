"""The latent of StyleGAN2, which truncates w and not z."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

import ganzoo
from ganzoo_stylegan2.generator import Generator


class StyleLatent(ganzoo.NormalLatent):
    """z ~ N(0, I); images of w that is moved towards its mean, `w_avg + psi (w - w_avg)`.

    Args:
        latent_dim: length of z.
        cutoff: move w of the first layers only, this many; of all if None.
    """

    def __init__(self, latent_dim: int, cutoff: int | None = None) -> None:
        super().__init__(latent_dim)
        self.cutoff = cutoff

    def __repr__(self) -> str:
        return f"StyleLatent({self.latent_dim}, cutoff={self.cutoff})"

    def sample(
        self,
        n: int,
        *,
        generator: torch.Generator | None = None,
        device: torch.device | str = "cpu",
        truncation: float | None = None,
    ) -> Tensor:
        """See `ganzoo.Latent.sample`; truncation leaves z alone, see `images`."""
        return super().sample(n, generator=generator, device=device)

    def images(
        self,
        generator: nn.Module,
        z: Tensor,
        labels: Tensor | None = None,
        *,
        truncation: float | None = None,
    ) -> Tensor:
        """See `ganzoo.Latent.images`.

        Args:
            generator: of the architecture.
            z: `(N, latent_dim)`.
            labels: `(N, …)` of a conditional generator.
            truncation: psi; 0 gives the image of the mean w, 0.5 to 0.7 is usual for pictures. The
                mean is the running one of training, `w_avg` (Karras et al. 2019, appendix B).

        Raises:
            ganzoo.UsageError: the generator was never trained, so that it has no mean of w.
        """
        if truncation is None:
            return super().images(generator, z, labels)
        of_style = cast(Generator, generator)
        if not of_style.mapping.w_avg.any():
            raise ganzoo.UsageError(
                f"{ganzoo.setting('truncation', truncation)} moves w towards its mean, which is "
                "computed in training, and this generator was never trained; leave it out"
            )
        w: Tensor = of_style.mapping(z, labels)
        moved = torch.lerp(of_style.mapping.w_avg.to(w.dtype), w, truncation)
        count = w.shape[1] if self.cutoff is None else self.cutoff
        images: Tensor = of_style.synthesis(torch.cat([moved[:, :count], w[:, count:]], 1))
        return images
