"""Copies of networks, whenever they are made, and copies without values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)

T = TypeVar("T")

FEW = 500_000
"""Parameters of small networks. `meta` runs in Python, which takes longer than their values do."""


def of_shapes(
    compute: Callable[[torch.device], T], networks: Iterable[nn.Module], device: torch.device
) -> T:
    """Compute what depends on shapes alone, for large networks on torch's device `meta`.

    It computes no values. A network that reads values, or keeps tensors that are no parameters and
    buffers, fails there. Then, and for its error message, it is computed on the given device. So it
    is for small networks, which take less time there unless images are large.

    Args:
        compute: places copies of networks, and their inputs, on the device that it gets.
        networks: that it copies.
        device: of the networks.
    """
    if sum(p.numel() for network in networks for p in network.parameters()) <= FEW:
        return compute(device)
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
    return _copied(network, {id(tensor): tensor for tensor in shared})


def copied_to(network: Network, device: torch.device | None) -> Network:
    """A copy on a device, or on that of the network if None; no values are copied to `meta`."""
    if device is None or device.type != "meta":
        return copied(network).to(device)
    tensors = (*network.parameters(), *network.buffers())
    return _copied(network, {id(tensor): _without_values(tensor) for tensor in tensors})


def _without_values(tensor: Tensor) -> Tensor:
    """A tensor of this shape on `meta`; of a parameter, a parameter."""
    empty = tensor.detach().to("meta")
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(empty, requires_grad=tensor.requires_grad)
    return empty


def _copied(network: Network, replaced: dict[int, Tensor]) -> Network:
    """A deep copy that has other tensors in place of those with these `id`s."""
    computed = [
        value
        for layer in network.modules()
        for value in vars(layer).values()
        if isinstance(value, Tensor) and not value.is_leaf
    ]
    known = {id(tensor): tensor.detach().clone() for tensor in computed}
    return deepcopy(network, known | replaced)
