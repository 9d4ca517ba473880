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
    layers = [layer for layer in network.modules() if list(layer.parameters(recurse=False))]
    if count >= len(layers):
        raise UsageError(
            f"{setting('freeze_layers', count)} leaves nothing to train: the discriminator has "
            f"{len(layers)} layers with parameters"
        )
    for layer in layers[:count]:
        for parameter in layer.parameters(recurse=False):
            parameter.requires_grad_(False)


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
