"""Progress of training: a live bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import TaskID
from torch import Tensor

from ganzoo.cli import output
from ganzoo.cli.output import say
from ganzoo.config import RunConfig
from ganzoo.errors import command, printable
from ganzoo.execution.torchrun import rank
from ganzoo.interfaces.observer import Observer, TrainerState
from ganzoo.run.directory import RunDirectory
from ganzoo.run.minutes import minutes_trained
from ganzoo.run.progress_bar import REFRESH, Bar
from ganzoo.run.records import run_title, short_term

LINE_EVERY = 10.0
"""Seconds between plain lines."""

NEXT = {
    "sample": "more images",
    "report": "a page of samples, curves and health",
    "evaluate": "how close they are to real images, as a number",
}
"""Commands to try after training, and what they give."""


class Progress(Observer):
    """Shows step, images per second, time left and every loss term.

    Args:
        console: where the bar is drawn; standard error if None.
    """

    def __init__(self, console: Console | None = None) -> None:
        console = console or Console(stderr=True)
        self.live = console.is_terminal and rank() == 0
        self.bar = Bar(console, disable=not self.live)
        self.task: TaskID | None = None
        self.total = 0
        self.minutes: float | None = None
        self.batch_size = 0
        self.run_dir: Path | None = None
        self.saved = 0

    def __enter__(self) -> Progress:
        output.result_is_elsewhere()
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
                say(f"decoding {total:,} images (once; they are cached)", err=True)
        self.bar.update(self.task, completed=done)
        if done >= total:
            self.bar.remove_task(self.task)
            self.task = None

    def attached(self, run_dir: Path, settings: Mapping[str, Any]) -> None:
        """Show what is trained and in which directory."""
        config = RunConfig.model_validate(settings)
        self.run_dir, self.batch_size = run_dir, config.training.batch_size
        self.minutes = config.training.minutes
        say(
            f"{run_dir}: {run_title(config)}, {config.training.length} with batches "
            f"of {self.batch_size:,} images on {config.execution.device}",
            err=True,
        )

    def started(self, trainer: TrainerState, steps: int) -> None:
        """Show the bar."""
        self.total, self.saved = steps, trainer.step
        self.start_time = self.shown = time.perf_counter()
        self.start_step = trainer.step
        if self.minutes is not None and self.run_dir is not None:
            self.minutes -= minutes_trained(RunDirectory(self.run_dir), trainer.step)
        total = steps if self.minutes is None else None
        self.task = self.bar.add_task("training", total=total, completed=trainer.step, note="")

    def finished(self, trainer: TrainerState) -> None:
        """Show that all is done, also if time has ended the training."""
        if self.task is not None:
            self.bar.update(self.task, total=trainer.step, completed=trainer.step)

    def checkpoint(self, step: int, path: Path) -> None:
        """Store the step that the run would be resumed from."""
        self.saved = step

    def failed(self, trainer: TrainerState, error: BaseException) -> None:
        """After Ctrl-C, show the step, whether it is saved, and how to resume."""
        self.bar.stop()
        if not isinstance(error, KeyboardInterrupt) or not trainer.step:
            return
        resume = f"`{command('resume', self.run_dir or 'RUN')}` resumes the run"
        if self.saved == trainer.step:
            message = f"Stopped after step {trainer.step}; {resume}."
        else:  # interrupted again before it was saved, or it could not be saved
            start = f"its latest checkpoint, of step {self.saved}" if self.saved else "the start"
            message = f"Step {trainer.step} has not been saved so far; {resume} from {start}."
        say(message, err=True)

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

        # The step that it will reach: at this speed, if time ends the training.
        total, about = self.total, ""
        if self.minutes is not None:
            reached = trainer.step + max(60 * self.minutes - elapsed, 0) * done / elapsed
            total, about = min(total, round(reached)), "about "

        # Bar or line.
        if self.live:
            assert self.task is not None
            note = printable(f"{speed:,.0f} images/s  {values}")
            self.bar.update(self.task, completed=trainer.step, total=total, note=note)
        else:
            left = (total - trainer.step) * elapsed / max(done, 1)
            say(
                f"step {trainer.step}/{about}{total}  {left:.0f} s left  "
                f"{speed:,.0f} images/s  {values}",
                err=True,
            )


def what_next(directory: RunDirectory) -> list[str]:
    """Say where a trained run and its pictures are, and which commands to try."""
    pictures = (directory.sample_grids() or [directory.samples])[-1]
    usable = {name: gives for name, gives in NEXT.items() if name != "report" or _has_plotly()}
    commands = {command(name, directory.path): gives for name, gives in usable.items()}
    width = max(map(len, commands))
    return [
        f"Done: {directory.path}",
        f"Samples: {pictures}",
        "Next:",
        *(f"  {line:{width}}  {gives}" for line, gives in commands.items()),
    ]


def _has_plotly() -> bool:
    """Whether the extra of `ganzoo report` is installed."""
    return find_spec("plotly") is not None
