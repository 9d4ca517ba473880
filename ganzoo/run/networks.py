"""Networks of a run: built from its random seed, and summarized layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import type_before_parametrizations

from ganzoo.copying import copied_to, of_shapes
from ganzoo.discovery import registry
from ganzoo.discovery.host import Component
from ganzoo.interfaces.architecture import Architecture, Demands, Networks
from ganzoo.interfaces.constraint import Constraint, wrap
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.randomness import isolated, reseed


def build_networks(
    architecture: Architecture,
    component: Component,
    image: ImageSpec,
    demands: Demands,
    seed: int,
    constraints: Mapping[str, Constraint] | None = None,
) -> Networks:
    """Build the networks from the run's seed, and let constraints wrap their layers.

    An exception names the plugin that raised it.
    """
    cpu = torch.device("cpu")
    with isolated(cpu):
        reseed(cpu, seed, "initialization")
        with registry.blame(component):
            networks = Networks(*architecture.build(image, demands))
        reseed(cpu, seed, "constraints")
        wrap(networks, constraints or {})
        return networks


@dataclass(frozen=True)
class Stage:
    """A layer: name, type, output shape for one image, number of trainable parameters."""

    name: str
    layer: str
    shape: tuple[int, ...]
    parameters: int


def count_parameters(network: nn.Module) -> int:
    """Count the trainable parameters of a network."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def stages(network: nn.Module, inputs: Sequence[Tensor]) -> list[Stage]:
    """Run a copy of a network once and list its layers, without those that contain others.

    Args:
        network: is not changed.
        inputs: its arguments, for a batch of at least two.
    """

    def on(device: torch.device) -> list[Stage]:
        return _stages(copied_to(network, device), [each.to(device) for each in inputs])

    return of_shapes(on, [network], inputs[0].device)


@torch.no_grad()
def _stages(network: nn.Module, inputs: Sequence[Tensor]) -> list[Stage]:
    """Run a network once, with hooks that stay."""
    listed: list[Stage] = []

    # Hook into every innermost layer.
    def add_hook(name: str, layer: nn.Module) -> None:
        def hook(_: nn.Module, __: object, output: object) -> None:
            if isinstance(output, Tensor):
                shape = tuple(output.shape[1:])
                kind = type_before_parametrizations(layer).__name__
                listed.append(Stage(name, kind, shape, count_parameters(layer)))

        layer.register_forward_hook(hook)

    for name, layer in network.named_modules():
        inner = [child for child, _ in layer.named_children() if child != "parametrizations"]
        if not inner and "parametrizations" not in name.split("."):
            add_hook(name, layer)

    # Run the network.
    network(*inputs)
    return listed
