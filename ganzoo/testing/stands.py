"""Stand-ins for networks, of which losses and penalties have a value that is known in advance."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganzoo.engine.critic import BoundCritic
from ganzoo.engine.precision import PrecisionPolicy
from ganzoo.interfaces.values import Batch, ImageSpec
from ganzoo.testing.core import CPU

CLASSES = 3
IMAGE = ImageSpec(3, 8, 8, num_classes=CLASSES)


def critic_of(
    discriminator: nn.Module, *, precision: str = "fp32", conditional: bool = False
) -> BoundCritic:
    """The critic that the engine would make of it."""
    return BoundCritic(discriminator, PrecisionPolicy(CPU), precision, conditional=conditional)


def labels_of(n: int) -> Tensor:
    """Every class in turn."""
    return torch.arange(n) % CLASSES


class Readout(nn.Module):
    """A discriminator whose scores stand in the images: the mean of channel 0 is the score of each.

    Its class logits are the means of the channels after that, so a loss that moves images about
    finds the same. It has one parameter, an offset of zero.
    """

    def __init__(self, *, logits: bool) -> None:
        super().__init__()
        self.offset = nn.Parameter(torch.zeros(()))
        self.logits = logits

    def forward(self, images: Tensor) -> Tensor | Mapping[str, Tensor]:
        """Images `(N, 1 + CLASSES, H, W)` to scores `(N,)`."""
        rows = images.mean((2, 3)) + self.offset
        scores = rows[:, 0]
        return {"scores": scores, "class_logits": rows[:, 1:]} if self.logits else scores


def images_that_score(scores: Tensor) -> Tensor:
    """Images `(N, 1 + CLASSES, H, W)` to which a `Readout` gives these scores, logits of zero."""
    rest = torch.zeros(len(scores), CLASSES, dtype=scores.dtype)
    return images_of(torch.cat([scores[:, None], rest], dim=1))


def images_of(means: Tensor) -> Tensor:
    """Images `(N, 1 + CLASSES, H, W)` whose channels have the means `(N, 1 + CLASSES)`."""
    return means[:, :, None, None].expand(-1, -1, IMAGE.height, IMAGE.width)


class Linear(nn.Module):
    """A discriminator whose gradient is the same everywhere, of a norm that is given.

    Args:
        norm: of the gradient over all channels and pixels; 0 makes it constant.
        leak: slope of the scores below zero, as of a leaky ReLU; 1 keeps it linear.
    """

    def __init__(self, norm: float, leak: float = 1.0) -> None:
        super().__init__()
        count = IMAGE.channels * IMAGE.height * IMAGE.width
        self.weight = nn.Parameter(torch.full((count, 1), norm / count**0.5))
        self.leak = leak

    def forward(self, images: Tensor) -> Tensor:
        """Images `(N, C, H, W)` to scores `(N,)`."""
        return nn.functional.leaky_relu(images.flatten(1) @ self.weight, self.leak)[:, 0]


class Smooth(nn.Module):
    """A small discriminator with a gradient of its own at every point, and no kinks.

    Args:
        scale: of the scores.
    """

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        source = torch.Generator().manual_seed(0)
        count = IMAGE.channels * IMAGE.height * IMAGE.width
        self.first = nn.Parameter(torch.randn(count, 8, generator=source) / count**0.5)
        self.second = nn.Parameter(2 * scale * torch.randn(8, 1, generator=source))

    def forward(self, images: Tensor) -> Tensor:
        """Images `(N, C, H, W)` to scores `(N,)`."""
        return (torch.tanh(images.flatten(1) @ self.first) @ self.second)[:, 0]


class Painter(nn.Module):
    """A small smooth generator, for penalties that look at one.

    Args:
        constant: give the same image for every z.
    """

    latent_dim = 4

    def __init__(self, *, constant: bool = False) -> None:
        super().__init__()
        source = torch.Generator().manual_seed(1)
        shape = (self.latent_dim, IMAGE.channels * IMAGE.height * IMAGE.width)
        weight = torch.randn(shape, generator=source)
        self.weight = nn.Parameter(0 * weight if constant else 0.5 * weight)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """z `(N, latent_dim)` to images `(N, C, H, W)` in [-1, 1]."""
        return torch.tanh(z @ self.weight).view(-1, *IMAGE.shape)


def noise(n: int, *, seed: int, dtype: torch.dtype = torch.float32) -> Batch:
    """A batch of images `(N, C, H, W)` that show nothing, in [-1, 1], of every class in turn."""
    source = torch.Generator().manual_seed(seed)
    images = 2 * torch.rand(n, *IMAGE.shape, generator=source) - 1
    return Batch(images.to(dtype), labels_of(n))
