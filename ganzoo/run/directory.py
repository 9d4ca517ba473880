"""The run directory: where a run lives, what its files are called, and how it is started.

runs/00001-dcgan-bce-fashion-mnist/
    config.toml          everything resolved, and where each value came from
    events.jsonl         what happened to it: started, checkpoints, warnings, finished
    metrics.jsonl        one line every `log_every` steps
    evaluations.jsonl    one line for each number that was measured of it
    samples/000200.png   a grid of the same z as training goes on
    checkpoints/000200/  weights as safetensors, the rest beside them
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ganzoo.errors import GanzooError, UsageError, setting

RUNS = Path("runs")
"""Where runs are put that were given no directory, below the working directory."""

LEFT_OVER = {"run.lock", "config.new"}
"""What a run leaves that was killed before its config was written: nothing is lost with it."""

_NUMBERED = re.compile(r"(\d{5})-")


@dataclass(frozen=True)
class RunDirectory:
    """The paths inside a run directory."""

    path: Path

    @property
    def config(self) -> Path:
        """The resolved config."""
        return self.path / "config.toml"

    @property
    def lock(self) -> Path:
        """Locked by the process that writes the run; the system lets go of it if that dies."""
        return self.path / "run.lock"

    @property
    def metrics(self) -> Path:
        """The log, one JSON object a line."""
        return self.path / "metrics.jsonl"

    @property
    def journal(self) -> Path:
        """What happened to the run, one JSON object a line."""
        return self.path / "events.jsonl"

    @property
    def evaluations(self) -> Path:
        """What was measured, one JSON object a line."""
        return self.path / "evaluations.jsonl"

    @property
    def samples(self) -> Path:
        """Grids drawn during training."""
        return self.path / "samples"

    @property
    def checkpoints(self) -> Path:
        """One folder a checkpoint, named by its step."""
        return self.path / "checkpoints"

    def checkpoint(self, step: int) -> Path:
        """The folder of one checkpoint."""
        return self.checkpoints / f"{step:06d}"

    def checkpoint_steps(self) -> list[int]:
        """Steps of the checkpoints there are, in order."""
        if not self.checkpoints.is_dir():
            return []
        return sorted(int(p.name) for p in self.checkpoints.iterdir() if p.name.isdigit())


def check_free(path: Path) -> None:
    """See that a run can be started in a directory, before any time is spent on it.

    Raises:
        UsageError: something is there already: nothing saved is ever overwritten.
        GanzooError: it cannot be written.
    """
    if path.exists() and (not path.is_dir() or {p.name for p in path.iterdir()} - LEFT_OVER):
        raise UsageError(
            f"{path} exists and is not empty; choose another {setting('run_dir')}, or remove it "
            "first"
        )
    parent = next(p for p in (path, *path.absolute().parents) if p.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise GanzooError(f"cannot write the run directory {path}: no permission in {parent}")


def create(path: Path | None, label: str) -> RunDirectory:
    """Make a fresh run directory, numbered below `runs/` unless a path is given.

    Raises:
        UsageError: the path is taken.
        GanzooError: it cannot be made.
    """
    try:
        if path is not None:
            check_free(path)
            path.mkdir(parents=True, exist_ok=True)
            return RunDirectory(path)
        RUNS.mkdir(exist_ok=True)
        while True:
            taken = [int(m[1]) for p in RUNS.iterdir() if (m := _NUMBERED.match(p.name))]
            fresh = RUNS / f"{max(taken, default=0) + 1:05d}-{label}"
            try:
                fresh.mkdir()  # fails where another run took the number meanwhile
            except FileExistsError:
                continue
            return RunDirectory(fresh)
    except OSError as error:
        raise GanzooError(
            f"cannot write the run directory {path or RUNS}: {error.strerror}"
        ) from error
