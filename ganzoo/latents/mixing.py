"""Style mixing: some layers of a generator by one w, the others by another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.errors import whole
from ganzoo.latents.space import Space
from ganzoo.run import Run


def mix(
    run: Run | str | Path,
    *,
    rows: int = 4,
    columns: int = 6,
    layers: Sequence[int] | None = None,
    seed: int = 0,
    labels: Tensor | int | None = None,
    truncation: float | None = None,
) -> Tensor:
    """Mix the styles of images (Karras et al. 2019, arXiv:1812.04948, section 3.1 and figure 3).

        images = ganzoo.mix("runs/faces", layers=range(4))
        ganzoo.save_grid(images.flatten(0, 1), "mix.png", columns=images.shape[1])

    Args:
        run: a run of a style generator, or its directory.
        rows: images that give the other layers: the first column.
        columns: images that give the chosen layers: the first row.
        layers: of w, from 0, coarse to fine; by default the first half, which is the coarse one.
        seed: random seed: the images of the first row, then of the first column, are those of
            `Run.sample`.
        labels: one for all images, or `(columns + rows, …)`; see `Run.sample`.
        truncation: moves w towards its mean: 0 is the mean image, 1 leaves w alone.

    Returns:
        float32 `(rows + 1, columns + 1, C, H, W)` in [-1, 1]; the corner is white.

    Raises:
        Unsupported: the generator is no style generator.
        UsageError: there is no such run, w has no such layer, a label is out of range, or a number
            is below 1 or too large for the memory.
    """
    # Styles of both kinds.
    run = run if isinstance(run, Run) else Run(run)
    space = Space(run, "w")
    chosen = space.layers(None if layers is None else tuple(layers))
    rows, columns = whole("rows", rows), whole("columns", columns)
    run.sampler.check_memory((rows + 1) * (columns + 1))
    n = columns + rows
    conditions = space.labels(labels, n)
    w = space.draw(n, seed=seed, labels=conditions, truncation=truncation)
    across, down = w[:columns], w[columns:]
    chosen = chosen or tuple(range(max(w.shape[1] // 2, 1)))

    # Each pair: the chosen layers of its column, the others of its row.
    mixed = down[:, None].repeat(1, columns, 1, 1)
    mixed[:, :, list(chosen)] = across[None, :, list(chosen)]
    images = space.decode(torch.cat([w, mixed.flatten(0, 1)]), seed=seed)

    # Arrange.
    sheet = images.new_ones(rows + 1, columns + 1, *images.shape[1:])
    sheet[0, 1:], sheet[1:, 0] = images[:columns], images[columns:n]
    sheet[1:, 1:] = images[n:].view(rows, columns, *images.shape[1:])
    return sheet
