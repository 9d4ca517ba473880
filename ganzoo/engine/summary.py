"""What a network looks like from outside: parameter counts and the shape of each stage."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Stage:
    """One layer: where it is, what it is, the shape it puts out for one image, its parameters."""

    name: str
    layer: str
    shape: tuple[int, ...]
    parameters: int


def count_parameters(network: nn.Module) -> int:
    """How many trainable numbers a network has."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


@torch.no_grad()
def stages(network: nn.Module, inputs: Sequence[Tensor]) -> list[Stage]:
    """Run a copy of a network once and note every layer that has no layers inside.

    Args:
        network: left as it is.
        inputs: its arguments, for a batch of at least two.
    """
    network = deepcopy(network)
    seen: list[Stage] = []

    def note(name: str, layer: nn.Module) -> None:
        def hook(_: nn.Module, __: object, output: object) -> None:
            if isinstance(output, Tensor):
                shape = tuple(output.shape[1:])
                seen.append(Stage(name, type(layer).__name__, shape, count_parameters(layer)))

        layer.register_forward_hook(hook)

    for name, layer in network.named_modules():
        if not any(layer.children()):
            note(name, layer)
    network(*inputs)
    return seen
