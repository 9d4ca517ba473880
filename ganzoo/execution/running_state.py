"""State that losses, penalties and augmentations change, over micro-batches and processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ganzoo.execution import distributed


class RunningState:
    """Buffers that the micro-batches of one update change.

    Each micro-batch starts from the values before the update. Then every buffer becomes the mean
    over all micro-batches of all processes. So a moving average of means over the batch changes as
    in one pass of the whole batch. Integers, such as a count of updates, are alike in all of them.

    Args:
        modules: with the buffers.
    """

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        self.modules = modules
        self._before = [buffer.clone() for buffer in self._buffers()]
        self._after: list[list[Tensor]] = []

    def _buffers(self) -> list[Tensor]:
        """The buffers as they are now; a module may have replaced the tensor."""
        return [buffer for module in self.modules for buffer in module.buffers()]

    @torch.no_grad()
    def restore(self) -> None:
        """Set the buffers to their values before the update."""
        for buffer, value in zip(self._buffers(), self._before, strict=True):
            buffer.copy_(value)

    @contextmanager
    def values_before(self) -> Iterator[None]:
        """Run a block with the values before the update, behind autograd's back.

        Compiled code may compute parts of the forward pass again in the backward pass, and torch
        2.14 then reads a buffer that the forward pass has changed.
        """
        after = [buffer.clone() for buffer in self._buffers()]
        for buffer, value in zip(self._buffers(), self._before, strict=True):
            buffer.data.copy_(value)
        try:
            yield
        finally:
            for buffer, value in zip(self._buffers(), after, strict=True):
                buffer.data.copy_(value)

    def record(self) -> None:
        """Keep what a micro-batch made of them."""
        self._after.append([buffer.detach().clone() for buffer in self._buffers()])

    @torch.no_grad()
    def merge(self) -> None:
        """Set the buffers to their means over all micro-batches."""
        for buffer, values in zip(self._buffers(), zip(*self._after, strict=True), strict=True):
            if buffer.is_floating_point():
                every = distributed.gather(torch.stack(values))
                # Differences: what no micro-batch changes stays the same to the bit.
                changes = torch.where(every == every[0], 0, every - every[0])
                buffer.copy_(every[0] + changes.mean(0))
