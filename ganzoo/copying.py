"""Copies of networks, whenever they are made."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import TypeVar

from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


def copied(network: Network, shared: Iterable[Tensor] = ()) -> Network:
    """A deep copy of a network, also after a forward pass that left a tensor with a graph in it.

    torch copies no tensor with a graph, and the older `torch.nn.utils.spectral_norm` keeps one as
    `layer.weight`. The copy has its values without the graph, until its own next forward pass.

    Args:
        network: is not changed.
        shared: its tensors that the copy is to share.
    """
    computed = [
        value
        for layer in network.modules()
        for value in vars(layer).values()
        if isinstance(value, Tensor) and not value.is_leaf
    ]
    known = {id(tensor): tensor.detach().clone() for tensor in computed}
    return deepcopy(network, known | {id(tensor): tensor for tensor in shared})
