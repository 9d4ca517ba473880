"""Normalization whose gain and bias depend on a class or a vector."""

from __future__ import annotations

from torch import Tensor, nn


class ClassBatchNorm2d(nn.Module):
    """Conditional batch norm (Dumoulin et al. 2017, arXiv:1610.07629): gain and bias by class.

    Args:
        channels: of the feature map.
        num_classes: of the labels. Gains start at 1, biases at 0.
        eps: see `torch.nn.BatchNorm2d`.
        momentum: see `torch.nn.BatchNorm2d`.
    """

    def __init__(
        self, channels: int, num_classes: int, *, eps: float = 1e-5, momentum: float = 0.1
    ) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, eps=eps, momentum=momentum, affine=False)
        self.gain = nn.Embedding(num_classes, channels)
        self.bias = nn.Embedding(num_classes, channels)
        nn.init.ones_(self.gain.weight)
        nn.init.zeros_(self.bias.weight)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """Feature maps `(N, C, H, W)` to the same shape; labels are int64 `(N,)`."""
        gain, bias = self.gain(labels), self.bias(labels)
        out: Tensor = gain[..., None, None] * self.norm(x) + bias[..., None, None]
        return out


class ConditionalBatchNorm2d(nn.Module):
    """Batch norm with gain `1 + W c` and bias `V c` of a vector c (BigGAN, arXiv:1809.11096).

    c is a shared class embedding joined with a chunk of z. W and V have no bias of their own.

    Args:
        channels: of the feature map.
        features: length of c.
        eps: see `torch.nn.BatchNorm2d`.
        momentum: see `torch.nn.BatchNorm2d`.
    """

    def __init__(
        self, channels: int, features: int, *, eps: float = 1e-5, momentum: float = 0.1
    ) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, eps=eps, momentum=momentum, affine=False)
        self.gain = nn.Linear(features, channels, bias=False)
        self.bias = nn.Linear(features, channels, bias=False)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Feature maps `(N, C, H, W)` to the same shape; c is `(N, features)`."""
        gain, bias = 1 + self.gain(c), self.bias(c)
        out: Tensor = gain[..., None, None] * self.norm(x) + bias[..., None, None]
        return out
