"""First layers: the affine layers that read a latent as it is, found by running the generator.

No layer is known by its type. A layer reads the latent if each number of its input is constant or
moves as a coordinate of the latent does; it is affine if its outputs say so; and its matrix is what
it makes of unit vectors. So linear, convolutional and modulation layers are found, with equalized
learning rates or spectral normalization, with an embedding added to z or beside it, and with z in
chunks.
"""

from __future__ import annotations

from contextlib import ExitStack

import torch
from torch import Tensor, nn

from ganzoo.latents.space import Space

ROWS = 256
"""Unit vectors that a layer is run on at once."""

TOLERANCE = 1e-4
"""Largest relative difference of an affine layer from its matrix."""


@torch.no_grad()
def first_layers(space: Space, layers: tuple[int, ...] | None = None) -> list[Tensor]:
    """Matrices `(outputs, D)` of the affine layers that read z, or w of some layers."""
    # A point, and two moved ones: each coordinate has steps of its own.
    rng = torch.Generator().manual_seed(0)
    count = space.points[0].numel()
    steps = torch.linspace(0.5, 1.5, count).repeat(2, 1)
    steps[1] = steps[1, torch.randperm(count, generator=rng)]
    point = torch.randn(1, count, generator=rng)
    rows = torch.cat([point, point + steps]).to(space.device, space.dtype)
    points = rows.view(3, *space.points.shape[1:])

    # The innermost layers that read them.
    found: dict[nn.Module, Tensor] = {}
    with space.frozen():
        for module, x in reversed(_inputs(space, points).items()):
            if any(inner in found for inner in module.modules()):
                continue
            columns = _columns(x, points, layers)
            if columns is not None and _is_affine(module, x[:1], columns):
                found[module] = _matrix(module, x[:1], columns)
    return list(found.values())


def _inputs(space: Space, points: Tensor) -> dict[nn.Module, Tensor]:
    """Inputs of the modules that have parameters and read one tensor, outer ones first."""
    inputs: dict[nn.Module, Tensor] = {}

    def note(module: nn.Module, arguments: tuple[object, ...]) -> None:
        match arguments:
            case (Tensor() as x,) if x.is_floating_point() and len(x) == len(points):
                inputs.setdefault(module, x.clone())

    start = space.labels(None, 1)
    with ExitStack() as hooks, space.frozen():
        for module in space.generator.modules():
            if any(True for _ in module.parameters()):
                hooks.enter_context(module.register_forward_pre_hook(note))
        space.images(points, None if start is None else start.repeat_interleave(len(points), 0))
    return inputs


def _columns(x: Tensor, points: Tensor, layers: tuple[int, ...] | None) -> Tensor | None:
    """Which coordinate of the latent each number of an input is, `(numbers, D)` of 0 and 1.

    None if it depends on the latent in another way, or not at all.
    """
    # The steps of each number, and the coordinate that has the first of them.
    rows, coordinates = x.reshape(len(x), -1), points.flatten(1).to(x.dtype)
    steps, known = rows[1:] - rows[0], coordinates[1:] - coordinates[0]
    last = known.shape[1] - 1
    place = ((steps[0] - 0.5) * last).round().clamp(0, last).nan_to_num().long()

    # All others must be constant.
    varies = (steps.abs() > 0.25).any(0)
    expected = known[:, place] * varies
    if not varies.any() or (steps - expected).abs().max() > min(1e-3, 0.25 / max(last, 1)):
        return None

    # Layers of w: numbers of others count as constant.
    length = points.shape[-1]
    layer, coordinate = place // length, place % length
    if layers is not None:
        varies &= torch.isin(layer, torch.tensor(layers, device=layer.device))
    columns = nn.functional.one_hot(coordinate, length).to(x.dtype) * varies[:, None]
    return columns if varies.any() else None


def _is_affine(module: nn.Module, start: Tensor, columns: Tensor) -> bool:
    """Whether a layer makes of a sum of moves the sum of what it makes of each, which is not 0."""
    rng = torch.Generator().manual_seed(1)
    first, second = torch.randn(2, columns.shape[1], generator=rng).to(columns)
    moves = torch.stack([torch.zeros_like(first), first, second, first + second])
    outputs = module(_moved(start, columns, moves))
    if not isinstance(outputs, Tensor) or len(outputs) != len(moves):
        return False
    base, one, other, both = outputs.flatten(1)
    difference = (one + other - base - both).abs().max().item()
    spread = (torch.stack([one, other, both]) - base).abs().max().item()
    return bool(spread > 0 and difference <= TOLERANCE * spread)


def _matrix(module: nn.Module, start: Tensor, columns: Tensor) -> Tensor:
    """The matrix `(outputs, D)` of an affine layer: what it makes of unit vectors.

    Args:
        module: the layer.
        start: an input `(1, …)`.
        columns: see `_columns`.
    """
    units = torch.eye(columns.shape[1]).to(columns)
    outputs = [module(_moved(start, columns, rows)).flatten(1) for rows in torch.split(units, ROWS)]
    base: Tensor = module(start)
    return (torch.cat(outputs) - base.flatten(1)).T


def _moved(start: Tensor, columns: Tensor, moves: Tensor) -> Tensor:
    """An input `(N, …)` whose latent is moved by `(N, D)`."""
    return start + (moves @ columns.T).view(-1, *start.shape[1:])
