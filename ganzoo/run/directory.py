"""The run directory: paths of its files, and creation of a new one.

runs/00001-dcgan-bce-fashion-mnist/
    config.toml          the resolved config, with the origin of each value
    events.jsonl         the journal: started, checkpoints, warnings, finished
    metrics.jsonl        the log, one line every `log_every` steps
    evaluations.jsonl    one line per metric of each evaluation
    samples/000200.png   a sample grid, always of the same z
    checkpoints/000200/  weights as safetensors, and the training state
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from ganzoo.errors import GanzooError, UsageError, reading, setting
from ganzoo.files import locked
from ganzoo.run import journal

RUNS = Path("runs")
"""Folder of numbered run directories, relative to the working directory."""

LEFTOVERS = ("run.lock", ".config.toml.")
"""Beginnings of the names of what a run leaves that is killed before its config is written: the
directory counts as empty."""

_NUMBERED = re.compile(r"([0-9]{5,})-")
_STEP = re.compile(r"[0-9]{6,18}")


@dataclass(frozen=True)
class RunDirectory:
    """Paths inside a run directory."""

    path: Path

    @property
    def config(self) -> Path:
        """The resolved config."""
        return self.path / "config.toml"

    @property
    def lock(self) -> Path:
        """Lock file of the process that writes the run. The system releases it if that dies."""
        return self.path / "run.lock"

    @property
    def metrics(self) -> Path:
        """The log, one JSON object per line."""
        return self.path / "metrics.jsonl"

    @property
    def journal(self) -> Path:
        """The journal, one JSON object per line."""
        return self.path / "events.jsonl"

    @property
    def evaluations(self) -> Path:
        """Results of evaluations, one JSON object per line."""
        return self.path / "evaluations.jsonl"

    @property
    def samples(self) -> Path:
        """Folder of sample grids."""
        return self.path / "samples"

    def sample_grids(self) -> list[Path]:
        """Return the files of all sample grids, in the order of their steps."""
        files = [file for file in self.samples.glob("*.png") if _STEP.fullmatch(file.stem)]
        return sorted(files, key=lambda file: int(file.stem))

    @property
    def checkpoints(self) -> Path:
        """Folder of checkpoints, each a folder named by its step."""
        return self.path / "checkpoints"

    def checkpoint(self, step: int) -> Path:
        """The folder of one checkpoint."""
        return self.checkpoints / f"{step:06d}"

    def checkpoint_steps(self) -> list[int]:
        """Return the steps of all checkpoints, in order; a folder without a manifest is none.

        Raises:
            GanzooError: their folder cannot be read.
        """
        with reading(self.checkpoints):
            if not self.checkpoints.is_dir():
                return []
            names = [p.name for p in self.checkpoints.iterdir() if _STEP.fullmatch(p.name)]
            folders = [f for f in map(self.checkpoint, map(int, names)) if f.name in names]
            return sorted(int(f.name) for f in folders if (f / "manifest.json").exists())

    def writer(self) -> str | None:
        """Who trains the run: `"another process (4711 on node3, since 2026-01-31 12:00 UTC)"`.

        None if nobody does. The system releases the lock of a process that dies.
        """
        # The lock.
        if not self.lock.exists():
            return None
        try:
            with locked(self.lock, timeout=0):
                return None
        except Timeout:
            pass
        except GanzooError:  # no writer where nothing can be written or locked
            return None

        # What the latest session says of itself, unless it has ended and another one begins.
        events = journal.read(self.journal)
        session = journal.latest_beginning(events) or {}
        facts = session.get("provenance")
        ended = journal.end_of_latest_session(events) is not None
        if ended or not isinstance(facts, dict) or "pid" not in facts:
            return "another process"
        since = str(session["time"])[:16].replace("T", " ")
        return f"another process ({facts['pid']} on {facts.get('host')}, since {since} UTC)"


def check_free(path: Path) -> None:
    """Check that a path is a new or empty directory that can be written.

    Raises:
        UsageError: the path exists and is not empty; names the process that trains there, if one
            does. Nothing is ever overwritten.
        GanzooError: it cannot be written.
    """
    with reading(f"the run directory {path}"):
        taken = path.exists() and (
            not path.is_dir() or any(not p.name.startswith(LEFTOVERS) for p in path.iterdir())
        )
    if taken and (writer := RunDirectory(path).writer()):
        raise UsageError(
            f"{writer} is training {path}; wait for it, or choose another {setting('run_dir')}"
        )
    if taken:
        raise UsageError(
            f"{path} exists and is not empty; choose another {setting('run_dir')}, or remove it "
            "first"
        )
    parent = next(p for p in (path, *path.absolute().parents) if p.exists())
    if not parent.is_dir():
        raise GanzooError(f"cannot write the run directory {path}: {parent} is no folder")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise GanzooError(f"cannot write the run directory {path}: no permission in {parent}")


def create_run_directory(path: Path | None, label: str) -> RunDirectory:
    """Create a run directory: at a path, or numbered below `runs/`.

    Args:
        path: of the directory; None for a numbered one.
        label: end of a numbered directory's name.

    Raises:
        UsageError: the path exists and is not empty.
        GanzooError: it cannot be written.
    """
    try:
        # The path that was given.
        if path is not None:
            check_free(path)
            path.mkdir(parents=True, exist_ok=True)
            return RunDirectory(path)

        # The next number below `runs/`.
        RUNS.mkdir(exist_ok=True)
        while True:
            numbers = [int(m[1]) for p in RUNS.iterdir() if (m := _NUMBERED.match(p.name))]
            numbered = RUNS / f"{max(numbers, default=0) + 1:05d}-{label}"
            try:
                numbered.mkdir()
            except FileExistsError:  # another run has taken the number meanwhile
                continue
            return RunDirectory(numbered)
    except (OSError, ValueError) as error:  # also a path that can be no path
        reason = error.strerror if isinstance(error, OSError) else error
        raise GanzooError(f"cannot write the run directory {path or RUNS}: {reason}") from error
