"""Generator and discriminator of R3GAN."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

import ganzoo
from ganzoo_r3gan.blocks import Block, grow, initialize, plain, shrink
from ganzoo_r3gan.options import R3GANOptions


class Generator(nn.Module):
    """z `(N, latent_dim)` and labels `(N,)` to images `(N, C, H, W)`.

    A learned 4x4 basis is scaled, channel by channel, by a linear map of z and the class. There is
    no activation at the end: images are clamped to [-1, 1] in evaluation mode only.

    Args:
        options: of the architecture.
        widths: channels of the stages, from 4 pixels on.
        image: of the images.
        classes: number of classes; 0 if it is unconditional.
    """

    def __init__(
        self, options: R3GANOptions, widths: list[int], image: ganzoo.ImageSpec, classes: int
    ) -> None:
        super().__init__()
        self.embed = plain(nn.Embedding(classes, options.class_dim)) if classes else None
        inputs = options.latent_dim + (options.class_dim if classes else 0)
        self.basis = nn.Parameter(torch.randn(widths[0], *coarsest(image, widths)))
        self.modulate = plain(nn.Linear(inputs, widths[0], bias=False))

        # Blocks of the coarsest stage, then a transition and the blocks of each further one.
        layers = stage(options, widths, widths[0])
        for wide, narrow in pairwise(widths):
            layers += [*grow(wide, narrow), *stage(options, widths, narrow)]
        self.body = nn.Sequential(*layers)
        self.to_image = plain(nn.Conv2d(widths[-1], image.channels, 1, bias=False))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class."""
        if self.embed is not None:
            assert labels is not None, "this generator was built to be conditional: give it labels"
            z = torch.cat([z, self.embed(labels)], dim=1)
        features = self.basis * self.modulate(z)[..., None, None]
        images: Tensor = self.to_image(self.body(features))
        return images if self.training else images.clamp(-1, 1)


class Discriminator(nn.Module):
    """Images `(N, C, H, W)` to raw scores `(N,)`, with the demanded outputs.

    It mirrors the generator. A depthwise convolution takes the coarsest map to features h of an
    image. The score is a linear map of h, or `<embedding(label), W h>` if it may use the label.

    Args:
        options: of the architecture.
        widths: channels of the stages, from 4 pixels on.
        image: of the images.
        demands: of loss and penalties.
    """

    def __init__(
        self,
        options: R3GANOptions,
        widths: list[int],
        image: ganzoo.ImageSpec,
        demands: ganzoo.Demands,
    ) -> None:
        super().__init__()
        self.from_image = plain(nn.Conv2d(image.channels, widths[-1], 1, bias=False))

        # The blocks of each stage and a transition, down to the coarsest stage.
        layers: list[nn.Module] = []
        for narrow, wide in pairwise(widths[::-1]):
            layers += [*stage(options, widths, narrow), *shrink(narrow, wide)]
        layers += stage(options, widths, widths[0])
        self.body = nn.Sequential(*layers)

        # Features, score and further outputs.
        width, kernel = widths[0], coarsest(image, widths)
        self.features = plain(nn.Conv2d(width, width, kernel, groups=width, bias=False))
        conditional = demands.labels and not demands.unconditional_scores
        self.score = plain(nn.Linear(width, width if conditional else 1, bias=False))
        self.embed = None
        if conditional:
            self.embed = plain(nn.Embedding(image.num_classes, width), gain=width**-0.5)
        self.outputs = ganzoo.nn.OutputHeads(width, demands.outputs, image.num_classes)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor | dict[str, Tensor]:
        """See the class."""
        features = self.features(self.body(self.from_image(images))).flatten(1)
        scores: Tensor = self.score(features)
        if self.embed is not None:
            assert labels is not None, "this discriminator was built to be conditional"
            scores = (self.embed(labels) * scores).sum(1)
        scores = scores.flatten()
        outputs = self.outputs(features, labels)
        return {"scores": scores, **outputs} if outputs else scores


def coarsest(image: ganzoo.ImageSpec, widths: list[int]) -> tuple[int, int]:
    """Height and width of the coarsest map: 4x4, or 4x8 for a rectangle."""
    return (image.height >> len(widths) - 1, image.width >> len(widths) - 1)


def stage(options: R3GANOptions, widths: list[int], width: int) -> list[nn.Module]:
    """The blocks of one stage."""
    of_network = options.blocks * len(widths)
    blocks = (Block(width, options.group_channels) for _ in range(options.blocks))
    return [initialize(block, of_network) for block in blocks]
