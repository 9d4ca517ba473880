"""SNDCGAN: the standard CNN of Miyato et al. 2018 (arXiv:1802.05957, appendix B).

Three transposed convolutions with batch norm and ReLU in the generator; seven convolutions with
LeakyReLU(0.1) and no normalization in the discriminator, and a score that is linear in all features
of the last. Spectral normalization of the discriminator is a constraint that the architecture
brings; `none` leaves it out. As in compare_gan (arXiv:1807.04720), the generator's first layer has
batch norm too, and weights start from N(0, 0.02).

Conditional: a gain and a bias for each class in batch norm, and a projection discriminator (Miyato
& Koyama 2018, arXiv:1802.05637).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

import ganzoo
from ganzoo_sndcgan.options import SNDCGANOptions

SMALLEST, LARGEST = 16, 128
"""Sides of images; at 8 batch norm would see one position an image."""


class SNDCGAN(ganzoo.Architecture):
    """Convolutional networks for sides that are multiples of 8 from 16 to 128."""

    options: SNDCGANOptions

    def __init__(self, options: SNDCGANOptions | None = None) -> None:
        super().__init__(options or SNDCGANOptions())

    @property
    def latent(self) -> ganzoo.Latent:
        """z ~ N(0, I)."""
        return ganzoo.NormalLatent(self.options.latent_dim)

    def settings(self) -> ganzoo.Settings:
        """Setting C of the paper's table 1, that of DCGAN."""
        return {
            "batch_size": 64,
            "n_critic": 1,
            "optimizer": "adam",
            "generator_lr": 2e-4,
            "discriminator_lr": 2e-4,
            "betas": (0.5, 0.999),
        }

    def default_constraints(self) -> Mapping[str, Mapping[str, Any]]:
        """Spectral normalization of the discriminator."""
        return {"spectral-norm": {"networks": "discriminator"}}

    def natural_size(self, height: int, width: int) -> tuple[int, int]:
        """The nearest size that can be built: 28 becomes 32."""
        return (_nearest(height), _nearest(width))

    def build(self, image: ganzoo.ImageSpec, demands: ganzoo.Demands) -> ganzoo.Networks:
        """Networks for an image whose sides are multiples of 8 from 16 to 128."""
        near = self.natural_size(image.height, image.width)
        if near != (image.height, image.width):
            raise ganzoo.Unsupported(
                f"sndcgan builds images whose sides are multiples of 8 from {SMALLEST} to "
                f"{LARGEST} pixels, not {image.height}x{image.width}; try "
                f"{ganzoo.setting('size', 'x'.join(map(str, near)))}"
            )
        start = (image.height // 8, image.width // 8)
        widths = [self.options.base_channels * factor for factor in (1, 2, 4, 8)]
        classes = image.num_classes if demands.labels else 0
        generator = Generator(self.options.latent_dim, start, widths[::-1], image.channels, classes)
        discriminator = Discriminator(image, widths, start, demands)
        for network in (generator, discriminator):
            ganzoo.nn.initialize(network, self.options.initialization)
        return ganzoo.Networks(generator, discriminator)


class Generator(nn.Module):
    """z `(N, latent_dim)` and labels `(N,)` to images `(N, C, H, W)` in [-1, 1].

    Args:
        latent_dim: length of z.
        start: height and width of the first feature map.
        widths: channels of the first feature map and of those after each transposed convolution.
        channels: of the images.
        classes: of class-conditional batch norm; 0 for batch norm.
    """

    def __init__(
        self,
        latent_dim: int,
        start: tuple[int, int],
        widths: list[int],
        channels: int,
        classes: int,
    ) -> None:
        super().__init__()
        self.start = start
        self.project = nn.Linear(latent_dim, start[0] * start[1] * widths[0])
        self.norms = nn.ModuleList(
            ganzoo.nn.ClassBatchNorm2d(width, classes) if classes else nn.BatchNorm2d(width)
            for width in widths
        )
        self.convs = nn.ModuleList(
            nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1)
            for wide, narrow in pairwise(widths)
        )
        self.convs.append(nn.Conv2d(widths[-1], channels, 3, padding=1))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class."""
        # Rows, columns, channels: this view is in the channels_last memory format.
        x: Tensor = self.project(z).view(len(z), *self.start, -1).permute(0, 3, 1, 2)
        for norm, conv in zip(self.norms, self.convs, strict=True):
            conditional = isinstance(norm, ganzoo.nn.ClassBatchNorm2d)
            x = conv(F.relu(norm(x, labels) if conditional else norm(x)))
        return x.tanh()


class Discriminator(nn.Module):
    """Images `(N, C, H, W)` to raw scores `(N,)`, with the demanded outputs.

    Args:
        image: of the images.
        widths: channels at full, half, quarter and eighth of the image's sides.
        end: height and width of the last feature map.
        demands: of loss and penalties.
    """

    def __init__(
        self,
        image: ganzoo.ImageSpec,
        widths: list[int],
        end: tuple[int, int],
        demands: ganzoo.Demands,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(image.channels, widths[0], 3, padding=1)]
        for narrow, wide in pairwise(widths):
            layers += [
                nn.LeakyReLU(0.1),
                nn.Conv2d(narrow, wide, 4, stride=2, padding=1),
                nn.LeakyReLU(0.1),
                nn.Conv2d(wide, wide, 3, padding=1),
            ]
        layers += [nn.LeakyReLU(0.1), nn.Flatten()]
        self.body = nn.Sequential(*layers)
        self.heads = ganzoo.nn.DiscriminatorHeads(widths[-1] * end[0] * end[1], image, demands)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor | dict[str, Tensor]:
        """See the class."""
        outputs: Tensor | dict[str, Tensor] = self.heads(self.body(images), labels)
        return outputs


def _nearest(side: int) -> int:
    return min(max((side + 4) // 8 * 8, SMALLEST), LARGEST)
