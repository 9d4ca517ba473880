"""The original GAN: two multilayer perceptrons (Goodfellow et al. 2014, arXiv:1406.2661).

Conditional as in Mirza & Osindero 2014 (arXiv:1411.1784): the one-hot label is appended to z and to
the flattened image. The activations are modern: ReLU in the generator and LeakyReLU(0.2) in the
discriminator instead of the paper's maxout and dropout; batch norm in the generator only.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import ganzoo
from ganzoo_vanilla.options import VanillaOptions


class Vanilla(ganzoo.Architecture):
    """Two MLPs for images of any shape."""

    options: VanillaOptions

    def __init__(self, options: VanillaOptions | None = None) -> None:
        super().__init__(options or VanillaOptions())

    @property
    def latent(self) -> ganzoo.NormalLatent:
        """z ~ N(0, I)."""
        return ganzoo.NormalLatent(self.options.latent_dim)

    def settings(self) -> ganzoo.Settings:
        """Adam, instead of the paper's gradient descent with a momentum schedule."""
        return {
            "optimizer": "adam",
            "generator_lr": 5e-4,
            "discriminator_lr": 5e-4,
            "betas": (0.5, 0.999),
        }

    def build(self, image: ganzoo.ImageSpec, demands: ganzoo.Demands) -> ganzoo.Networks:
        """Networks for any shape and any demands; the discriminator has no batch norm."""
        classes = image.num_classes if demands.labels else 0
        return ganzoo.Networks(
            Generator(image.shape, classes, self.options),
            Discriminator(
                image.shape,
                classes=0 if demands.unconditional_scores else classes,
                outputs=demands.outputs,
                num_classes=image.num_classes,
                options=self.options,
            ),
        )


class Generator(nn.Module):
    """z `(N, latent_dim)` and labels `(N,)` to images `(N, C, H, W)` in [-1, 1]."""

    def __init__(self, shape: tuple[int, int, int], classes: int, options: VanillaOptions) -> None:
        super().__init__()
        self.shape = shape
        self.classes = classes
        widths = [options.latent_dim + classes, *[options.width] * options.depth]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers.append(nn.Linear(inputs, outputs, bias=not options.batch_norm))
            if options.batch_norm:
                layers.append(BatchNorm(outputs))
            layers.append(nn.ReLU())
        pixels = shape[0] * shape[1] * shape[2]
        self.body = nn.Sequential(*layers, nn.Linear(options.width, pixels), nn.Tanh())

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class."""
        images: Tensor = self.body(_append_label(z, labels, self.classes))
        return images.view(-1, *self.shape)


class Discriminator(nn.Module):
    """Images `(N, C, H, W)` to raw scores `(N,)`, with the demanded outputs."""

    def __init__(
        self,
        shape: tuple[int, int, int],
        *,
        classes: int,
        outputs: Mapping[str, ganzoo.Output],
        num_classes: int,
        options: VanillaOptions,
    ) -> None:
        super().__init__()
        self.classes = classes
        pixels = shape[0] * shape[1] * shape[2]
        widths = [pixels + classes, *[options.width] * options.depth]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), nn.LeakyReLU(0.2)]
        self.body = nn.Sequential(*layers)
        self.score = nn.Linear(options.width, 1)
        self.outputs = ganzoo.nn.OutputHeads(options.width, outputs, num_classes)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor | dict[str, Tensor]:
        """See the class."""
        features = self.body(_append_label(images.flatten(1), labels, self.classes))
        scores: Tensor = self.score(features).squeeze(1)
        outputs = self.outputs(features, labels)
        return {"scores": scores, **outputs} if outputs else scores


class BatchNorm(nn.BatchNorm1d):
    """Batch norm that uses its running statistics for a batch of one, whose variance is zero."""

    def forward(self, x: Tensor) -> Tensor:
        """`(N, D)` to `(N, D)`."""
        if self.training and len(x) == 1:
            return F.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        return super().forward(x)


def _append_label(x: Tensor, labels: Tensor | None, classes: int) -> Tensor:
    """Append one-hot labels: `(N, D)` to `(N, D + classes)`."""
    if not classes:
        return x
    assert labels is not None, "this network was built to be conditional: give it labels"
    return torch.cat([x, F.one_hot(labels, classes).to(x.dtype)], dim=1)
