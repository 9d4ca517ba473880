"""FastGAN's discriminator: 25 scores of the image, 25 of a smaller one, and its decoders."""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import ganzoo
from ganzoo_fastgan.decoders import Decoders
from ganzoo_fastgan.layers import Excitation, Norm
from ganzoo_fastgan.options import FastGANOptions

SLOPE = 0.2
"""Of the leaky ReLU for negative numbers."""


class Discriminator(nn.Module):
    """Images `(N, C, H, W)` to raw scores `(N, 50)`, with the demanded outputs.

    Both branches end in a map of 8x8, from which a 4x4 convolution makes 5x5 scores. Where the
    score may use the label, the inner product <embedding(label), pooled map> is added to each.

    Args:
        options: of the architecture.
        image: of the images; square.
        demands: of loss and penalties. The output "reconstruction" is that of `Decoders`.
    """

    def __init__(
        self, options: FastGANOptions, image: ganzoo.ImageSpec, demands: ganzoo.Demands
    ) -> None:
        super().__init__()
        # Layer norm is a group norm of one group.
        norm: Norm = nn.BatchNorm2d
        if demands.forbids_batch_statistics:
            norm = partial(nn.GroupNorm, 1)
        side = min(image.height, 256)
        widths = {r: _width(options, r) for r in (8, 16, 32, 64, 128, 256) if r <= side}

        # The image: halved to 8x8 pixels, gated by finer maps.
        self.stem = _stem(image, widths[side], norm)
        self.blocks, self.gates = nn.ModuleDict(), nn.ModuleDict()
        self.sources: dict[str, str] = {}
        for coarse in sorted(widths, reverse=True)[1:]:
            self.blocks[str(coarse)] = Halving(widths[2 * coarse], widths[coarse], norm)
            source = coarse * options.span // 2
            if coarse <= 32 and source <= side:
                self.gates[str(coarse)] = Excitation(widths[source], widths[coarse])
                self.sources[str(coarse)] = str(source)
        features = widths[8]
        self.score = nn.Sequential(
            nn.Conv2d(features, features, 1, bias=False),
            norm(features),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(features, 1, 4, bias=False),
        )

        # The smaller image: a network of its own.
        self.small_side = min(128, image.height // 2)
        at = self.small_side // 2
        layers: list[nn.Module] = halve(image.channels, _width(options, 4 * at), None)
        while at > 8:
            layers += halve(_width(options, 4 * at), _width(options, 2 * at), norm)
            at //= 2
        small_features = _width(options, 32)
        self.small = nn.Sequential(*layers)
        self.small_score = nn.Conv2d(small_features, 1, 4, bias=False)

        # Labels and further outputs.
        projects = demands.labels and not demands.unconditional_scores
        self.embed = nn.Embedding(image.num_classes, features) if projects else None
        others = {name: o for name, o in demands.outputs.items() if name != "reconstruction"}
        self.outputs = ganzoo.nn.OutputHeads(features, others, image.num_classes)
        self.decoders = None
        if "reconstruction" in demands.outputs:
            inputs = features, small_features, widths[16]
            self.decoders = Decoders(options, inputs, image.channels, self.small_side, norm)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor | dict[str, Tensor]:
        """See the class."""
        # Maps of the image and of the smaller one.
        x: Tensor = self.stem(images)
        maps = {str(x.shape[-1]): x}
        for side, block in self.blocks.items():
            x = block(x)
            if side in self.gates:
                x = x * self.gates[side](maps[self.sources[side]])
            maps[side] = x
        small = F.adaptive_avg_pool2d(images, self.small_side)
        small_map = self.small(small)

        # Scores.
        scores = torch.cat([self.score(x).flatten(1), self.small_score(small_map).flatten(1)], 1)
        pooled = x.mean((2, 3))
        if self.embed is not None:
            assert labels is not None, "this discriminator was built to be conditional"
            scores = scores + (self.embed(labels) * pooled).sum(1, keepdim=True)

        # Further outputs.
        outputs = self.outputs(pooled, labels)
        if self.decoders is not None:
            outputs["reconstruction"] = self.decoders(images, small, x, small_map, maps["16"])
        return {"scores": scores, **outputs} if outputs else scores


class Halving(nn.Module):
    """To half the sides: the mean of two convolutions and of a pooled 1x1 convolution."""

    def __init__(self, inputs: int, outputs: int, norm: Norm) -> None:
        super().__init__()
        self.main = nn.Sequential(
            *halve(inputs, outputs, norm),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            norm(outputs),
            nn.LeakyReLU(SLOPE),
        )
        self.direct = nn.Sequential(
            nn.AvgPool2d(2),
            nn.Conv2d(inputs, outputs, 1, bias=False),
            norm(outputs),
            nn.LeakyReLU(SLOPE),
        )

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to `(N, outputs, H / 2, W / 2)`."""
        mean: Tensor = (self.main(x) + self.direct(x)) / 2
        return mean


def halve(inputs: int, outputs: int, norm: Norm | None) -> list[nn.Module]:
    """A strided 4x4 convolution, a norm if there is one, and a leaky ReLU."""
    convolution = nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=False)
    norms = [] if norm is None else [norm(outputs)]
    return [convolution, *norms, nn.LeakyReLU(SLOPE)]


def _stem(image: ganzoo.ImageSpec, width: int, norm: Norm) -> nn.Sequential:
    """To a map of at most 256 pixels."""
    if image.height <= 256:
        convolution = nn.Conv2d(image.channels, width, 3, padding=1, bias=False)
        return nn.Sequential(convolution, nn.LeakyReLU(SLOPE))
    layers = halve(image.channels, width, None)
    if image.height > 512:
        layers += halve(width, width, norm)
    return nn.Sequential(*layers)


def _width(options: FastGANOptions, side: int) -> int:
    """Channels of a map: twice as many for half the side, at most 16 times `base_channels`."""
    return max(1, min(16 * options.base_channels, options.base_channels * 128 // side))
