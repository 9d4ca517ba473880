"""Term buffer: the loss terms since the last line of the log, each value with its step."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

TermBufferState = dict[str, tuple[list[int], Tensor]]
"""The steps and the values `(N,)` of each term, as a checkpoint stores them."""


class TermBuffer:
    """Collects terms on the device, without waiting for it, until the next line of the log."""

    def __init__(self) -> None:
        self._values: dict[str, list[tuple[int, Tensor]]] = {}

    def __bool__(self) -> bool:
        return bool(self._values)

    def add(self, step: int, terms: Mapping[str, Tensor]) -> None:
        """Add the terms of one step."""
        for name, value in terms.items():
            self._values.setdefault(name, []).append((step, value))

    def first_step(self) -> int | None:
        """Return the earliest step in the buffer; None if it is empty."""
        return min((pairs[0][0] for pairs in self._values.values()), default=None)

    def clear(self) -> None:
        """Remove all terms."""
        self._values = {}

    def means(self) -> dict[str, float]:
        """Return the mean of each term."""
        return {name: math.fsum(values) / len(values) for name, (_, values) in self._read().items()}

    def extremes(self) -> dict[str, float]:
        """Return the largest finite magnitude of each term."""
        return {
            name: max((abs(value) for value in values if math.isfinite(value)), default=0.0)
            for name, (_, values) in self._read().items()
        }

    def first_nonfinite(self) -> tuple[int, str, float] | None:
        """Return step, name and value of the earliest term that is not finite, if any."""
        nonfinite = [
            (step, name, value)
            for name, (steps, values) in self._read().items()
            for step, value in zip(steps, values, strict=True)
            if not math.isfinite(value)
        ]
        return min(nonfinite, default=None, key=lambda entry: entry[0])

    def state_dict(self) -> TermBufferState:
        """Return the terms as a checkpoint stores them."""
        return {
            name: ([step for step, _ in pairs], torch.stack([value for _, value in pairs]).cpu())
            for name, pairs in self._values.items()
        }

    def load_state_dict(self, state: TermBufferState) -> None:
        """Load the terms of a `state_dict`."""
        self._values = {
            name: list(zip(steps, values.unbind(), strict=True))
            for name, (steps, values) in state.items()
        }

    def _read(self) -> dict[str, tuple[list[int], list[float]]]:
        """Read all terms as numbers; the device is waited for once per term."""
        read = {}
        for name, pairs in self._values.items():
            values = torch.stack([value for _, value in pairs]).tolist()
            read[name] = ([step for step, _ in pairs], values)
        return read
