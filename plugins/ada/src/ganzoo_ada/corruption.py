"""The groups filter, noise and cutout."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo_ada.draws import Draws
from ganzoo_ada.wavelets import SYM2, bands

GAIN, NOISE = 1.0, 0.1
"""Standard deviations of the binary logarithm of gains, and of the strength of noise."""

HOLE = 0.5
"""Side of the cut out rectangle, in sides of the image."""

POWER = (10 / 13, 1 / 13, 1 / 13, 1 / 13)
"""Of the four frequency bands from low to high, as expected of an image."""


def random_gains(draws: Draws, multiplier: float) -> Tensor:
    """Gains `(N, 4)` of the frequency bands from low to high.

    Each band in turn gets a factor; then all are divided by the root of the power to be expected.
    """
    gains = torch.ones(len(draws.like), 4, dtype=draws.like.dtype, device=draws.like.device)
    for band, power in enumerate(POWER):
        factor = draws.some(draws.normal(GAIN), 0, draws.p * multiplier).exp2()
        gains[:, band] *= factor
        gains /= (power * factor.square() + 1 - power).sqrt()[:, None]
    return gains


class BandFilter(nn.Module):
    """Amplifies or damps four frequency bands, each by a factor of its own."""

    taps: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("taps", torch.tensor(SYM2), persistent=False)

    def forward(self, images: Tensor, gains: Tensor) -> Tensor:
        """Images filtered along both sides with gains `(N, 4)`."""
        taps = self.taps.to(images.dtype)
        rows, columns = (
            torch.einsum("nb,bij->nij", gains, bands(taps, size)) for size in images.shape[2:]
        )
        filtered: Tensor = rows[:, None] @ images @ columns[:, None].transpose(2, 3)
        return filtered


def noise(images: Tensor, draws: Draws, multiplier: float) -> Tensor:
    """Images with Gaussian noise, whose strength is drawn for each."""
    strength = draws.some(draws.normal(NOISE).abs(), 0, draws.p * multiplier)
    return images + strength.view(-1, 1, 1, 1) * torch.randn_like(images)


def cutout(images: Tensor, draws: Draws, multiplier: float) -> Tensor:
    """Images with a rectangle of half of each side set to zero, its centre anywhere."""
    height, width = images.shape[2:]
    side = draws.some(HOLE, 0, draws.p * multiplier)
    hole = _hole(draws, side, height)[:, :, None] & _hole(draws, side, width)[:, None, :]
    return images.masked_fill(hole[:, None], 0.0)


def _hole(draws: Draws, length: Tensor, size: int) -> Tensor:
    """Which positions along a side are cut out, `(N, size)`."""
    positions = (torch.arange(size, dtype=length.dtype, device=length.device) + 0.5) / size
    return (positions - draws.uniform()[:, None]).abs() < length[:, None] / 2
