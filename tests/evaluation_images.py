"""Real images, and the ways in which a sample of images can be bad, by severity."""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

import ganzoo

COLLAPSED_TO = 50


def fashion(count: int = 10_000, size: int = 28) -> tuple[Tensor, Tensor]:
    """Images uint8 `(N, 1, H, W)` and labels of the subset that comes along."""
    source = ganzoo.create("dataset", "fashion-mnist").open("train")
    store = ganzoo.ImageStore.from_source(source, size=size)
    order = torch.randperm(len(store), generator=torch.Generator().manual_seed(0))[:count]
    return store.images[order].permute(0, 3, 1, 2).contiguous(), store.labels[order]


def blurred(images: Tensor, severity: int) -> Tensor:
    return gaussian_blur(images, [9, 9], [0.0, 0.7, 2.0][severity]) if severity else images


def noisy(images: Tensor, severity: int) -> Tensor:
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(1))
    return (images + [0, 15, 60][severity] * noise).clamp(0, 255).to(torch.uint8)


def collapsed(images: Tensor, severity: int) -> Tensor:
    """Ever fewer different images."""
    few = [len(images), 4 * COLLAPSED_TO, COLLAPSED_TO][severity]
    return images[torch.arange(len(images)) % few]


def mixed_halves(images: Tensor, severity: int) -> Tensor:
    """The left half of each beside the right half of another."""
    changed = [0, len(images) // 3, len(images)][severity]
    mixed = images.clone()
    half = images.shape[3] // 2
    mixed[:changed, :, :, half:] = images.roll(1, 0)[:changed, :, :, half:]
    return mixed


def without_classes(images: Tensor, labels: Tensor, severity: int) -> tuple[Tensor, Tensor]:
    """Two classes, then five, are left out; the others fill their places."""
    kept = labels >= [0, 2, 5][severity]
    images, labels = images[kept], labels[kept]
    return images, labels


def greyed(images: Tensor, severity: int) -> Tensor:
    """A share of them is one and the same grey."""
    changed = [0, len(images) // 3, len(images)][severity]
    mixed = images.clone()
    mixed[:changed] = 128
    return mixed


def copies(images: Tensor, training: Tensor, severity: int) -> Tensor:
    """A share of them is near copies of training images."""
    changed = [0, len(images) // 3, len(images)][severity]
    mixed = images.clone()
    mixed[:changed] = noisy(training[:changed], 0)
    return mixed
