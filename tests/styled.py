"""A small style generator, for the tests of latent spaces."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class StyledGenerator(nn.Module):
    """A mapping and a synthesis of four layers, whose images are sums of what each layer makes."""

    def __init__(self, channels: int = 1, classes: int = 0) -> None:
        super().__init__()
        self.channels = channels
        self.embed = nn.Embedding(classes, 8) if classes else None
        self.network = nn.Sequential(nn.Linear(8, 16), nn.LeakyReLU(0.2), nn.Linear(16, 6))
        self.styles = nn.ModuleList(nn.Linear(6, 8) for _ in range(4))
        self.to_image = nn.ModuleList(nn.Linear(8, channels * 64) for _ in range(4))

    def mapping(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.embed is not None and labels is not None:
            z = z + self.embed(labels)
        z = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        return self.network(z)[:, None].expand(-1, 4, -1)

    def synthesis(self, w: Tensor) -> Tensor:
        layers = zip(w.unbind(1), self.styles, self.to_image, strict=True)
        images = sum(image(style(of).relu()) for of, style, image in layers)
        return torch.tanh(images).view(-1, self.channels, 8, 8)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.synthesis(self.mapping(z, labels))
