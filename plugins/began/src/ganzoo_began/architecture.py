"""BEGAN (Berthelot et al. 2017, arXiv:1703.10717): an auto-encoder as the discriminator.

Generator and decoder have the same layers: a linear layer to n maps, whose smaller side is 8, then
two convolutions of 3x3 with ELU and nearest upsampling, until the size is reached. The encoder
mirrors them, with n maps more after each halving by a strided convolution. There is no batch norm
and no tanh: the generator's images are clamped to [-1, 1] in evaluation mode.

Conditional: embeddings of the class are appended to z and to the auto-encoder's code.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

import ganzoo
from ganzoo_began.options import BEGANOptions

SIZES = (16, 32, 64, 128, 256)
SMALLEST = 8
"""The smaller side of the smallest feature map."""

CLASS_DIM = 32
"""Length of a class embedding."""


class BEGAN(ganzoo.Architecture):
    """A convolutional generator and auto-encoder, for sides that are powers of two to 256."""

    options: BEGANOptions

    def __init__(self, options: BEGANOptions | None = None) -> None:
        super().__init__(options or BEGANOptions())

    @property
    def latent(self) -> ganzoo.UniformLatent:
        """z uniform on [-1, 1]."""
        return ganzoo.UniformLatent(self.options.latent_dim)

    def settings(self) -> ganzoo.Settings:
        """Section 4.1: Adam with learning rate 1e-4."""
        return {"optimizer": "adam", "generator_lr": 1e-4, "discriminator_lr": 1e-4}

    def natural_size(self, height: int, width: int) -> tuple[int, int]:
        """The nearest size that can be built: 28 becomes 32."""
        return (_nearest(height), _nearest(width))

    def build(self, image: ganzoo.ImageSpec, demands: ganzoo.Demands) -> ganzoo.Networks:
        """Networks for an image whose sides are each 16, 32, 64, 128 or 256."""
        if not {image.height, image.width} <= set(SIZES):
            near = "x".join(map(str, self.natural_size(image.height, image.width)))
            raise ganzoo.Unsupported(
                f"began builds images whose sides are 16, 32, 64, 128 or 256 pixels, not "
                f"{image.height}x{image.width}; try {ganzoo.setting('size', near)}"
            )
        classes = image.num_classes if demands.labels else 0
        generator = Generator(self.options, image, classes)
        discriminator = AutoEncoder(self.options, image, demands)
        return ganzoo.Networks(generator.apply(initialize), discriminator.apply(initialize))


class Decoder(nn.Module):
    """h `(N, latent_dim)` and labels `(N,)` to images `(N, C, H, W)`."""

    def __init__(self, options: BEGANOptions, image: ganzoo.ImageSpec, classes: int) -> None:
        super().__init__()
        n, doublings = options.base_channels, _doublings(image)
        self.embed = nn.Embedding(classes, CLASS_DIM) if classes else None
        self.seed_map = (image.height >> doublings, image.width >> doublings)
        inputs = options.latent_dim + (CLASS_DIM if classes else 0)
        self.project = nn.Linear(inputs, n * self.seed_map[0] * self.seed_map[1])
        layers: list[nn.Module] = []
        for k in range(doublings + 1):
            layers += [nn.Upsample(scale_factor=2)] if k else []
            layers += [_convolution(n, n), nn.ELU(), _convolution(n, n), nn.ELU()]
        self.body = nn.Sequential(*layers, _convolution(n, image.channels))

    def forward(self, h: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class."""
        if self.embed is not None:
            assert labels is not None, "this network was built to be conditional: give it labels"
            h = torch.cat([h, self.embed(labels)], dim=1)
        images: Tensor = self.body(self.project(h).view(len(h), -1, *self.seed_map))
        return images


class Generator(Decoder):
    """z `(N, latent_dim)` and labels `(N,)` to images `(N, C, H, W)`."""

    def forward(self, h: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class; in [-1, 1] in evaluation mode."""
        images = super().forward(h, labels)
        return images if self.training else images.clamp(-1, 1)


class AutoEncoder(nn.Module):
    """Images `(N, C, H, W)` to scores `(N,)`: minus the mean absolute error of reconstructions.

    Its features are the code, `(N, latent_dim)`.
    """

    def __init__(
        self, options: BEGANOptions, image: ganzoo.ImageSpec, demands: ganzoo.Demands
    ) -> None:
        super().__init__()
        # Encoder: n, 2n, 3n, … maps, and half the size with each step.
        n, halvings = options.base_channels, _doublings(image)
        layers: list[nn.Module] = [_convolution(image.channels, n), nn.ELU()]
        width = n
        for k in range(halvings + 1):
            if k:
                layers += [_convolution(width, width, stride=2), nn.ELU()]
            wide = n * (k + 1)
            layers += [_convolution(width, wide), nn.ELU(), _convolution(wide, wide), nn.ELU()]
            width = wide
        pixels = image.height * image.width // 4**halvings
        self.encoder = nn.Sequential(
            *layers, nn.Flatten(), nn.Linear(width * pixels, options.latent_dim)
        )

        # Decoder and demanded outputs.
        conditional = demands.labels and not demands.unconditional_scores
        self.decoder = Decoder(options, image, image.num_classes if conditional else 0)
        self.outputs = ganzoo.nn.OutputHeads(options.latent_dim, demands.outputs, image.num_classes)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor | dict[str, Tensor]:
        """See the class."""
        code = self.encoder(images)
        error = (self.decoder(code, labels).to(images.dtype) - images).abs().flatten(1).mean(1)
        outputs = self.outputs(code, labels)
        return {"scores": -error, **outputs} if outputs else -error


def initialize(layer: nn.Module) -> None:
    """Glorot's uniform weights, zero biases."""
    if isinstance(layer, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Module:
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)


def _doublings(image: ganzoo.ImageSpec) -> int:
    return (min(image.height, image.width) // SMALLEST).bit_length() - 1


def _nearest(side: int) -> int:
    return min(SIZES, key=lambda size: (abs(size - side), size))
