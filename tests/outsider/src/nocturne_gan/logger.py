"""A logger: the night's log as a page of Markdown, a line an event."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

import ganzoo
from nocturne_gan.options import NightWatchOptions

FILE = Path("night-watch", "log.md")
"""Inside the run directory."""


class NightWatch(ganzoo.Observer):
    """Writes down what happens to a run, and now and then what its numbers are.

    A run that is resumed goes on in the same log.
    """

    def __init__(self, options: NightWatchOptions | None = None) -> None:
        self.options = options or NightWatchOptions()
        self._file = FILE

    def attached(self, run_dir: Path, settings: Mapping[str, Any]) -> None:
        """Find the log, or begin it with what is to be trained."""
        self._file = run_dir / FILE
        if not self._file.exists():
            self._file.parent.mkdir(exist_ok=True)
            self._file.write_text(f"# {run_dir.name}\n\n", encoding="utf-8")

    def started(self, trainer: Any, steps: int) -> None:
        """The watch begins."""
        self._note(f"step {trainer.step}: the watch begins; dawn is at step {steps}")

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Every so many lines of the run's own log."""
        if step % self.options.every == 0:
            chosen = [f"{name} {value:.3g}" for name, value in values.items() if "/" in name]
            self._note(f"step {step}: {', '.join(chosen)}")

    def samples(self, step: int, picture: Tensor, path: Path) -> None:
        """A picture, by a link that works from the log's own folder."""
        self._note(f"step {step}: ![the sky](../samples/{path.name})")

    def checkpoint(self, step: int, path: Path) -> None:
        """Something to come back to."""
        self._note(f"step {step}: safe in {path.name}")

    def finished(self, trainer: Any) -> None:
        """Dawn."""
        self._note(f"step {trainer.step}: dawn")

    def failed(self, trainer: Any, error: BaseException) -> None:
        """What woke everyone."""
        self._note(f"step {trainer.step}: {type(error).__name__}: {error}")

    def _note(self, text: str) -> None:
        with self._file.open("a", encoding="utf-8") as log:
            log.write(f"- {text}\n")
