"""Progress bar: shows a training in a terminal or a notebook, for a library user."""

from __future__ import annotations

import time
from collections.abc import Mapping

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from torch import Tensor

from ganzoo.interfaces.observer import Observer, TrainerState

REFRESH = 0.25
"""Seconds between two looks at the loss; each waits for the device."""


class ProgressBar(Observer):
    """Shows steps, time left and loss terms: `trainer.fit(1000, [ganzoo.ProgressBar()])`.

    Args:
        console: where it is drawn; standard error if None.
    """

    def __init__(self, console: Console | None = None) -> None:
        super().__init__()
        self._bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=console or Console(stderr=True),
        )

    def started(self, trainer: TrainerState, steps: int) -> None:
        """Show the bar."""
        self._shown, self._total = time.perf_counter(), steps
        self._task = self._bar.add_task("", total=steps, completed=trainer.step, note="")
        self._bar.start()

    def step(self, trainer: TrainerState, terms: Mapping[str, Tensor]) -> None:
        """Show step and loss terms, if enough time has passed."""
        now = time.perf_counter()
        if now - self._shown < REFRESH and trainer.step < self._total:
            return
        self._shown = now
        note = "  ".join(f"{name} {float(value):.3f}" for name, value in terms.items())
        self._bar.update(self._task, completed=trainer.step, note=note)

    def finished(self, trainer: TrainerState) -> None:
        """Leave the bar as it is."""
        self._bar.stop()

    def failed(self, trainer: TrainerState, error: BaseException) -> None:
        """Leave the bar as it is."""
        self._bar.stop()
