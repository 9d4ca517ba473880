"""The exponential moving average (EMA) of the generator, from which samples are drawn."""

from __future__ import annotations

import math
from collections.abc import MutableMapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ganzoo.config import TrainingConfig
from ganzoo.copying import copied
from ganzoo.interfaces.schedule import Progress, value_at

STATISTICS = ("running_mean", "running_var")
"""Buffers that are averaged: the running statistics of batch norm."""


class Slot(NamedTuple):
    """Where a tensor is kept: a layer's table of parameters or buffers, and a name in it."""

    table: MutableMapping[str, Any]
    name: str
    averaged: bool


class MovingAverage(nn.Module):
    """An exponential moving average of parameters and batch norm's statistics.

    With warm-up the decay of the n-th update is `min(decay, (1 + n) / (10 + n))`, so that the first
    samples are not those of the initial weights. Other buffers are copied: an average of vectors
    of length 1, as spectral norm keeps them, is shorter than 1. Parameters that do not require
    gradients are shared with the generator.

    torch's `AveragedModel` walks through both networks at each update, which takes longer than the
    update itself; this one remembers where each tensor is.

    Args:
        generator: what is averaged; its average is `module`, in evaluation mode.
        decay: in [0, 1); 0 follows the generator exactly. It may be changed between updates.
        warm_up: whether the first updates have a smaller decay.
    """

    n_averaged: Tensor

    def __init__(self, generator: nn.Module, decay: float, *, warm_up: bool = True) -> None:
        super().__init__()
        frozen = [p for p in generator.parameters() if not p.requires_grad]
        self.module = copied(generator, shared=frozen)
        self.register_buffer("n_averaged", torch.tensor(0))
        self.decay = decay
        self.warm_up = warm_up
        self._pairs = list(zip(_slots(self.module), _slots(generator), strict=True))
        self.eval()

    @torch.no_grad()
    def update(self) -> None:
        """Move the average towards the generator as it is now."""
        n = int(self.n_averaged)  # on the CPU, wherever the weights are
        decay = min(self.decay, (1 + n) / (10 + n)) if self.warm_up else self.decay
        if not n:
            decay = 0.0
        averages: dict[torch.dtype, list[Tensor]] = {}
        currents: dict[torch.dtype, list[Tensor]] = {}
        for to, source in self._pairs:
            average, current = to.table[to.name], source.table[source.name]
            if average is current:  # a frozen part, or shared weights
                continue
            if decay and source.averaged and average.is_floating_point():
                averages.setdefault(average.dtype, []).append(average)
                currents.setdefault(average.dtype, []).append(current)
            else:
                average.copy_(current)
        for dtype, tensors in averages.items():
            torch._foreach_lerp_(tensors, currents[dtype], 1 - decay)
        self.n_averaged += 1


def decay_at(training: TrainingConfig, progress: Progress) -> float:
    """The decay of the EMA at a progress.

    With a half-life it is `0.5 ** (images of a step / half-life)`, the half-life bounded by
    `ema_rampup` times the images so far (Karras et al. 2020, StyleGAN2-ADA).
    """
    if progress.step < training.ema_start:
        return 0.0
    if training.ema_halflife is None:
        return value_at(training.ema_decay, progress)
    halflife = 1000 * value_at(training.ema_halflife, progress)
    if training.ema_rampup is not None:
        halflife = min(halflife, training.ema_rampup * progress.images)
    return math.pow(0.5, training.images_per_step / max(halflife, 1e-8))


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
