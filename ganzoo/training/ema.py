"""The exponential moving average (EMA) of the generator, from which samples are drawn."""

from __future__ import annotations

from collections.abc import MutableMapping
from copy import deepcopy
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

STATISTICS = ("running_mean", "running_var")
"""Buffers that are averaged: the running statistics of batch norm."""


class Slot(NamedTuple):
    """Where a tensor is kept: a layer's table of parameters or buffers, and a name in it."""

    table: MutableMapping[str, Any]
    name: str
    averaged: bool


class MovingAverage(nn.Module):
    """An exponential moving average of parameters and batch norm's statistics, warmed up.

    The decay of the n-th update is `min(decay, (1 + n) / (10 + n))`, so that the first samples
    are not those of the initial weights. Other buffers are copied: an average of vectors of
    length 1, as spectral norm keeps them, is shorter than 1.

    torch's `AveragedModel` walks through both networks at each update, which takes longer than the
    update itself; this one remembers where each tensor is.

    Args:
        generator: what is averaged; its average is `module`, in evaluation mode.
        decay: in [0, 1); 0 follows the generator exactly.
    """

    n_averaged: Tensor

    def __init__(self, generator: nn.Module, decay: float) -> None:
        super().__init__()
        self.module = deepcopy(generator)
        self.register_buffer("n_averaged", torch.tensor(0))
        self.decay = decay
        self._pairs = list(zip(_slots(self.module), _slots(generator), strict=True))
        self.eval()

    @torch.no_grad()
    def update(self) -> None:
        """Move the average towards the generator as it is now."""
        n = int(self.n_averaged)  # on the CPU, wherever the weights are
        decay = min(self.decay, (1 + n) / (10 + n)) if n else 0.0
        averages: dict[torch.dtype, list[Tensor]] = {}
        currents: dict[torch.dtype, list[Tensor]] = {}
        for to, source in self._pairs:
            average, current = to.table[to.name], source.table[source.name]
            if decay and source.averaged and average.is_floating_point():
                averages.setdefault(average.dtype, []).append(average)
                currents.setdefault(average.dtype, []).append(current)
            else:
                average.copy_(current)
        for dtype, tensors in averages.items():
            torch._foreach_lerp_(tensors, currents[dtype], 1 - decay)
        self.n_averaged += 1


def _slots(network: nn.Module) -> list[Slot]:
    """Where weights and buffers are kept, each tensor once; a layer may replace the tensor."""
    slots: dict[int, Slot] = {}
    for layer in network.modules():
        for table, are_parameters in ((layer._parameters, True), (layer._buffers, False)):
            for name, tensor in table.items():
                if tensor is not None:
                    averaged = are_parameters or name in STATISTICS
                    slots.setdefault(id(tensor), Slot(table, name, averaged))
    return list(slots.values())
