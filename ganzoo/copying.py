"""Copies of networks, whenever they are made, and copies without values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)

T = TypeVar("T")


def of_shapes(compute: Callable[[torch.device], T], device: torch.device) -> T:
    """Compute what depends on shapes alone: on torch's device `meta`, which computes no values.

    A network that reads values, or keeps tensors that are no parameters and buffers, fails there.
    Then, and for its error message, it is computed on the given device.

    Args:
        compute: places copies of networks, and their inputs, on the device that it gets.
        device: of the networks.
    """
    try:
        return compute(torch.device("meta"))
    except Exception:
        return compute(device)


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
