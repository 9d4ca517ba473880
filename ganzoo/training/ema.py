"""The exponential moving average (EMA) of the generator, from which samples are drawn."""

from __future__ import annotations

from collections.abc import MutableMapping
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

Slot = tuple[MutableMapping[str, Any], str]
"""A layer's table of parameters or buffers, and the name of one of them."""


class MovingAverage(nn.Module):
    """An exponential moving average of weights and buffers, warmed up.

    The decay of the n-th update is `min(decay, (1 + n) / (10 + n))`, so that the first samples
    are not those of the initial weights. Integer buffers are copied.

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
        for (average_table, average_name), (table, name) in self._pairs:
            average, current = average_table[average_name], table[name]
            if decay and average.is_floating_point():
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
        for table in (layer._parameters, layer._buffers):
            for name, tensor in table.items():
                if tensor is not None:
                    slots.setdefault(id(tensor), (table, name))
    return list(slots.values())
