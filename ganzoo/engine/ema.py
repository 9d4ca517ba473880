"""The generator's exponential moving average, which is what samples are drawn from."""

from __future__ import annotations

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

ParamList = tuple[Tensor, ...] | list[Tensor]


def make_ema(generator: nn.Module, decay: float) -> AveragedModel:
    """A moving average of weights and buffers, warmed up.

    The decay of the n-th update is `min(decay, (1 + n) / (10 + n))`, so that the first samples
    are not those of the initial weights. A decay of 0 follows the generator exactly.
    """

    def average(averaged: ParamList, current: ParamList, n: Tensor | int) -> None:
        count = int(n)
        update = get_ema_multi_avg_fn(min(decay, (1 + count) / (10 + count)))  # type: ignore[no-untyped-call]
        update(averaged, current, n)

    return AveragedModel(generator, multi_avg_fn=average, use_buffers=True).eval()
