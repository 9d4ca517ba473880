"""Space: z of any generator, or w of a style generator, with its points and their images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Literal, cast

import torch
from torch import Tensor, nn

from ganzoo.errors import Unsupported, UsageError, setting
from ganzoo.freeze import frozen
from ganzoo.interfaces.architecture import StyleGenerator
from ganzoo.randomness import isolated, reseed
from ganzoo.run import Run
from ganzoo.sampling import CHUNK, device_of

SpaceName = Literal["z", "w"]

DRAWS = 1000
"""Points from which the mean and the spread of a space are estimated."""


def is_style_generator(generator: nn.Module) -> bool:
    """Whether a generator has a mapping and a synthesis network: `ganzoo.StyleGenerator`."""
    return callable(getattr(generator, "mapping", None)) and callable(
        getattr(generator, "synthesis", None)
    )


class Space:
    """A latent space of a run's generator.

    Its points are z `(N, latent_dim)`, or w `(N, L, D)`: one style for each of L layers.

    Args:
        run: the run.
        name: `"z"` or `"w"`; None for w of a style generator, and z of any other.

    Raises:
        UsageError: there is no such space.
        Unsupported: the generator has no w.
    """

    def __init__(self, run: Run, name: str | None = None) -> None:
        styled = is_style_generator(run.generator)
        if name not in (None, "z", "w"):
            raise UsageError(f"there is no latent space '{name}'; there are z and w")
        if name == "w" and not styled:
            raise Unsupported(
                f"the generator of {run.path} has no w: that is the space of style generators, "
                "with a mapping and a synthesis network"
            )
        self.run = run
        self.name: SpaceName = "w" if styled and name != "z" else "z"

    @property
    def generator(self) -> nn.Module:
        """The run's generator at rest."""
        return self.run.generator

    @cached_property
    def device(self) -> torch.device:
        """The device of points and images."""
        return device_of(self.generator)

    @cached_property
    def dtype(self) -> torch.dtype:
        """The type of points, float32 or wider."""
        return torch.promote_types(next(self.generator.parameters()).dtype, torch.float32)

    @contextmanager
    def frozen(self, seed: int = 0) -> Iterator[None]:
        """A block in which the generator is fixed: no gradients for weights, no random noise."""
        with isolated(self.device), frozen(self.generator.parameters()):
            reseed(self.device, seed, "noise")
            yield

    def labels(self, labels: Tensor | int | None, n: int) -> Tensor | None:
        """Conditions of n images, on the device: those given, or all in turn; see `Run.sample`."""
        chosen = self.run.sampler.labels(labels, n)
        return None if chosen is None else chosen.to(self.device)

    @torch.no_grad()
    def draw(
        self, n: int, *, seed: int, labels: Tensor | None = None, truncation: float | None = None
    ) -> Tensor:
        """Draw n points: those of `Run.sample` with the same seed.

        Args:
            n: how many.
            seed: random seed of z.
            labels: `(n, …)` of a conditional generator.
            truncation: of z, as `Run.sample` has it; w moves towards its mean, and 0 is the mean.
        """
        own = truncation if self.name == "z" else None
        z = self.run.sampler.draw(n, seed=seed, truncation=own).to(self.device, self.dtype)
        if self.name == "z":
            return z
        w = self.styles(z, labels)
        return w if truncation is None else torch.lerp(self.mean, w, truncation)

    def styles(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """w `(N, L, D)` of z."""
        network = cast(StyleGenerator, self.generator)
        return network.mapping(z) if labels is None else network.mapping(z, labels)

    @cached_property
    def points(self) -> Tensor:
        """Points `(DRAWS, …)` of a fixed seed, with all conditions in turn."""
        labels = self.labels(None, DRAWS) if self.name == "w" else None
        return self.draw(DRAWS, seed=0, labels=labels)

    @cached_property
    def mean(self) -> Tensor:
        """The mean of the points."""
        return self.points.mean(0)

    def images(self, points: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images `(N, C, H, W)` of points, on the device; gradients flow to the points."""
        if self.name == "z":
            return self.run.latent.images(self.generator, points, labels)
        return cast(StyleGenerator, self.generator).synthesis(points)

    @torch.no_grad()
    def decode(self, points: Tensor, labels: Tensor | None = None, *, seed: int = 0) -> Tensor:
        """Images of points, float32 in [-1, 1] on the CPU, in chunks."""
        with self.frozen(seed):
            images = []
            for start in range(0, len(points), CHUNK):
                rows = slice(start, start + CHUNK)
                own = None if labels is None else labels[rows]
                images.append(self.images(points[rows], own).float().cpu())
        return torch.cat(images)

    def layers(self, chosen: tuple[int, ...] | None) -> tuple[int, ...] | None:
        """Check layers of w that a user chose.

        Raises:
            UsageError: w has no such layer, or the space is z.
        """
        if chosen is None:
            return None
        if self.name == "z":
            raise UsageError(f"{setting('layers')} are those of w; z is the same for all")
        count = self.points.shape[1]
        if not chosen or not all(0 <= layer < count for layer in chosen):
            raise UsageError(
                f"{setting('layers')} are some of 0 to {count - 1}, coarse to fine; got "
                f"{', '.join(map(str, chosen)) or 'none'}"
            )
        return tuple(sorted(set(chosen)))
