"""Networks of a run: building them from its random seed, and a summary of their layers."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganzoo.discovery import registry
from ganzoo.discovery.host import Component
from ganzoo.interfaces.architecture import Architecture, Demands, Networks
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.randomness import isolated, reseed


def build_networks(
    architecture: Architecture,
    component: Component,
    image: ImageSpec,
    demands: Demands,
    seed: int,
) -> Networks:
    """Build the networks from the run's seed; an exception names the plugin it came from."""
    cpu = torch.device("cpu")
    with isolated(cpu), registry.blame(component):
        reseed(cpu, seed, "initialization")
        return Networks(*architecture.build(image, demands))


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
