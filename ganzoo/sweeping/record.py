"""Record: the files of a sweep, and how each of its cells ended.

sweeps/first/
    sweep.lock                 held by the process that runs the sweep
    cells/NAME.toml            the config of a cell
    cells/NAME.json            how it ended: finished, failed or refused, and why
    cells/NAME.log             what its processes have printed
    cells/NAME.job             on a cluster, the number of its job
    cells/jobs/                on a cluster, the jobs' own files
    NAME/                      its run directory
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from ganzoo.errors import GanzooError, Message, UsageError, printable, reading, setting
from ganzoo.files import replace_text
from ganzoo.run import journal
from ganzoo.run.directory import RunDirectory

LOCK = "sweep.lock"
CELLS = "cells"


@dataclass(frozen=True)
class Outcome:
    """How a cell ended.

    Attributes:
        state: `"refused"` is a combination that cannot be trained; `"failed"` is tried again.
        reason: why it was refused or failed, with settings marked.
        config: the TOML of the cell that it belongs to.
        seconds: that its processes have taken.
    """

    state: Literal["finished", "failed", "refused"]
    reason: str = ""
    config: str = ""
    seconds: float = 0.0

    @property
    def message(self) -> Message:
        """The reason, for people at a shell or in Python."""
        return Message(self.reason)


_OUTCOME = TypeAdapter(Outcome)


@dataclass(frozen=True)
class SweepDirectory:
    """Paths inside the folder of a sweep."""

    path: Path

    @property
    def cells(self) -> Path:
        """Folder of configs, outcomes and logs."""
        return self.path / CELLS

    @property
    def lock(self) -> Path:
        """Lock file of the process that runs the sweep."""
        return self.path / LOCK

    def run(self, name: str) -> RunDirectory:
        """The run directory of a cell."""
        return RunDirectory(self.path / name)

    def file(self, name: str, kind: Literal["toml", "json", "log", "job"]) -> Path:
        """A file of a cell."""
        return self.cells / f"{name}.{kind}"

    def create(self) -> None:
        """Create the folder, or resume the sweep that is there.

        Raises:
            UsageError: the folder holds something else.
            GanzooError: it cannot be written.
        """
        with reading(f"the folder of the sweep, {self.path}"):
            foreign = self.path.exists() and not self.cells.is_dir()
            if foreign and (not self.path.is_dir() or any(self.path.iterdir())):
                raise UsageError(
                    f"{self.path} exists and holds no sweep; choose another {setting('sweep_dir')}"
                )
            self.cells.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, outcome: Outcome) -> None:
        """Record how a cell ended."""
        replace_text(self.file(name, "json"), json.dumps(asdict(outcome), indent=2))

    def outcome(self, name: str) -> Outcome | None:
        """How a cell ended; None if it has not, or the file is damaged."""
        file = self.file(name, "json")
        try:
            with reading(file, passing=ValidationError):
                return _OUTCOME.validate_json(file.read_bytes())
        except (GanzooError, ValidationError):
            return None

    def outcomes(self) -> dict[str, Outcome]:
        """How each cell ended, by name; of a folder that is no sweep none."""
        names = sorted(file.stem for file in self.cells.glob("*.json"))
        return {name: outcome for name in names if (outcome := self.outcome(name))}

    def measured(self, name: str) -> set[str]:
        """Metrics of a cell's run that were measured, or could not be."""
        file = self.run(name).evaluations
        named = {str(line.get("metric")) for line in journal.read_evaluations(file)}
        return {metric.rpartition("/")[2] for metric in named} | set(
            journal.read_not_measured(file)
        )

    def reached(self, name: str) -> int:
        """The last step in the log of a cell's run; 0 before the first line."""
        lines = journal.read_lines(self.run(name).metrics, latest=2**15)
        steps = [line["step"] for line in lines if isinstance(line.get("step"), int)]
        return steps[-1] if steps else 0

    def last_error(self, name: str, start: int) -> str:
        """The error that a process has printed since a position of the log, or its last line."""
        with reading(self.file(name, "log")), self.file(name, "log").open("rb") as stream:
            stream.seek(start)
            lines = stream.read().decode("utf-8", errors="replace").splitlines()
        said = [line for line in lines if line.strip()]
        errors = [k for k, line in enumerate(said) if line.startswith("Error: ")]
        text = " ".join(said[errors[-1] :]) if errors else "".join(said[-1:])
        return printable(text.removeprefix("Error: "))
