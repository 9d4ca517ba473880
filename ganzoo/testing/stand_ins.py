"""Stand-ins for networks, for which the value of a loss or a penalty is known in advance."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganzoo.config import ExecutionConfig
from ganzoo.execution.execution import Execution
from ganzoo.interfaces.architecture import Output
from ganzoo.interfaces.critic import Batch, Fakes
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.latent import Latent, NormalLatent
from ganzoo.interfaces.loss import Loss
from ganzoo.training.critic import BoundCritic

CLASSES = 3
IMAGE = ImageSpec(3, 8, 8, num_classes=CLASSES)


def critic_of(discriminator: nn.Module, *, precision: str = "fp32") -> BoundCritic:
    """Make a critic of a discriminator as training does."""
    config = ExecutionConfig(device="cpu", precision=precision)
    return BoundCritic(discriminator, Execution(config, [discriminator], 1), conditional=False)


def labels_of(n: int) -> Tensor:
    """Labels `(n,)`: every class in turn."""
    return torch.arange(n) % CLASSES


class LookupDiscriminator(nn.Module):
    """A discriminator that looks scores up: the k-th of `graded_images(n)` has the k-th score.

    So the gradient of a loss with respect to scores is known. Shifted, mirrored or slightly noisy
    images keep their score.

    Args:
        scores: `(n,)`; they may require gradients.
        outputs: further outputs `(n, …)` by name; it returns scores alone if there are none.
    """

    def __init__(self, scores: Tensor, outputs: Mapping[str, Tensor] | None = None) -> None:
        super().__init__()
        self.offset = nn.Parameter(torch.zeros(()))
        self.scores = scores
        self.outputs = dict(outputs or {})

    def forward(self, images: Tensor) -> Tensor | Mapping[str, Tensor]:
        """Images `(N, C, H, W)` to scores `(N,)`."""
        last = len(self.scores) - 1
        position = (images.mean((1, 2, 3)) / BRIGHTEST + 1) / 2 * last
        rows = position.detach().round().long().clamp(0, last)
        scores = (
            self.scores[rows] + self.offset + 0 * position
        )  # differentiable, with gradient zero
        outputs = {name: value[rows] for name, value in self.outputs.items()}
        return {"scores": scores, **outputs} if outputs else scores


BRIGHTEST = 0.9


def graded_images(n: int) -> Tensor:
    """Images `(n, C, H, W)`, each of one shade, from dark to bright."""
    shades = torch.linspace(-BRIGHTEST, BRIGHTEST, n)
    return shades[:, None, None, None].expand(-1, *IMAGE.shape).clone()


class WithOutputs(nn.Module):
    """A discriminator with further outputs, which depend on its parameters and on the image.

    Args:
        body: images to scores `(N,)`.
        outputs: demanded beside the scores; it returns scores alone if there are none.
    """

    def __init__(self, body: nn.Module, outputs: Mapping[str, Output]) -> None:
        super().__init__()
        self.body = body
        self.outputs = dict(outputs)

    def forward(self, images: Tensor) -> Tensor | Mapping[str, Tensor]:
        """Images `(N, C, H, W)` to scores `(N,)`."""
        scores: Tensor = self.body(images)
        outputs = {name: self._output(output, scores) for name, output in self.outputs.items()}
        return {"scores": scores, **outputs} if outputs else scores

    def _output(self, output: Output, scores: Tensor) -> Tensor:
        slopes = torch.linspace(0.1, 1, output.length(CLASSES) or ANY_LENGTH).to(scores)
        if output.of == "label":
            return torch.cos(labels_of(len(scores))[:, None] + 3 * slopes)
        return torch.sin(scores[:, None] * slopes + 5 * slopes)


ANY_LENGTH = 4
"""Length of an output for which any will do."""


class LinearDiscriminator(nn.Module):
    """A linear discriminator: its gradient has the same norm everywhere.

    Args:
        norm: of the gradient over all channels and pixels; 0 makes the scores constant.
        leak: negative slope of a leaky ReLU on the scores; 1 keeps them linear.
    """

    def __init__(self, norm: float, leak: float = 1.0) -> None:
        super().__init__()
        count = IMAGE.channels * IMAGE.height * IMAGE.width
        self.weight = nn.Parameter(torch.full((count, 1), norm / count**0.5))
        self.leak = leak

    def forward(self, images: Tensor) -> Tensor:
        """Images `(N, C, H, W)` to scores `(N,)`."""
        return nn.functional.leaky_relu(images.flatten(1) @ self.weight, self.leak)[:, 0]


class SmoothDiscriminator(nn.Module):
    """A small smooth discriminator, whose gradient differs from point to point.

    Args:
        scale: of the scores.
    """

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(0)
        count = IMAGE.channels * IMAGE.height * IMAGE.width
        self.first = nn.Parameter(torch.randn(count, 8, generator=rng) / count**0.5)
        self.second = nn.Parameter(2 * scale * torch.randn(8, 1, generator=rng))

    def forward(self, images: Tensor) -> Tensor:
        """Images `(N, C, H, W)` to scores `(N,)`."""
        return (torch.tanh(images.flatten(1) @ self.first) @ self.second)[:, 0]


class SmoothGenerator(nn.Module):
    """A small smooth generator.

    Args:
        latent_dim: length of z.
        constant: return the same image for every z.
    """

    latent_dim = 4

    def __init__(self, latent_dim: int = latent_dim, *, constant: bool = False) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        rng = torch.Generator().manual_seed(1)
        shape = (self.latent_dim, IMAGE.channels * IMAGE.height * IMAGE.width)
        weight = torch.randn(shape, generator=rng)
        self.weight = nn.Parameter(0 * weight if constant else weight / latent_dim**0.5)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """z `(N, latent_dim)` to images `(N, C, H, W)` in [-1, 1]."""
        return self.synthesis(self.mapping(z, labels))

    def mapping(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """z `(N, latent_dim)` to w `(N, 2, latent_dim)`, as in a `ganzoo.StyleGenerator`."""
        return torch.stack([z, z], 1)

    def synthesis(self, w: Tensor) -> Tensor:
        """w `(N, 2, latent_dim)` to images `(N, C, H, W)` in [-1, 1]."""
        return torch.tanh(w.mean(1) @ self.weight).view(-1, *IMAGE.shape)


def uniform_images(n: int, shape: tuple[int, ...], *, seed: int) -> Tensor:
    """Images `(n, *shape)` of noise, uniform on [-1, 1]."""
    rng = torch.Generator().manual_seed(seed)
    return 2 * torch.rand(n, *shape, generator=rng) - 1


def noise_batch(n: int, *, seed: int, dtype: torch.dtype = torch.float32) -> Batch:
    """A batch of n images of noise, with labels of all classes in turn."""
    return Batch(uniform_images(n, IMAGE.shape, seed=seed).to(dtype), labels_of(n))


def latent_of(loss: Loss) -> Latent:
    """The distribution of z with a loss: long enough for the codes that it may put there."""
    return loss.latent(NormalLatent(128))


def fakes_of(
    batch: Batch,
    generator: SmoothGenerator | None = None,
    *,
    seed: int = 4,
    latent: Latent | None = None,
) -> Fakes:
    """A batch as fakes: with z, from which a small smooth generator makes others.

    The generator is frozen, as in the discriminator's update, if none is given.
    """
    latent = latent or NormalLatent(SmoothGenerator.latent_dim)
    rng = torch.Generator().manual_seed(seed)
    z = latent.sample(len(batch), generator=rng).to(batch.images.dtype)
    frozen = SmoothGenerator(latent.latent_dim).requires_grad_(False)
    generate = (generator or frozen).to(batch.images.dtype)
    return Fakes(batch.images, batch.labels, z=z, generate=generate)
