"""Stand-ins for networks, of which losses and penalties have a value that is known in advance."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganzoo.config import ExecutionConfig
from ganzoo.execution.execution import Execution
from ganzoo.interfaces.critic import Batch
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.training.critic import BoundCritic

CLASSES = 3
IMAGE = ImageSpec(3, 8, 8, num_classes=CLASSES)


def critic_of(
    discriminator: nn.Module, *, precision: str = "fp32", conditional: bool = False
) -> BoundCritic:
    """The critic that a trainer would make of it."""
    config = ExecutionConfig(device="cpu", precision=precision)
    return BoundCritic(discriminator, Execution(config, [discriminator], 1), conditional)


def labels_of(n: int) -> Tensor:
    """Every class in turn."""
    return torch.arange(n) % CLASSES


class Scoreboard(nn.Module):
    """A discriminator whose outputs are looked up: the k-th of `pictures(n)` has the k-th score.

    So a loss's gradient by scores is seen apart from what it does with the images themselves, and
    shifted, mirrored or slightly noisy images keep their score.

    Args:
        scores: `(n,)`, differentiated by where they require a gradient.
        logits: `(n, CLASSES)`; the discriminator gives scores alone where None.
    """

    def __init__(self, scores: Tensor, logits: Tensor | None = None) -> None:
        super().__init__()
        self.offset = nn.Parameter(torch.zeros(()))
        self.scores = scores
        self.logits = logits

    def forward(self, images: Tensor) -> Tensor | Mapping[str, Tensor]:
        """Images `(N, C, H, W)` to scores `(N,)`."""
        last = len(self.scores) - 1
        place = (images.mean((1, 2, 3)) / BRIGHTEST + 1) / 2 * last
        numbers = place.detach().round().long().clamp(0, last)
        scores = self.scores[numbers] + self.offset + 0 * place  # flat, and yet differentiable
        if self.logits is None:
            return scores
        return {"scores": scores, "class_logits": self.logits[numbers]}


BRIGHTEST = 0.9


def pictures(n: int) -> Tensor:
    """Images `(n, C, H, W)`, each of one shade, from dark to bright."""
    shades = torch.linspace(-BRIGHTEST, BRIGHTEST, n)
    return shades[:, None, None, None].expand(-1, *IMAGE.shape).clone()


class Judge(nn.Module):
    """A small discriminator of every kind of head.

    Args:
        logits: give class logits beside the scores.
    """

    def __init__(self, *, logits: bool) -> None:
        super().__init__()
        self.body = Smooth()
        self.classes = nn.Parameter(0.1 * torch.ones(CLASSES)) if logits else None

    def forward(self, images: Tensor) -> Tensor | Mapping[str, Tensor]:
        """Images `(N, C, H, W)` to scores `(N,)`."""
        scores: Tensor = self.body(images)
        if self.classes is None:
            return scores
        return {"scores": scores, "class_logits": scores[:, None] * self.classes}


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
