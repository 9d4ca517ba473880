"""Self-attention between the positions of a feature map."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SelfAttention2d(nn.Module):
    """Self-attention of SAGAN (Zhang et al. 2019, arXiv:1805.08318), `x + gamma * o`.

    Query, key and value are 1x1 convolutions of `x` without bias; keys and values are max-pooled
    to half the sides, as in the authors' code. `gamma` starts at 0, so the layer starts as the
    identity.

    Args:
        channels: of the feature map.
        reduction: query and key have `channels // reduction` channels, values half as many as the
            map; each at least 1.
    """

    def __init__(self, channels: int, reduction: int = 8) -> None:
        super().__init__()
        inner, values = max(1, channels // reduction), max(1, channels // 2)
        self.query = nn.Conv2d(channels, inner, 1, bias=False)
        self.key = nn.Conv2d(channels, inner, 1, bias=False)
        self.value = nn.Conv2d(channels, values, 1, bias=False)
        self.out = nn.Conv2d(values, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to the same shape; H and W are at least 2."""
        query = self.query(x).flatten(2)
        key = F.max_pool2d(self.key(x), 2).flatten(2)
        value = F.max_pool2d(self.value(x), 2).flatten(2)

        # softmax(query^T key) value by hand: the fused kernels cannot be differentiated twice.
        attention = (query.transpose(1, 2) @ key).softmax(-1)
        attended = (value @ attention.transpose(1, 2)).unflatten(2, x.shape[2:])
        out: Tensor = x + self.gamma * self.out(attended)
        return out
