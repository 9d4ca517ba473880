"""The discriminator: residual blocks, minibatch standard deviation, a projection of the class."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

import ganzoo
from ganzoo_stylegan2.layers import EqualizedConv2d, EqualizedLinear, activate
from ganzoo_stylegan2.mapping import Mapping


class Discriminator(nn.Module):
    """Images `(N, C, H, W)` to raw scores `(N,)`, with the demanded outputs.

    Args:
        channels: of the images.
        widths: channels of the feature maps, fine to coarse; each map has half the sides of the one
            before.
        last_map: height and width of the last.
        heads: what computes scores and outputs from features `(N, widths[-1])`.
        residual: with residual connections.
        minibatch_group: images in a group of the minibatch standard deviation; 0 for none.
    """

    def __init__(
        self,
        channels: int,
        widths: list[int],
        last_map: tuple[int, int],
        heads: Heads,
        *,
        residual: bool,
        minibatch_group: int,
    ) -> None:
        super().__init__()
        self.from_rgb = EqualizedConv2d(channels, widths[0], 1)
        self.blocks = nn.Sequential(*(Block(*pair, residual=residual) for pair in pairwise(widths)))
        self.deviation = MinibatchDeviation(minibatch_group) if minibatch_group else None
        last = widths[-1]
        self.conv = EqualizedConv2d(last + (1 if minibatch_group else 0), last, 3)
        self.dense = EqualizedLinear(last * last_map[0] * last_map[1], last)
        self.heads = heads

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor | dict[str, Tensor]:
        """See the class."""
        x = self.blocks(activate(self.from_rgb(images)))
        if self.deviation is not None:
            x = self.deviation(x)
        x = activate(self.conv(x))
        features = activate(self.dense(x.flatten(1)))
        returned: Tensor | dict[str, Tensor] = self.heads(features, labels)
        return returned


class Block(nn.Module):
    """Two convolutions, of which the second halves the sides, beside a skip connection.

    Args:
        inputs: channels.
        outputs: channels.
        residual: whether there is a skip connection.
    """

    def __init__(self, inputs: int, outputs: int, *, residual: bool) -> None:
        super().__init__()
        self.conv0 = EqualizedConv2d(inputs, inputs, 3)
        self.blur = ganzoo.nn.Blur(padding=2)
        self.conv1 = EqualizedConv2d(inputs, outputs, 3, stride=2)
        self.skip = (
            nn.Sequential(ganzoo.nn.Downsample(), EqualizedConv2d(inputs, outputs, 1, bias=False))
            if residual
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` to `(N, outputs, H / 2, W / 2)`."""
        y = activate(self.conv0(x))
        y = activate(self.conv1(self.blur(y)))
        return y if self.skip is None else (y + self.skip(x)) * math.sqrt(0.5)


class MinibatchDeviation(nn.Module):
    """Appends a channel with the standard deviation of a group of images, which shows collapse.

    The deviation over the group of each feature at each place, averaged over features and places
    (Karras et al. 2018, arXiv:1710.10196, section 3). So a score depends on the batch, on purpose:
    the paper takes R1's gradient of the sum of scores. The groups of a batch that the size does not
    divide are as large as its largest divisor below. They are taken within a micro-batch.

    Args:
        group: images in a group, at most.
    """

    mixes_images = True

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to `(N, C + 1, H, W)`."""
        # Groups: the k-th image of each, M groups apart.
        n, _, height, width = x.shape
        size = next(k for k in range(min(self.group, n), 0, -1) if n % k == 0)
        groups = x.to(torch.promote_types(x.dtype, torch.float32)).reshape(size, n // size, -1)

        # Deviation of each group `(M,)`, as a channel of each of its images.
        variance = (groups - groups.mean(0)).square().mean(0)
        deviation = (variance + 1e-8).sqrt().mean(1)
        channel = deviation.repeat(size).view(n, 1, 1, 1).expand(-1, -1, height, width)
        return torch.cat([x, channel.to(x.dtype)], 1)


class Heads(nn.Module):
    """The score of features h: linear in h, or if conditional <A h + b, f(label)> / sqrt(width).

    f is a mapping network of the label alone (Karras et al. 2020, arXiv:2006.06676, appendix D).
    Unlike in `ganzoo.nn.DiscriminatorHeads`, the learning rate is equalized.

    Args:
        width: length of h.
        demands: as given to `ganzoo.Architecture.build`.
        num_classes: of the images.
        label_mapping: f; None if the score does not depend on the label.
    """

    def __init__(
        self, width: int, demands: ganzoo.Demands, num_classes: int, label_mapping: Mapping | None
    ) -> None:
        super().__init__()
        self.score = EqualizedLinear(width, 1 if label_mapping is None else width)
        self.label_mapping = label_mapping
        self.outputs = ganzoo.nn.OutputHeads(width, demands.outputs, num_classes)

    def forward(self, features: Tensor, labels: Tensor | None = None) -> Tensor | dict[str, Tensor]:
        """Features `(N, width)` and labels to scores `(N,)`, or a dict with the outputs."""
        scores: Tensor = self.score(features)
        if self.label_mapping is not None:
            directions = self.label_mapping(None, labels)
            scores = scores * directions / math.sqrt(directions.shape[1])
        scores = scores.sum(1)
        outputs = self.outputs(features, labels)
        return {"scores": scores, **outputs} if outputs else scores
