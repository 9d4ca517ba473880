"""A discriminator on the feature maps of a pretrained network that stays frozen.

After Projected GAN (Sauer et al. 2021, arXiv:2111.01007): without its random projections, which mix
channels and scales, without spectral norm, and with one small head for each map.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import ganzoo
from ganzoo_frozen_features.options import FrozenFeaturesOptions

SIDES = (16, 32, 64, 128, 256)
CLASS_DIM = 32
"""Length of the generator's class embedding."""


class FrozenFeatures(ganzoo.Architecture):
    """A small convolutional generator, and trained heads on an extractor's feature maps."""

    options: FrozenFeaturesOptions

    def __init__(self, options: FrozenFeaturesOptions | None = None) -> None:
        super().__init__(options or FrozenFeaturesOptions())

    @property
    def latent(self) -> ganzoo.NormalLatent:
        """z ~ N(0, I)."""
        return ganzoo.NormalLatent(self.options.latent_dim)

    def settings(self) -> ganzoo.Settings:
        """Projected GAN's optimizer."""
        return {
            "optimizer": "adam",
            "generator_lr": 2e-4,
            "discriminator_lr": 2e-4,
            "betas": (0.0, 0.99),
        }

    def natural_size(self, height: int, width: int) -> tuple[int, int]:
        """The nearest square that can be built: 28 becomes 32."""
        side = min(SIDES, key=lambda each: abs(each - max(height, width)))
        return (side, side)

    def build(self, image: ganzoo.ImageSpec, demands: ganzoo.Demands) -> ganzoo.Networks:
        """Networks for square images of 16 to 256 pixels; neither score mixes images."""
        if image.height != image.width or image.height not in SIDES:
            side, _ = self.natural_size(image.height, image.width)
            raise ganzoo.Unsupported(
                f"frozen-features builds squares of {', '.join(map(str, SIDES))} pixels, not "
                f"{image.height}x{image.width}; try {ganzoo.setting('size', f'{side}x{side}')}"
            )
        classes = image.num_classes if demands.labels else 0
        generator = Generator(image, classes, self.options)

        # The pretrained network: making it leaves the weights of the others as they would be.
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            extractor: ganzoo.Extractor = ganzoo.create("extractor", self.options.extractor)
            widths = [each.shape[1] for each in extractor.maps(torch.zeros(1, *image.shape))]
        discriminator = Discriminator(
            extractor,
            widths,
            self.options.head_width,
            classes=0 if demands.unconditional_scores else classes,
            outputs=demands.outputs,
            num_classes=image.num_classes,
        )
        return ganzoo.Networks(generator, discriminator)


class Generator(nn.Module):
    """z `(N, latent_dim)` and labels `(N,)` to images `(N, C, H, W)` in [-1, 1]."""

    def __init__(
        self, image: ganzoo.ImageSpec, classes: int, options: FrozenFeaturesOptions
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(classes, CLASS_DIM) if classes else None
        inputs = options.latent_dim + (CLASS_DIM if classes else 0)
        doublings = (image.height // 4).bit_length() - 1
        widest = options.base_channels << (doublings - 1)
        layers: list[nn.Module] = [nn.Linear(inputs, 16 * widest), nn.Unflatten(1, (widest, 4, 4))]
        for k in range(doublings):
            narrower = max(options.base_channels, widest >> (k + 1))
            layers += [
                nn.BatchNorm2d(widest >> k),
                nn.ReLU(),
                nn.Upsample(scale_factor=2),
                nn.Conv2d(widest >> k, narrower, 3, padding=1),
            ]
        layers += [nn.ReLU(), nn.Conv2d(options.base_channels, image.channels, 3, padding=1)]
        self.body = nn.Sequential(*layers, nn.Tanh())

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class."""
        if self.embed is not None:
            assert labels is not None, "this generator was built to be conditional: give it labels"
            z = torch.cat([z, self.embed(labels)], dim=1)
        images: Tensor = self.body(z)
        return images


class Discriminator(nn.Module):
    """Images `(N, C, H, W)` to raw scores `(N,)`, the mean over heads and positions.

    Args:
        extractor: a plain attribute, no layer of this network: it is in no optimizer, checkpoint
            or average, and `train()` does not reach it.
        widths: channels of its maps.
        width: channels of each head.
        classes: of a conditional score; 0 for an unconditional one.
        outputs: demanded beside the scores.
        num_classes: of the images.
    """

    def __init__(
        self,
        extractor: ganzoo.Extractor,
        widths: list[int],
        width: int,
        *,
        classes: int,
        outputs: Mapping[str, ganzoo.Output],
        num_classes: int,
    ) -> None:
        super().__init__()
        self.extractor = extractor
        self.bodies = nn.ModuleList(nn.Conv2d(each, width, 3, padding=1) for each in widths)
        self.scores = nn.ModuleList(nn.Conv2d(width, 1, 1) for _ in widths)
        self.project = nn.Embedding(classes, len(widths) * width) if classes else None
        self.outputs = ganzoo.nn.OutputHeads(len(widths) * width, outputs, num_classes)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor | dict[str, Tensor]:
        """See the class."""
        # One head for each map.
        maps = self.extractor.maps(images)
        hidden = [F.leaky_relu(body(x), 0.2) for body, x in zip(self.bodies, maps, strict=True)]
        of_heads = [s(x).mean((1, 2, 3)) for s, x in zip(self.scores, hidden, strict=True)]
        scores = torch.stack(of_heads).mean(0)

        # Projection on the class, and demanded outputs.
        features = torch.cat([x.mean((2, 3)) for x in hidden], dim=1)
        if self.project is not None:
            assert labels is not None, "this discriminator was built to be conditional"
            scores = scores + (self.project(labels) * features).mean(1)
        outputs = self.outputs(features, labels)
        return {"scores": scores, **outputs} if outputs else scores
