"""Freezing parameters: gradients flow through them, not into them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch import nn

from ganzoo.errors import UsageError, setting


def freeze_first_layers(network: nn.Module, count: int) -> None:
    """Freeze the first layers that have parameters of their own, for good.

    Raises:
        UsageError: the network has no further layer that would be trained.
    """
    layers = [own for name, layer in network.named_modules() if (own := _own(name, layer))]
    if count >= len(layers):
        raise UsageError(
            f"{setting('freeze_layers', count)} leaves nothing to train: the discriminator has "
            f"{len(layers)} layers with parameters"
        )
    for parameters in layers[:count]:
        for parameter in parameters:
            parameter.requires_grad_(False)


def _own(name: str, layer: nn.Module) -> list[nn.Parameter]:
    """The parameters of a layer itself, those that parametrizations wrap included."""
    if "parametrizations" in name.split("."):
        return []
    wrapped = getattr(layer, "parametrizations", None)
    return [*layer.parameters(recurse=False), *(wrapped.parameters() if wrapped else ())]


@contextmanager
def frozen(parameters: Iterable[nn.Parameter]) -> Iterator[None]:
    """Freeze the parameters while the block runs; those frozen before stay so."""
    trainable = [p for p in parameters if p.requires_grad]
    for parameter in trainable:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)
