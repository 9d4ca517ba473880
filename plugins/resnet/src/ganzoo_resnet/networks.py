"""Residual blocks, and the generator and the discriminator that are made of them."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

import ganzoo

Norm = Literal["none", "batch", "layer"]


class UpBlock(nn.Module):
    """BN, ReLU, upsample, convolution, BN, ReLU, convolution; plus the input, upsampled.

    Args:
        inputs: channels of the input, `(N, inputs, H, W)`.
        outputs: channels of the result, `(N, outputs, 2H, 2W)`.
        classes: of class-conditional batch norm; 0 for batch norm.
    """

    def __init__(self, inputs: int, outputs: int, classes: int) -> None:
        super().__init__()
        self.norm1 = _batch_norm(inputs, classes)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm2 = _batch_norm(outputs, classes)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """See the class."""
        branch = self.conv1(_upsample(F.relu(_normalized(self.norm1, x, labels))))
        branch = self.conv2(F.relu(_normalized(self.norm2, branch, labels)))
        # A 1x1 convolution commutes with upsampling, and before it costs a quarter.
        out: Tensor = branch + _upsample(self.shortcut(x))
        return out


class Generator(nn.Module):
    """z `(N, latent_dim)` and labels `(N,)` to images `(N, C, H, W)` in [-1, 1].

    Args:
        latent_dim: length of z.
        start: side of the first feature map.
        widths: channels of the first feature map and of those after each block.
        channels: of the images.
        classes: of a conditional generator, else 0.
    """

    def __init__(
        self, latent_dim: int, start: int, widths: list[int], channels: int, classes: int
    ) -> None:
        super().__init__()
        self.start = start
        self.classes = classes
        self.project = nn.Linear(latent_dim, start * start * widths[0])
        self.blocks = nn.ModuleList(UpBlock(*pair, classes) for pair in pairwise(widths))
        self.norm = nn.BatchNorm2d(widths[-1])
        self.conv = nn.Conv2d(widths[-1], channels, 3, padding=1)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class."""
        # Rows, columns, channels: this view is in the channels_last memory format.
        x = self.project(z).view(len(z), self.start, self.start, -1).permute(0, 3, 1, 2)
        for block in self.blocks:
            x = block(x, labels)
        images: Tensor = self.conv(F.relu(self.norm(x))).tanh()
        return images


class FirstBlock(nn.Module):
    """Convolution, ReLU, convolution, mean pooling; plus the image, pooled and convolved.

    Args:
        inputs: channels of the image `(N, inputs, H, W)`.
        outputs: channels of the result `(N, outputs, H/2, W/2)`.
        norm: before the ReLU; batch norm also before the convolution of the pooled image.
    """

    def __init__(self, inputs: int, outputs: int, norm: Norm) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm1 = _norm(norm, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut_norm = _norm(norm if norm == "batch" else "none", inputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        branch = self.conv2(F.relu(self.norm1(self.conv1(x))))
        shortcut: Tensor = self.shortcut(self.shortcut_norm(F.avg_pool2d(x, 2)))
        return F.avg_pool2d(branch, 2) + shortcut


class DownBlock(nn.Module):
    """ReLU, convolution, ReLU, convolution, mean pooling; plus the input, convolved and pooled.

    Args:
        inputs: channels of the input `(N, inputs, H, W)`.
        hidden: channels between the convolutions.
        outputs: channels of the result.
        halves: the sides become half as long. If not, and the channels stay, the input is added as
            it is.
        norm: before each ReLU; batch norm also before the input's convolution, as in StudioGAN.
    """

    def __init__(self, inputs: int, hidden: int, outputs: int, *, halves: bool, norm: Norm) -> None:
        super().__init__()
        self.halves = halves
        self.norm1 = _norm(norm, inputs)
        self.conv1 = nn.Conv2d(inputs, hidden, 3, padding=1)
        self.norm2 = _norm(norm, hidden)
        self.conv2 = nn.Conv2d(hidden, outputs, 3, padding=1)
        convolved = halves or inputs != outputs
        self.shortcut_norm = _norm(norm if norm == "batch" and convolved else "none", inputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if convolved else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        branch = self.conv1(F.relu(self.norm1(x)))
        branch = self.conv2(F.relu(self.norm2(branch)))
        shortcut = self.shortcut_norm(x)
        if self.halves:
            # A 1x1 convolution commutes with mean pooling, and after it costs a quarter.
            branch, shortcut = F.avg_pool2d(branch, 2), F.avg_pool2d(shortcut, 2)
        out: Tensor = branch + self.shortcut(shortcut)
        return out


class Discriminator(nn.Module):
    """Images `(N, C, H, W)` to raw scores `(N,)`, with the demanded outputs.

    Args:
        image: of the images.
        widths: channels after each block.
        halvings: how many blocks halve the sides: the first ones.
        demands: of loss and penalties.
        norm: see `DownBlock`.
        hidden: channels between a block's convolutions are those of its input or output.
        pooling: of the last feature map, over its positions.
    """

    def __init__(
        self,
        image: ganzoo.ImageSpec,
        widths: list[int],
        halvings: int,
        demands: ganzoo.Demands,
        *,
        norm: Norm,
        hidden: Literal["input", "output"],
        pooling: Literal["sum", "mean"],
    ) -> None:
        super().__init__()
        self.pooling = pooling
        self.first = FirstBlock(image.channels, widths[0], norm)
        self.blocks = nn.Sequential(
            *(
                DownBlock(i, i if hidden == "input" else o, o, halves=k < halvings, norm=norm)
                for k, (i, o) in enumerate(pairwise(widths), start=1)
            )
        )
        self.heads = ganzoo.nn.DiscriminatorHeads(widths[-1], image, demands)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor | dict[str, Tensor]:
        """See the class."""
        features = F.relu(self.blocks(self.first(images)))
        pooled = features.sum((2, 3)) if self.pooling == "sum" else features.mean((2, 3))
        outputs: Tensor | dict[str, Tensor] = self.heads(pooled, labels)
        return outputs


def residual_convolutions(network: nn.Module) -> set[nn.Module]:
    """The convolutions of residual branches, which follow a ReLU or lead to one."""
    blocks = [m for m in network.modules() if isinstance(m, (UpBlock, FirstBlock, DownBlock))]
    return {conv for block in blocks for conv in (block.conv1, block.conv2)}


def _batch_norm(channels: int, classes: int) -> nn.Module:
    return ganzoo.nn.ClassBatchNorm2d(channels, classes) if classes else nn.BatchNorm2d(channels)


def _normalized(norm: nn.Module, x: Tensor, labels: Tensor | None) -> Tensor:
    """Batch norm, of the class where it is class-conditional."""
    out: Tensor = norm(x, labels) if isinstance(norm, ganzoo.nn.ClassBatchNorm2d) else norm(x)
    return out


def _norm(kind: Norm, channels: int) -> nn.Module:
    """A discriminator's norm; layer norm over C, H, W with a gain and a bias for each channel."""
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(1, channels) if kind == "layer" else nn.Identity()


def _upsample(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")
