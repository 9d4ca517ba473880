"""View: all runs of a sweep at once; a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from ganzoo.errors import printable
from ganzoo.sweeping.record import Outcome
from ganzoo.sweeping.work import Work

LINE_EVERY = 60.0
"""Seconds between plain lines about the runs that are being trained."""


class View(Protocol):
    """What a sweep tells of its progress."""

    def checked(self, done: int, total: int) -> None:
        """So many cells are checked."""

    def ended(self, name: str, outcome: Outcome) -> None:
        """A cell has ended, now or in an earlier session."""

    def running(self, works: Sequence[Work], done: int, total: int) -> None:
        """These cells are being trained; called a few times a second."""

    def said(self, line: str) -> None:
        """Show a last message."""


class Quiet:
    """Shows nothing."""

    def checked(self, done: int, total: int) -> None:
        """Show nothing."""

    def ended(self, name: str, outcome: Outcome) -> None:
        """Show nothing."""

    def running(self, works: Sequence[Work], done: int, total: int) -> None:
        """Show nothing."""

    def said(self, line: str) -> None:
        """Show nothing."""


class SweepView:
    """Shows a bar for each run that is being trained, below a line for each that has ended.

    Args:
        console: where it is shown; standard error if None.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self.live = self.console.is_terminal
        self.bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
            console=self.console,
            disable=not self.live,
            transient=True,
        )
        self.all: TaskID | None = None
        self.tasks: dict[str, TaskID] = {}
        self.lined = time.monotonic()

    def __enter__(self) -> SweepView:
        self.bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bars.stop()

    def checked(self, done: int, total: int) -> None:
        """Show how many cells are checked."""
        self._show_all("checking", done, total)

    def ended(self, name: str, outcome: Outcome) -> None:
        """Print a line about a cell that has ended."""
        if name in self.tasks:
            self.bars.remove_task(self.tasks.pop(name))
        about = f": {outcome.message.at_shell()}" if outcome.reason else ""
        about = about or (f" in {outcome.seconds:,.0f} s" if outcome.seconds else "")
        line = printable(f"{outcome.state:8}  {name}{about}")
        colour = {"finished": "green", "failed": "red"}.get(outcome.state, "")
        self.console.print(Text(line, style=colour), soft_wrap=True)

    def running(self, works: Sequence[Work], done: int, total: int) -> None:
        """Show the step of each run, and how many have ended."""
        self._show_all("ended", done, total)
        for work in works if self._due() else ():
            name, (fraction, note) = work.cell.name, _progress(work)
            if not self.live:
                self.console.print(Text(printable(f"running   {name}: {note}")), soft_wrap=True)
                continue
            if name not in self.tasks:
                self.tasks[name] = self.bars.add_task(printable(name), total=1.0, note="")
            self.bars.update(self.tasks[name], completed=fraction, note=note)

    def said(self, line: str) -> None:
        """Print a line."""
        self.console.print(Text(printable(line)), soft_wrap=True)

    def _show_all(self, word: str, done: int, total: int) -> None:
        """Show a bar about all cells."""
        if self.all is None:
            self.all = self.bars.add_task("", total=total, note="")
        note = f"{done:,} of {total:,}"
        self.bars.update(self.all, description=word, completed=done, total=total, note=note)

    def _due(self) -> bool:
        """Whether it is time to show the steps again."""
        due = time.monotonic() - self.lined >= (0 if self.live else LINE_EVERY)
        if due:
            self.lined = time.monotonic()
        return due


def _progress(work: Work) -> tuple[float, str]:
    """How much of a run is done, from 0 to 1, and in words."""
    if work.stage != "training":
        return 1.0, work.stage
    step = work.directory.reached(work.cell.name)
    if work.minutes is None:
        return step / work.steps, f"step {step:,} of {work.steps:,}"
    minutes = (time.monotonic() - work.started) / 60
    return min(1.0, minutes / work.minutes), f"step {step:,}, {work.minutes:g} minutes"
