"""Directions of latent space that change images most, in closed form (SeFa)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.errors import Unsupported, UsageError, setting, shown, whole
from ganzoo.latents.first_layers import first_layers
from ganzoo.latents.space import Space
from ganzoo.run import Run


@dataclass(frozen=True)
class Directions:
    """Directions of a latent space, the one that changes images most first.

    Attributes:
        vectors: `(n, D)`, of length 1 and orthogonal to each other.
        values: `(n,)`, eigenvalues of A^T A: the squared change of the first layers by a vector.
        scales: `(n,)`, standard deviations of random points along the vectors.
        space: the latent space; `space.name` is `"z"` or `"w"`.
        layers: of w that are moved; None for all.
    """

    vectors: Tensor
    values: Tensor
    scales: Tensor
    space: Space
    layers: tuple[int, ...] | None = None

    def moved(self, points: Tensor, k: int, amounts: Tensor | float) -> Tensor:
        """Move points along a direction.

        Args:
            points: z `(N, latent_dim)` or w `(N, L, D)`.
            k: number of the direction, from 0.
            amounts: how far, `(N,)` or one for all, in standard deviations of random points.
        """
        far = torch.as_tensor(amounts, dtype=points.dtype, device=points.device).expand(len(points))
        step = far[:, None] * (self.scales[k] * self.vectors[k]).to(points)
        if points.ndim == 2:
            return points + step
        moved = points.clone()
        moved[:, list(self.layers or range(points.shape[1]))] += step[:, None]
        return moved

    def images(
        self,
        amounts: Sequence[float] = (-3, -2, -1, 0, 1, 2, 3),
        *,
        seed: int = 0,
        labels: Tensor | int | None = None,
        truncation: float | None = None,
    ) -> Tensor:
        """Images of one point that is moved along each direction.

        Args:
            amounts: in standard deviations.
            seed: random seed of the point, which is that of `run.sample(1)`.
            labels: see `Run.sample`.
            truncation: see `Run.sample`; w moves towards its mean.

        Returns:
            float32 `(n, len(amounts), C, H, W)` in [-1, 1].

        Raises:
            UsageError: as for `Run.sample`; an amount is not finite, or there is none.
        """
        if not len(amounts) or not all(map(math.isfinite, amounts)):
            raise UsageError(f"amounts are finite numbers, at least one; got {shown(amounts)}")
        self.space.run.sampler.check_memory(len(self.vectors) * len(amounts))
        start = self.space.labels(labels, 1)
        point = self.space.draw(1, seed=seed, labels=start, truncation=truncation)
        shape = (len(self.vectors), len(amounts))
        repeated = point.repeat(len(amounts), *(1,) * (point.ndim - 1))
        points = [self.moved(repeated, k, torch.tensor(amounts)) for k in range(shape[0])]
        conditions = None if start is None else start.repeat_interleave(shape[0] * shape[1], 0)
        images = self.space.decode(torch.cat(points), conditions, seed=seed)
        return images.view(*shape, *images.shape[1:])


def directions(
    run: Run | str | Path,
    n: int = 5,
    *,
    space: str | None = None,
    layers: Sequence[int] | None = None,
) -> Directions:
    """Find directions by closed-form factorization (SeFa, Shen & Zhou 2021, arXiv:2007.06600).

        images = ganzoo.directions("runs/first").images()
        ganzoo.save_grid(images.flatten(0, 1), "directions.png", columns=images.shape[1])

    The first layers that a latent enters are affine, y = A z + b. The directions are eigenvectors
    of A^T A with the largest eigenvalues: unit vectors that change y most. No training, no labels
    and no sample is used. A joins all layers whose input is z, or in w the layers that read it.

    Args:
        run: a run or its directory.
        n: how many, at most the length of the latent.
        space: `"z"`, or `"w"` of a style generator, which is its default.
        layers: of w to find directions for, and to move; by default all.

    Raises:
        UsageError: there is no such run or space, n is out of range, or w has no such layer.
        Unsupported: the generator has no w, or no affine layer reads the latent.
    """
    # A of all first layers, `(outputs, D)`.
    run = run if isinstance(run, Run) else Run(run)
    of = Space(run, space)
    chosen = of.layers(None if layers is None else tuple(layers))
    length = of.points.shape[-1]
    if whole("n", n) > length:
        raise UsageError(
            f"{of.name} of {run.path} has {length} coordinates, and as many directions; got "
            f"{setting('n', n)}"
        )
    maps = first_layers(of, chosen)
    if not maps:
        raise Unsupported(
            f"no affine layer of the generator of {run.path} reads {of.name} as it is, so it has "
            "no directions in closed form"
        )

    # Eigenvectors of A^T A; the largest coordinate of each is positive.
    matrix = torch.cat(maps).cpu().double()  # some devices lack float64
    values, vectors = torch.linalg.eigh(matrix.T @ matrix)
    values, vectors = values.flip(0)[:n], vectors.T.flip(0)[:n]
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    vectors = vectors * largest.sign()

    # How far random points reach along them.
    points = of.points if of.points.ndim == 2 else of.points[:, (chosen or (0,))[0]]
    scales = (points.cpu().double() @ vectors.T).std(0)
    vectors, values, scales = (t.float().cpu() for t in (vectors, values, scales))
    return Directions(vectors, values, scales, of, chosen)
