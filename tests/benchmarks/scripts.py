"""Training loops as typical GAN scripts have them, to compare ganzoo with. No example to follow.

Each does what the well-known scripts do: eager float32, a sigmoid and `BCELoss`, a DataLoader with
PIL transforms, `.item()` at every step, and a discriminator whose weight gradients are computed in
the generator's step too. The networks are those that ganzoo trains beside, so the two differ in the
loop alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms


class Pictures(Dataset[tuple[Tensor, int]]):
    """A dataset of PIL images with the usual transforms."""

    def __init__(self, images: Any, size: int, channels: int) -> None:
        self.images = images
        self.transform = transforms.Compose(
            [
                transforms.Grayscale(channels) if channels == 1 else transforms.Lambda(_rgb),
                transforms.Resize((size, size)),
                transforms.ToTensor(),
                transforms.Normalize([0.5] * channels, [0.5] * channels),
            ]
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        pixels, label = self.images[index]
        image = Image.fromarray(pixels[0].numpy())  # as torchvision's own dataset does
        return self.transform(image), label


def _rgb(image: Any) -> Any:
    return image.convert("RGB")


class Script:
    """What every script sets up.

    Args:
        generator: `z (N, latent_dim)` to images.
        discriminator: the same, giving raw scores.
        latent_dim: length of z.
        images: PIL images with labels.
        shape: `(C, H, W)`.
        batch_size: images in a batch.
        lr: learning rate of both.
        betas: of Adam.
        conditional: whether both networks are shown labels.
        device: where the networks are.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        latent_dim: int,
        images: Any,
        shape: tuple[int, int, int],
        batch_size: int,
        lr: float,
        betas: tuple[float, float],
        *,
        conditional: bool,
        device: torch.device,
    ) -> None:
        self.device = device
        self.generator, self.discriminator = generator, discriminator
        self.latent_dim, self.conditional = latent_dim, conditional
        pictures = Pictures(images, shape[1], shape[0])
        self.loader = DataLoader(pictures, batch_size=batch_size, shuffle=True, drop_last=True)
        self.batches = self._endless()
        self.generator_optimizer = torch.optim.Adam(generator.parameters(), lr=lr, betas=betas)
        self.discriminator_optimizer = torch.optim.Adam(
            discriminator.parameters(), lr=lr, betas=betas
        )

    def _endless(self) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            yield from self.loader

    def next(self) -> tuple[Tensor, tuple[Tensor, ...]]:
        """A batch of images, and its labels if they are used."""
        images, labels = (tensor.to(self.device) for tensor in next(self.batches))
        return images, (labels,) if self.conditional else ()

    def step(self) -> tuple[float, float]:
        """One generator update after those of the discriminator; the losses of both."""
        raise NotImplementedError

    def noise(self, n: int) -> Tensor:
        """z for n fakes."""
        return torch.randn(n, self.latent_dim, device=self.device)


class BCEScript(Script):
    """After pytorch/examples' dcgan/main.py."""

    def step(self) -> tuple[float, float]:
        """One update of each network."""
        criterion = nn.BCELoss()
        real, labels = self.next()
        ones = torch.ones(len(real), device=self.device)
        zeros = torch.zeros(len(real), device=self.device)
        self.discriminator.zero_grad()
        output = torch.sigmoid(self.discriminator(real, *labels))
        loss_real = criterion(output, ones)
        loss_real.backward()
        output.mean().item()
        fake = self.generator(self.noise(len(real)), *labels)
        output = torch.sigmoid(self.discriminator(fake.detach(), *labels))
        loss_fake = criterion(output, zeros)
        loss_fake.backward()
        output.mean().item()
        self.discriminator_optimizer.step()

        self.generator.zero_grad()
        output = torch.sigmoid(self.discriminator(fake, *labels))
        loss = criterion(output, ones)
        loss.backward()
        output.mean().item()
        self.generator_optimizer.step()
        return (loss_real + loss_fake).item(), loss.item()


class WassersteinScript(Script):
    """After PyTorch-GAN's wgan_gp.py: five critic updates, fakes with their graph."""

    n_critic = 5
    weight = 10.0

    def step(self) -> tuple[float, float]:
        """One update of the generator after those of the critic."""
        for _ in range(self.n_critic):
            real, _ = self.next()
            self.discriminator_optimizer.zero_grad()
            fake = self.generator(self.noise(len(real)))
            penalty = self._penalty(real, fake)
            gap = self.discriminator(fake).mean() - self.discriminator(real).mean()
            loss = gap + self.weight * penalty
            loss.backward()
            self.discriminator_optimizer.step()
        critic_loss = loss.item()
        self.generator_optimizer.zero_grad()
        fake = self.generator(self.noise(len(real)))
        loss = -self.discriminator(fake).mean()
        loss.backward()
        self.generator_optimizer.step()
        return critic_loss, loss.item()

    def _penalty(self, real: Tensor, fake: Tensor) -> Tensor:
        alpha = torch.rand(len(real), 1, 1, 1, device=self.device)
        between = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
        scores = self.discriminator(between)
        (gradient,) = torch.autograd.grad(
            scores, between, torch.ones_like(scores), create_graph=True, retain_graph=True
        )
        penalty: Tensor = ((gradient.flatten(1).norm(2, dim=1) - 1) ** 2).mean()
        return penalty
