"""Small real components, written as a user would write them, for the tests of the core."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import ganzoo
from ganzoo import Batch, Critic, ImageStore
from ganzoo.assembly.demands import combined_demands

SMALL = {
    "vanilla": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
    "dcgan": {"name": "dcgan", "base_channels": 2, "latent_dim": 4},
}
"""The first architectures, as small as they go, for images of 16 pixels."""

_BIGGAN = {"latent_dim": 8, "embedding_dim": 3}
LATER = {
    "began": {"base_channels": 4, "latent_dim": 8},
    "biggan": {"base_channels": 1} | _BIGGAN,
    "biggan-deep": {"base_channels": 16, "depth": 1} | _BIGGAN,
    "ebgan": {"base_channels": 4, "latent_dim": 8},
    "fastgan": {"base_channels": 2, "latent_dim": 4, "span": 8},
    "r3gan": {
        "base_channels": 8,
        "wide_until": 4,
        "group_channels": 4,
        "blocks": 1,
        "latent_dim": 4,
    },
    "resnet": {"base_channels": 2, "latent_dim": 4},
    "sagan": {"base_channels": 1, "latent_dim": 4},
    "sndcgan": {"base_channels": 2, "latent_dim": 4},
    "stylegan2": {
        "latent_dim": 4,
        "style_dim": 4,
        "mapping_layers": 2,
        "channel_base": 32,
        "channel_max": 4,
        "minibatch_group": 2,
    },
}
"""Options that make the others small, for images of 32 pixels."""


def general(kind: str) -> list[str]:
    """Losses or penalties that every architecture can be trained with, as far as outputs go."""
    return [name for name in ganzoo.names(kind) if not needs_an_own_output(kind, name)]


def needs_an_own_output(kind: str, name: str) -> bool:
    """Whether it, or a penalty that it brings, demands what only some architectures compute."""
    component = ganzoo.create(kind, name)
    brought = component.default_penalties() if kind == "loss" else {}
    demands = combined_demands(component, [ganzoo.create("penalty", each) for each in brought])
    return any(output.size == "own" for output in demands.outputs.values())


SMALL_LOSSES = {"infogan": {"categories": [2], "continuous": 1}}
"""Options of losses that make them fit these networks."""


def small_loss(name: str) -> dict[str, object]:
    """The name of a loss with the options that make it fit these networks."""
    return {"name": name, **SMALL_LOSSES.get(name, {})}


TINY_COMMAND = [
    "train", "--arch", "vanilla", "-o", "arch.width=8", "-o", "arch.depth=1", "--loss", "bce",
    "--data", "emoji", "--size", "8", "--steps", "3", "--batch-size", "4",
    "--sample-count", "4", "--device", "cpu",
]  # fmt: skip
"""`ganzoo train` in a second."""


class TinyGenerator(nn.Module):
    """z `(N, 8)` to images; labels shift z where given."""

    def __init__(self, channels: int = 1, size: int = 8, classes: int = 0) -> None:
        super().__init__()
        self.shape = (channels, size, size)
        self.embed = nn.Embedding(classes, 8) if classes else None
        self.body = nn.Sequential(
            nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, channels * size * size)
        )

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.embed is not None and labels is not None:
            z = z + self.embed(labels)
        return torch.tanh(self.body(z)).view(-1, *self.shape)


class TinyDiscriminator(nn.Module):
    """A small convolutional critic; labels pick one of its scores where given."""

    def __init__(self, channels: int = 1, classes: int = 0, norm: type[nn.Module] | None = None):
        super().__init__()
        layers = [nn.Conv2d(channels, 8, 3, 2, 1), norm(8) if norm else nn.Identity()]
        self.body = nn.Sequential(*layers, nn.LeakyReLU(0.2), nn.Conv2d(8, 8, 3, 2, 1))
        self.score = nn.Linear(8, max(1, classes))

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        scores: Tensor = self.score(F.leaky_relu(self.body(images), 0.2).mean((2, 3)))
        if labels is None:
            return scores[:, 0]
        return scores.gather(1, labels[:, None])[:, 0]


class LogisticLoss(ganzoo.Loss):
    """The non-saturating loss, here so that the core's tests need no plugin."""

    def discriminator_loss(self, critic: Critic, real: Batch, fake: Batch) -> dict[str, Tensor]:
        return {
            "real": F.softplus(-critic(real)).mean(),
            "fake": F.softplus(critic(fake)).mean(),
        }

    def generator_loss(self, critic: Critic, fake: Batch, real: Batch) -> dict[str, Tensor]:
        return {"adversarial": F.softplus(-critic(fake)).mean()}


class RealGradientPenalty(ganzoo.Penalty):
    """Mean squared gradient on reals; forbids batch statistics."""

    def demands(self) -> ganzoo.Demands:
        return ganzoo.Demands(forbids_batch_statistics=True)

    def penalty(self, critic: Critic, real: Batch, fake: Batch) -> Tensor:
        images = real.images.detach().requires_grad_()
        scores = critic(real.with_images(images))
        (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
        return gradient.float().flatten(1).square().sum(1).mean()


def make_store(count: int = 50, channels: int = 1, size: int = 8, classes: int = 0) -> ImageStore:
    """Random images; with classes, every image of class k has mean brightness about k."""
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, channels, size, size), generator=rng, dtype=torch.uint8)
    labels = [i % classes for i in range(count)] if classes else [0] * count
    items = [(image, label) for image, label in zip(images, labels, strict=True)]
    return ImageStore.from_dataset(items, num_classes=classes)


def weights(module: nn.Module) -> dict[str, Tensor]:
    """A copy of a module's state."""
    return {name: value.clone() for name, value in module.state_dict().items()}


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    """Whether two states are the same to the bit."""
    return all(torch.equal(first[name], second[name]) for name in first)
