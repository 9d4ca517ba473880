"""Random numbers of a batch: each image's own, and as many whatever p is."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Draws:
    """Draws one number for each image, and chooses the images that a transform applies to.

    Args:
        images: `(N, C, H, W)`; only their number, type and device matter.
        p: scalar, the probability of each transform.
    """

    def __init__(self, images: Tensor, p: Tensor) -> None:
        self.like = images.detach()[:, 0, 0, 0]
        self.p = p

    def uniform(self, low: float = 0.0, high: float = 1.0) -> Tensor:
        """`(N,)` from U(low, high)."""
        return low + (high - low) * torch.rand_like(self.like)

    def integer(self, count: int) -> Tensor:
        """`(N,)` from 0 to count - 1, equally often."""
        return self.uniform(0, count).floor()

    def normal(self, std: float) -> Tensor:
        """`(N,)` from N(0, std^2)."""
        return std * torch.randn_like(self.like)

    def some(self, values: Tensor | float, neutral: float, probability: Tensor) -> Tensor:
        """Values `(N,)` with a probability, else the neutral one."""
        chosen = self.uniform() < probability
        return torch.where(chosen, values, torch.full_like(self.like, neutral))

    def identity(self, size: int) -> Tensor:
        """`(N, size, size)`."""
        eye = torch.eye(size, dtype=self.like.dtype, device=self.like.device)
        return eye.expand(len(self.like), size, size)


def matrices(*rows: Sequence[Tensor | float]) -> Tensor:
    """`(N, R, C)` from rows of numbers and of tensors `(N,)`."""
    entries = [entry for row in rows for entry in row]
    like = next(entry for entry in entries if isinstance(entry, Tensor))
    filled = {e: torch.full_like(like, e) for e in entries if not isinstance(e, Tensor)}
    columns = [e if isinstance(e, Tensor) else filled[e] for e in entries]
    return torch.stack(columns, -1).view(len(like), len(rows), -1)
