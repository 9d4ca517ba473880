"""A small training on vectors or pictures, in a module that several processes can import."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from shared_training import Between, Distance
from torch import Tensor, nn
from toys import weights

import ganzoo


def store(kind: str, count: int = 40) -> ganzoo.ImageStore:
    """Pairs: an image and its negative, or its mean brightness twice."""
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, 1, 8, 8), generator=rng, dtype=torch.uint8)
    if kind == "picture":
        return ganzoo.ImageStore.from_dataset([(image, 255 - image) for image in images])
    brightness = images.float().mean((1, 2, 3)) / 127.5 - 1
    vectors = brightness[:, None].expand(-1, 2).tolist()
    return ganzoo.ImageStore.from_dataset(list(zip(images, vectors, strict=True)))


class Generator(nn.Module):
    """Images of z and of a condition of c numbers, with dropout."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(8 + c, 32), nn.Tanh(), nn.Dropout(0.3), nn.Linear(32, 64), nn.Tanh()
        )

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        return self.body(torch.cat([z, labels.flatten(1)], 1)).view(-1, 1, 8, 8)


class Discriminator(nn.Module):
    def __init__(self, c: int) -> None:
        super().__init__()
        self.body = nn.Linear(64 + c, 16)
        self.score = nn.Linear(16, 1)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        inputs = torch.cat([images.flatten(1), labels.flatten(1)], 1)
        return self.score(F.leaky_relu(self.body(inputs), 0.2))[:, 0]


def trainer(kind: str, **settings) -> ganzoo.Trainer:
    torch.manual_seed(0)
    data = store(kind)
    count = 64 if kind == "picture" else 2
    defaults = {
        "generator": Generator(count),
        "discriminator": Discriminator(count),
        "loss": Distance(),
        "data": data,
        "latent": 8,
        "batch_size": 8,
        "device": "cpu",
        "precision": "fp32",
        "penalties": {"gp": Between(ganzoo.PenaltyOptions(weight=10.0))},
        "n_critic": 2,
        "conditional": True,
        "horizontal_flip": True,
        "reuse_fakes": False,
    }
    return ganzoo.Trainer(**(defaults | settings))


def weights_after(steps: int, kind: str, settings: dict) -> tuple:
    made = trainer(kind, **settings)
    made.fit(steps)
    return weights(made.generator), weights(made.discriminator), weights(made.ema)
