"""The buffer of loss terms since the last line of the log, each value with its step."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

TermBufferState = dict[str, tuple[list[int], Tensor]]
"""Of each term, the steps and the values `(N,)`: what a checkpoint keeps of it."""


class TermBuffer:
    """Collects terms on the device, without waiting for it, until a line of the log is due."""

    def __init__(self) -> None:
        self._values: dict[str, list[tuple[int, Tensor]]] = {}

    def __bool__(self) -> bool:
        return bool(self._values)

    def add(self, step: int, terms: Mapping[str, Tensor]) -> None:
        """The terms of one step."""
        for name, value in terms.items():
            self._values.setdefault(name, []).append((step, value))

    def first_step(self) -> int | None:
        """The earliest step it holds."""
        return min((pairs[0][0] for pairs in self._values.values()), default=None)

    def clear(self) -> None:
        """Begin the next line."""
        self._values = {}

    def means(self) -> dict[str, float]:
        """The mean of each term."""
        return {name: math.fsum(v) / len(v) for name, (_, v) in self._read().items()}

    def extremes(self) -> dict[str, float]:
        """The largest finite magnitude of each term."""
        return {
            name: max((abs(v) for v in values if math.isfinite(v)), default=0.0)
            for name, (_, values) in self._read().items()
        }

    def first_broken(self) -> tuple[int, str, float] | None:
        """Step, name and value of the earliest term that is not finite."""
        broken = [
            (step, name, value)
            for name, (steps, values) in self._read().items()
            for step, value in zip(steps, values, strict=True)
            if not math.isfinite(value)
        ]
        return min(broken, default=None, key=lambda found: found[0])

    def state_dict(self) -> TermBufferState:
        """What a checkpoint keeps."""
        return {
            name: ([step for step, _ in pairs], torch.stack([value for _, value in pairs]).cpu())
            for name, pairs in self._values.items()
        }

    def load_state_dict(self, state: TermBufferState) -> None:
        """Resume from a `state_dict`."""
        self._values = {
            name: list(zip(steps, values.unbind(), strict=True))
            for name, (steps, values) in state.items()
        }

    def _read(self) -> dict[str, tuple[list[int], list[float]]]:
        """Everything as numbers; a device is waited for once a term."""
        read = {}
        for name, pairs in self._values.items():
            values = torch.stack([value for _, value in pairs]).tolist()
            read[name] = ([step for step, _ in pairs], values)
        return read
