"""Batch, Critic, Refiner: the images that a loss receives, what scores them, what moves their z."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

import torch
from torch import Tensor

from ganzoo.errors import UsageError, setting


@dataclass(frozen=True)
class Batch:
    """Images with their conditions.

    Attributes:
        images: `(N, C, H, W)`, floating point in [-1, 1].
        labels: the condition of each image. Classes are `(N,)` of int64 in `[0, num_classes)`,
            vectors `(N, D)` of float32, pictures `(N, C', H, W)` in [-1, 1]. None without any.
    """

    images: Tensor
    labels: Tensor | None = None

    def __len__(self) -> int:
        return self.images.shape[0]

    def __getitem__(self, rows: slice) -> Batch:
        """Some of the images with their labels."""
        return Batch(self.images[rows], None if self.labels is None else self.labels[rows])

    def with_images(self, images: Tensor) -> Self:
        """Other images with the same labels."""
        return replace(self, images=images)

    @staticmethod
    def cat(batches: Sequence[Batch]) -> Batch:
        """One batch of all images, in order; labels where every batch has them."""
        labels = [batch.labels for batch in batches if batch.labels is not None]
        images = torch.cat([batch.images for batch in batches])
        return Batch(images, torch.cat(labels) if len(labels) == len(batches) else None)


@dataclass(frozen=True)
class Fakes(Batch):
    """Generated images that know the z they were made of, and can be made again.

    Attributes:
        z: `(N, latent_dim)`.
        generate: `generate(z, labels)` of this update; call `again`.
    """

    z: Tensor = field(kw_only=True)
    generate: Callable[[Tensor, Tensor | None], Tensor] = field(kw_only=True, repr=False)

    def again(self, z: Tensor | None = None, labels: Tensor | None = None) -> Fakes:
        """Generate images of another z or other labels; those of this batch where None.

        In the generator's update the images carry a graph to its parameters. In the
        discriminator's update the generator is frozen: they carry a graph to z alone, if z
        requires gradients, and none otherwise.

        Args:
            z: `(M, latent_dim)`; labels then need to be `(M, …)` too.
            labels: `(M, …)`; ignored by an unconditional generator.
        """
        z = self.z if z is None else z
        labels = self.labels if labels is None else labels
        return replace(self, images=self.generate(z, labels), labels=labels, z=z)

    def __getitem__(self, rows: slice) -> Fakes:
        """Some of the images with their labels and z."""
        labels = None if self.labels is None else self.labels[rows]
        return replace(self, images=self.images[rows], labels=labels, z=self.z[rows])


class Critic(Protocol):
    """The discriminator as losses and penalties call it, with augmentation and precision."""

    def __call__(self, batch: Batch) -> Tensor:
        """Raw scores `(N,)` in float32 or wider: high for real, never through a sigmoid.

        `(N, P)` for a loss that takes patches, if the discriminator gives P scores an image.
        """
        ...

    def outputs(self, batch: Batch) -> Mapping[str, Tensor]:
        """`{"scores": (N,)}` and all else the discriminator returns, in float32 or wider."""
        ...


def refuse_single(n: int, what: str) -> None:
    """Refuse a batch of one image, for a loss or penalty that compares the images of a batch.

    Args:
        n: images of the batch, or of the micro-batch under gradient accumulation.
        what: begins the message: `"'NAME' compares the images of a batch"`.

    Raises:
        UsageError: n is below 2.
    """
    if n < 2:
        raise UsageError(
            f"{what}, and there is one alone: give a larger {setting('batch_size')}, or a smaller "
            f"{setting('grad_accum_steps')}"
        )


class Refiner(Protocol):
    """Moves z before sampling: `Run.refined` (LOGAN, arXiv:1912.00953; DDLS, arXiv:2003.06060)."""

    def __call__(self, critic: Critic, fake: Fakes, noise: Callable[[], Tensor]) -> Tensor:
        """The z `(N, latent_dim)` to make images of, each made of its own z and noise alone.

        Args:
            critic: the discriminator in evaluation mode, frozen, without augmentation.
            fake: the images of z as drawn. `fake.again(z)` makes those of another z; as in the
                discriminator's update, it carries a graph to z alone.
            noise: `noise()` is standard normal, `(N, latent_dim)`, new at each call. Every image
                has a stream of its own: draw from no other.
        """
        ...
