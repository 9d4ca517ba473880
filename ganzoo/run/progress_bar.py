"""Progress bar: shows a training in a terminal or a notebook, for a library user."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table
from torch import Tensor

from ganzoo.interfaces.observer import Observer, TrainerState
from ganzoo.notebook import Html, Place
from ganzoo.run.pictures import enlarged, pil_image
from ganzoo.run.records import short_term
from ganzoo.run.showing import grid_html

REFRESH = 0.25
"""Seconds between two looks at the loss; each waits for the device."""

Decoding = Callable[[int, int], None]
"""Receives the number of decoded images and of all images."""

NOTE = Column(ratio=1, no_wrap=True, overflow="ellipsis")
"""The column of speed and loss terms: what the others leave of the line."""


def is_terminal(stream: object) -> bool:
    """Whether a stream is a terminal; it may be closed, or None."""
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]
    except (AttributeError, ValueError):
        return False


class Bar(Progress):
    """A bar of one line. Step, total and time left are always whole; the note is cut at the end.

    Args:
        terminal: where it is drawn.
        disable: draw nothing.
    """

    def __init__(self, terminal: Console, *, disable: bool = False) -> None:
        self.terminal = terminal  # `console` is not there yet when the table is first made
        # What a program prints to a file is not drawn above the bar.
        printed = is_terminal(sys.stdout)
        super().__init__(console=terminal, disable=disable, expand=True, redirect_stdout=printed)

    def make_tasks_table(self, tasks: Iterable[Task]) -> Table:
        """Choose the columns that fit into the terminal, which may have been resized."""
        width = self.terminal.width
        columns = {
            TextColumn("{task.description}"): 60,
            BarColumn(bar_width=24 if width >= 110 else 10): 75,
            MofNCompleteColumn(): 0,
            TimeElapsedColumn(): 60,
            TextColumn("left"): 0,
            TimeRemainingColumn(): 0,
            TextColumn("{task.fields[note]}", markup=False, table_column=NOTE): 0,
        }
        self.columns = tuple(column for column, needs in columns.items() if width >= needs)
        return super().make_tasks_table(tasks)


class ProgressBar(Observer):
    """Shows steps, time left and loss terms: `trainer.fit(1000, [ganzoo.ProgressBar()])`.

    In a notebook it shows the latest sample grid of a run too.

    Args:
        console: where it is drawn; standard error, or the output of the cell, if None.
    """

    def __init__(self, console: Console | None = None) -> None:
        super().__init__()
        console = console or Console(stderr=True)
        self.interactive = console.is_jupyter or is_terminal(console.file)
        """Whether a person looks on: in a notebook, or at a terminal."""
        self._bar = Bar(console)
        self._cell = Place() if console.is_jupyter else None
        self._grid = Place()
        self._decoding: TaskID | None = None
        self._minutes: float | None = None

    def decoding(self, done: int, total: int) -> None:
        """Show the progress of decoding images."""
        if self._decoding is None:
            self._decoding = self._bar.add_task("decoding", total=total, note="images")
            self._start()
        self._bar.update(self._decoding, completed=done)
        if done >= total:
            self._bar.update(self._decoding, visible=False)
            self._decoding = None
        self._refresh()

    def attached(self, run_dir: Path, settings: Mapping[str, Any]) -> None:
        """Store the time budget: without one, the number of steps is known."""
        self._minutes = settings["training"].get("minutes")

    def started(self, trainer: TrainerState, steps: int) -> None:
        """Show the bar."""
        self._shown, self._last = time.perf_counter(), steps
        total = steps if self._minutes is None else None
        self._task = self._bar.add_task("training", total=total, completed=trainer.step, note="")
        self._start()

    def step(self, trainer: TrainerState, terms: Mapping[str, Tensor]) -> None:
        """Show step and loss terms, if enough time has passed."""
        now = time.perf_counter()
        if now - self._shown < REFRESH and trainer.step < self._last:
            return
        self._shown = now
        note = "  ".join(f"{short_term(name)} {float(v):.3f}" for name, v in terms.items())
        self._bar.update(self._task, completed=trainer.step, note=note)
        self._refresh()

    def samples(self, step: int, picture: Tensor, path: Path) -> None:
        """Show the latest sample grid in a notebook, in the place of the one before."""
        if self._cell is not None:
            text = grid_html(pil_image(enlarged(picture)))
            self._grid.show(Html(text, f"samples of step {step}"))

    def finished(self, trainer: TrainerState) -> None:
        """Leave the bar as it is."""
        self._bar.update(self._task, completed=trainer.step, total=trainer.step)
        self.stop()

    def failed(self, trainer: TrainerState, error: BaseException) -> None:
        """Leave the bar as it is."""
        self.stop()

    def stop(self) -> None:
        """End the bar, and leave it as it is; the next training has one of its own."""
        if not self._bar.tasks:
            return
        if self._cell is None:
            self._bar.stop()
        else:
            self._cell.show(self._bar)
            self._cell, self._grid = Place(), Place()
        for task in self._bar.task_ids:
            self._bar.remove_task(task)

    def _start(self) -> None:
        if self._cell is None:
            self._bar.start()
        self._refresh()

    def _refresh(self) -> None:
        """Show the bar in a notebook; in a terminal it refreshes itself."""
        if self._cell is not None:
            self._cell.show(self._bar)


@contextmanager
def progress_shown(
    progress: bool | Decoding | None, observers: Sequence[Observer]
) -> Iterator[tuple[Sequence[Observer], Decoding | None]]:
    """The observers with a progress bar, and what shows the decoding of images.

    Args:
        progress: whether to show a bar; None shows one in a notebook and at a terminal, unless the
            caller has one. A function shows decoding in the caller's way.
        observers: the caller's own.
    """
    if callable(progress):
        yield observers, progress
        return
    bar = ProgressBar()
    if progress is None:
        has_bar = any(isinstance(observer, ProgressBar) for observer in observers)
        progress = bar.interactive and not has_bar
    if not progress:
        yield observers, None
        return
    try:
        yield [bar, *observers], bar.decoding
    finally:
        bar.stop()
