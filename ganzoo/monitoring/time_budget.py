"""The time budget: ends a training after some minutes, at a step that all processes agree on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from torch import Tensor

from ganzoo.interfaces.observer import Observer, TrainerState


class TimeBudget(Observer):
    """Ends a training after the first step at which its time has passed.

    Args:
        minutes: from the start of `fit`; infinite for no limit.
        stop: the trainer's: `fit` then ends in all processes after the same step.
    """

    def __init__(self, minutes: float, stop: Callable[[], None]) -> None:
        super().__init__()
        self._minutes, self._stop = minutes, stop

    def started(self, trainer: TrainerState, steps: int) -> None:
        """Start the clock."""
        self._end = time.perf_counter() + 60 * self._minutes

    def step(self, trainer: TrainerState, terms: Mapping[str, Tensor]) -> None:
        """Stop if the time has passed."""
        if time.perf_counter() >= self._end:
            self._stop()
