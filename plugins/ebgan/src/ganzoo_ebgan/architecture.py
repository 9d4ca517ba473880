"""EBGAN (Zhao et al. 2017, arXiv:1609.03126): an auto-encoder as the discriminator.

The generator is DCGAN's. The discriminator halves the image until its smaller side is 8, and
doubles it again, by strided convolutions of 4x4 with batch norm and LeakyReLU(0.2), as the paper's
for 64 pixels. Where batch statistics are forbidden it uses layer norm. Weights are from N(0, 0.02).

Conditional: embeddings of the class are appended to z and added to the auto-encoder's code.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

import ganzoo
from ganzoo_ebgan.options import EBGANOptions

SIZES = (16, 32, 64, 128)
CLASS_DIM = 32
"""Length of the generator's class embedding."""


class EBGAN(ganzoo.Architecture):
    """A convolutional generator and auto-encoder, for sides that are powers of two to 128."""

    options: EBGANOptions

    def __init__(self, options: EBGANOptions | None = None) -> None:
        super().__init__(options or EBGANOptions())

    @property
    def latent(self) -> ganzoo.Latent:
        """z uniform on [-1, 1], or normal."""
        kind = ganzoo.NormalLatent if self.options.latent == "normal" else ganzoo.UniformLatent
        return kind(self.options.latent_dim)

    def settings(self) -> ganzoo.Settings:
        """Those of DCGAN."""
        return {"optimizer": "adam", "betas": (0.5, 0.999)}

    def natural_size(self, height: int, width: int) -> tuple[int, int]:
        """The nearest size that can be built: 28 becomes 32."""
        return (_nearest(height), _nearest(width))

    def build(self, image: ganzoo.ImageSpec, demands: ganzoo.Demands) -> ganzoo.Networks:
        """Networks for an image whose sides are each 16, 32, 64 or 128."""
        if not {image.height, image.width} <= set(SIZES):
            near = "x".join(map(str, self.natural_size(image.height, image.width)))
            raise ganzoo.Unsupported(
                f"ebgan builds images whose sides are 16, 32, 64 or 128 pixels, not "
                f"{image.height}x{image.width}; try {ganzoo.setting('size', near)}"
            )
        halvings = (min(image.height, image.width) // 4).bit_length() - 1
        widths = [self.options.base_channels << k for k in range(halvings)]
        generator = Generator(self.options.latent_dim, widths[::-1], image, demands)
        discriminator = AutoEncoder(widths[:-1], self.options.code_dim, image, demands)
        return ganzoo.Networks(generator.apply(initialize), discriminator.apply(initialize))


class Generator(nn.Module):
    """z `(N, latent_dim)` and labels `(N,)` to images `(N, C, H, W)` in [-1, 1]."""

    def __init__(
        self,
        latent_dim: int,
        widths: list[int],
        image: ganzoo.ImageSpec,
        demands: ganzoo.Demands,
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(image.num_classes, CLASS_DIM) if demands.labels else None
        scale = 2 ** len(widths)
        self.seed_map = (image.height // scale, image.width // scale)
        self.project = nn.Linear(
            latent_dim + (CLASS_DIM if demands.labels else 0),
            widths[0] * self.seed_map[0] * self.seed_map[1],
            bias=False,
        )
        layers: list[nn.Module] = [nn.BatchNorm2d(widths[0]), nn.ReLU()]
        for wide, narrow in pairwise(widths):
            layers += [_doubled(wide, narrow), nn.BatchNorm2d(narrow), nn.ReLU()]
        self.body = nn.Sequential(
            *layers,
            nn.ConvTranspose2d(widths[-1], image.channels, 4, stride=2, padding=1),
            nn.Tanh(),
        )

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class."""
        if self.embed is not None:
            assert labels is not None, "this generator was built to be conditional: give it labels"
            z = torch.cat([z, self.embed(labels)], dim=1)
        images: Tensor = self.body(self.project(z).view(len(z), -1, *self.seed_map))
        return images


class AutoEncoder(nn.Module):
    """Images `(N, C, H, W)` to scores `(N,)`: minus the mean squared error of reconstructions.

    Its features are the code, `(N, D)`.
    """

    def __init__(
        self,
        widths: list[int],
        code_dim: int | None,
        image: ganzoo.ImageSpec,
        demands: ganzoo.Demands,
    ) -> None:
        super().__init__()
        # Encoder: half the size with each layer, the first without norm.
        layers: list[nn.Module] = [
            nn.Conv2d(image.channels, widths[0], 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
        ]
        for narrow, wide in pairwise(widths):
            halved = nn.Conv2d(narrow, wide, 4, stride=2, padding=1, bias=False)
            layers += [halved, _norm(wide, demands), nn.LeakyReLU(0.2)]
        self.encoder = nn.Sequential(*layers)

        # Code: the last map, or fewer numbers.
        scale = 2 ** len(widths)
        code_map = (widths[-1], image.height // scale, image.width // scale)
        whole = code_map[0] * code_map[1] * code_map[2]
        self.encoder.append(nn.Flatten())
        if code_dim is not None:
            self.encoder.append(nn.Linear(whole, code_dim))

        # Decoder: the same way back.
        self.expand = nn.Sequential(nn.Unflatten(1, code_map))
        if code_dim is not None:
            self.expand.insert(0, nn.Linear(code_dim, whole))
        layers = []
        for wide, narrow in pairwise(widths[::-1]):
            layers += [_doubled(wide, narrow), _norm(narrow, demands), nn.LeakyReLU(0.2)]
        layers.append(nn.ConvTranspose2d(widths[0], image.channels, 4, stride=2, padding=1))
        self.decoder = nn.Sequential(*layers)

        # Class and demanded outputs.
        conditional = demands.labels and not demands.unconditional_scores
        self.embed = nn.Embedding(image.num_classes, widths[-1]) if conditional else None
        self.outputs = ganzoo.nn.OutputHeads(code_dim or whole, demands.outputs, image.num_classes)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor | dict[str, Tensor]:
        """See the class."""
        code = self.encoder(images)
        outputs = self.outputs(code, labels)
        features = self.expand(code)
        if self.embed is not None:
            assert labels is not None, "this discriminator was built to be conditional"
            features = features + self.embed(labels)[..., None, None]
        error = (self.decoder(features).to(images.dtype) - images).square().flatten(1).mean(1)
        return {"scores": -error, **outputs} if outputs else -error


def initialize(layer: nn.Module) -> None:
    """Weights from N(0, 0.02), zero biases; gains of norm layers start at 1."""
    if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        nn.init.normal_(layer.weight, 0.0, 0.02)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def _doubled(wide: int, narrow: int) -> nn.Module:
    """Twice the height and width."""
    return nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1, bias=False)


def _norm(channels: int, demands: ganzoo.Demands) -> nn.Module:
    # Layer norm over C, H, W with a gain and a shift per channel is a group norm of one.
    batch_free = demands.forbids_batch_statistics
    return nn.GroupNorm(1, channels) if batch_free else nn.BatchNorm2d(channels)


def _nearest(side: int) -> int:
    return min(SIZES, key=lambda size: (abs(size - side), size))
