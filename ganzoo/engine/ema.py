"""The generator's exponential moving average, which is what samples are drawn from."""

from __future__ import annotations

from collections.abc import MutableMapping
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

Slot = tuple[MutableMapping[str, Any], str]


class MovingAverage(nn.Module):
    """A moving average of weights and buffers, warmed up.

    The decay of the n-th update is `min(decay, (1 + n) / (10 + n))`, so that the first samples
    are not those of the initial weights. What is no floating-point number is copied.

    torch's `AveragedModel` walks through both networks at each update, which takes longer than the
    update itself; this one remembers where everything is.

    Args:
        generator: what is averaged; its average is `module`, in evaluation mode.
        decay: in [0, 1]; 0 follows the generator exactly.
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
        """Take in the generator as it is now."""
        n = int(self.n_averaged)  # on the CPU, wherever the weights are
        decay = min(self.decay, (1 + n) / (10 + n)) if n else 0.0
        floats: dict[torch.dtype, tuple[list[Tensor], list[Tensor]]] = {}
        for (mine, key), (its, name) in self._pairs:
            averaged, current = mine[key], its[name]
            if decay and averaged.is_floating_point():
                averages, news = floats.setdefault(averaged.dtype, ([], []))
                averages.append(averaged)
                news.append(current)
            else:
                averaged.copy_(current)
        for averages, news in floats.values():
            torch._foreach_lerp_(averages, news, 1 - decay)
        self.n_averaged += 1


def _slots(network: nn.Module) -> list[Slot]:
    """Where its weights and buffers are kept, each tensor once; a layer may put in another."""
    slots: dict[int, Slot] = {}
    for layer in network.modules():
        for kept in (layer._parameters, layer._buffers):
            for name, tensor in kept.items():
                if tensor is not None:
                    slots.setdefault(id(tensor), (kept, name))
    return list(slots.values())
