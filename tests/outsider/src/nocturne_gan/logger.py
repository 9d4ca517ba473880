"""A logger: writes a Markdown page with one line per event."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

import ganzoo
from nocturne_gan.options import NightWatchOptions

FILE = Path("night-watch", "log.md")
"""Path inside the run directory."""


class NightWatch(ganzoo.Observer):
    """Writes the events of a run, and its numbers every few steps.

    A resumed run continues in the same log.
    """

    options: NightWatchOptions

    def __init__(self, options: NightWatchOptions | None = None) -> None:
        super().__init__(options or NightWatchOptions())
        self._file = FILE

    def attached(self, run_dir: Path, settings: Mapping[str, Any]) -> None:
        """Find the log, or create it."""
        self._file = run_dir / FILE
        if not self._file.exists():
            self._file.parent.mkdir(exist_ok=True)
            self._file.write_text(f"# {run_dir.name}\n\n", encoding="utf-8")

    def started(self, trainer: ganzoo.TrainerState, steps: int) -> None:
        """Note the first and the last step."""
        self._note(f"step {trainer.step}: the watch begins; dawn is at step {steps}")

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Note the loss terms every few steps."""
        if step % self.options.every == 0:
            chosen = [f"{name} {value:.3g}" for name, value in values.items() if "/" in name]
            self._note(f"step {step}: {', '.join(chosen)}")

    def samples(self, step: int, picture: Tensor, path: Path) -> None:
        """Link to the sample grid, relative to the log."""
        self._note(f"step {step}: ![the sky](../samples/{path.name})")

    def checkpoint(self, step: int, path: Path) -> None:
        """Note a checkpoint."""
        self._note(f"step {step}: safe in {path.name}")

    def finished(self, trainer: ganzoo.TrainerState) -> None:
        """Note the end."""
        self._note(f"step {trainer.step}: dawn")

    def failed(self, trainer: ganzoo.TrainerState, error: BaseException) -> None:
        """Note the exception."""
        self._note(f"step {trainer.step}: {type(error).__name__}: {error}")

    def _note(self, text: str) -> None:
        with self._file.open("a", encoding="utf-8") as log:
            log.write(f"- {text}\n")
