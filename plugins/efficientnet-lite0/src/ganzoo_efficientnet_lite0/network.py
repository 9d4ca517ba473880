"""EfficientNet-Lite0 (Tan & Le 2019, arXiv:1905.11946; the lite variant has ReLU6 and no SE).

Parameter names match the weight file. Padding is TensorFlow's, with which the weights were trained.
torchvision's EfficientNet has neither the lite variant nor that padding.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

FEATURES = 1280
BLOCKS = (
    # repeats, kernel, stride, expansion, channels out
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


LAST_BLOCKS = (2, 4, 10, 15)
"""The last blocks at a quarter, an eighth, a 16th and a 32nd of the resolution."""


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's SAME padding: odd padding has one more at the end."""

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to `(N, C', ceil(H / stride), ceil(W / stride))`."""
        pads: list[int] = []
        for side, kernel, stride in zip(
            reversed(x.shape[2:]), reversed(self.kernel_size), reversed(self.stride), strict=True
        ):
            missing = max(0, (-(-side // stride) - 1) * stride + kernel - side)
            pads += [missing // 2, missing - missing // 2]
        return super().forward(F.pad(x, pads))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


class Block(nn.Module):
    """Inverted residual: expand, depthwise convolution, project; a shortcut if shapes match."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = inputs * expansion
        self.expands = expansion > 1
        self.shortcut = stride == 1 and inputs == outputs
        if self.expands:
            self._expand_conv = nn.Conv2d(inputs, width, 1, bias=False)
            self._bn0 = _norm(width)
        self._depthwise_conv = SameConv2d(width, width, kernel, stride, groups=width, bias=False)
        self._bn1 = _norm(width)
        self._project_conv = nn.Conv2d(width, outputs, 1, bias=False)
        self._bn2 = _norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` to `(N, outputs, H / stride, W / stride)`."""
        y = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        projected: Tensor = self._bn2(self._project_conv(y))
        return x + projected if self.shortcut else projected


class Network(nn.Module):
    """Images `(N, 3, H, W)`, scaled by `(x - 127) / 128`, to features and ImageNet logits."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SameConv2d(3, 32, 3, 2, bias=False)
        self._bn0 = _norm(32)
        blocks, inputs = [], 32
        for repeats, kernel, stride, expansion, outputs in BLOCKS:
            for k in range(repeats):
                blocks.append(Block(inputs, outputs, kernel, stride if k == 0 else 1, expansion))
                inputs = outputs
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = nn.Conv2d(inputs, FEATURES, 1, bias=False)
        self._bn1 = _norm(FEATURES)
        self._fc = nn.Linear(FEATURES, 1000)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self._fc.weight.device

    def maps(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of 24, 40, 112 and 320 channels, each half as wide and high as the last."""
        x = F.relu6(self._bn0(self._conv_stem(x)))
        maps = []
        for k, block in enumerate(self._blocks):
            x = block(x)
            if k in LAST_BLOCKS:
                maps.append(x)
        return tuple(maps)

    def features(self, x: Tensor) -> Tensor:
        """Global average pooling of the last feature map: `(N, 1280)`."""
        return F.relu6(self._bn1(self._conv_head(self.maps(x)[-1]))).mean((2, 3))

    def fused(self) -> Network:
        """Fold batch norm into the convolutions, for inference: twice as fast."""
        pairs: list[tuple[nn.Module, str, str]] = [
            (self, "_conv_stem", "_bn0"),
            (self, "_conv_head", "_bn1"),
        ]
        for block in self._blocks:
            pairs += [(block, "_depthwise_conv", "_bn1"), (block, "_project_conv", "_bn2")]
            if hasattr(block, "_expand_conv"):
                pairs.append((block, "_expand_conv", "_bn0"))
        for module, conv, norm in pairs:
            merged = fuse_conv_bn_eval(getattr(module, conv), getattr(module, norm))
            setattr(module, conv, merged)
            setattr(module, norm, nn.Identity())
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Logits `(N, 1000)`."""
        logits: Tensor = self._fc(self.features(x))
        return logits
