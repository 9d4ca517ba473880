"""Progress of training: a live bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from torch import Tensor

from ganzoo.execution.torchrun import rank
from ganzoo.interfaces.observer import Observer, TrainerState

REFRESH = 0.25
"""Seconds between updates of the bar; each waits for the device, to read the loss."""

LINE_EVERY = 10.0
"""Seconds between plain lines."""


class Progress(Observer):
    """Shows step, images per second, time left and every loss term."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self.live = console.is_terminal and rank() == 0
        self.bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            disable=not self.live,
        )
        self.task: TaskID | None = None
        self.total = 0
        self.batch_size = 0
        self.run_dir: Path | None = None

    def __enter__(self) -> Progress:
        self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def decoding(self, done: int, total: int) -> None:
        """Show the progress of decoding images."""
        if self.task is None:
            self.task = self.bar.add_task("decoding", total=total, note="images")
            if not self.live:
                click.echo(f"decoding {total:,} images (once; they are cached)", err=True)
        self.bar.update(self.task, completed=done)
        if done >= total:
            self.bar.remove_task(self.task)
            self.task = None

    def attached(self, run_dir: Path, settings: Mapping[str, Any]) -> None:
        """Store the run directory and the batch size."""
        self.run_dir = run_dir
        self.batch_size = int(settings["training"]["batch_size"])

    def started(self, trainer: TrainerState, steps: int) -> None:
        """Show the bar."""
        self.total = steps
        self.start_time = self.shown = time.perf_counter()
        self.start_step = trainer.step
        self.task = self.bar.add_task("training", total=steps, completed=trainer.step, note="")

    def failed(self, trainer: TrainerState, error: BaseException) -> None:
        """After Ctrl-C, show the step and how to resume."""
        self.bar.stop()
        if isinstance(error, KeyboardInterrupt) and trainer.step:
            run_dir = self.run_dir or "RUN"
            click.echo(
                f"Stopped after step {trainer.step}; `ganzoo resume {run_dir}` resumes the run.",
                err=True,
            )

    def step(self, trainer: TrainerState, terms: Mapping[str, Tensor]) -> None:
        """Show step, speed and loss terms, if enough time has passed."""
        # Wait for the next update.
        now = time.perf_counter()
        last = trainer.step == self.total
        if now - self.shown < (REFRESH if self.live else LINE_EVERY) and not last:
            return
        self.shown = now

        # Speed and terms.
        done = trainer.step - self.start_step
        elapsed = now - self.start_time
        speed = done * self.batch_size / elapsed
        values = "  ".join(f"{short_term(name)} {float(v):.3f}" for name, v in terms.items())

        # Bar or line.
        if self.live:
            assert self.task is not None
            note = f"{speed:,.0f} images/s  {values}"
            self.bar.update(self.task, completed=trainer.step, note=note)
        else:
            left = (self.total - trainer.step) * elapsed / max(done, 1)
            click.echo(
                f"step {trainer.step}/{self.total}  {left:.0f} s left  "
                f"{speed:,.0f} images/s  {values}",
                err=True,
            )


def short_term(name: str) -> str:
    """Shorten `discriminator/real` to `D real`."""
    side, _, term = name.partition("/")
    return f"{side[:1].upper()} {term}"
