"""Work: the processes of one cell, training then evaluation, one after the other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from ganzoo.errors import command
from ganzoo.files import replace_text
from ganzoo.sweeping.grid import Cell, Measuring
from ganzoo.sweeping.record import Outcome, SweepDirectory

POLL = 0.25
"""Seconds between looks at the processes."""


@dataclass
class Work:
    """A cell that is being trained, or evaluated. It is polled, and holds one slot of `jobs`.

    Attributes:
        cell: what is trained.
        measuring: how the run is evaluated.
        steps: that the run is to have.
        minutes: that the run is to take, if it has a time budget.
        trained: whether it is only to be evaluated.
        environment: of its processes.
        stage: waiting, training or evaluating.
    """

    cell: Cell
    directory: SweepDirectory
    measuring: Measuring
    steps: int
    minutes: float | None
    trained: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    stage: str = "waiting"
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    log_start: int = 0

    def begin(self, environment: Mapping[str, str]) -> None:
        """Take a slot."""
        self.environment, self.started = environment, time.monotonic()

    def commands(self) -> dict[str, list[str]]:
        """The commands of the cell, by stage, as a person would type them after `ganzoo`."""
        # Training.
        run = str(self.directory.run(self.cell.name).path)
        config = str(self.directory.file(self.cell.name, "toml"))
        train = ["train", "--config", config, "--run-dir", run, "--resume", "auto"]
        if self.cell.recipe is not None:
            train += ["--recipe", self.cell.recipe]
        commands = {"training": train}

        # Evaluation, unless it is done already.
        measured = self.directory.measured(self.cell.name)
        missing = [m for m in self.measuring.metrics if m.rpartition("/")[2] not in measured]
        if missing:
            evaluate = ["evaluate", run, "--n", str(self.measuring.n)]
            evaluate += [word for metric in missing for word in ("--metric", metric)]
            if self.measuring.extractor is not None:
                evaluate += ["--extractor", self.measuring.extractor]
            commands["evaluating"] = evaluate
        return commands

    def poll(self) -> Outcome | None:
        """Start the next process if none runs; return how the cell ended, once it has."""
        if self.process is None and not self.trained:
            self._start("training")
            return None
        code = 0 if self.process is None else self.process.poll()
        if code is None:
            return None

        # A failure, unless another process trains the run: that of a sweep that was killed.
        if code:
            if self.stage == "training" and self._someone_trains():
                self.process = None
                return None
            return self._ended(self._reason(code))

        # The next stage, unless another process has evaluated the run meanwhile.
        if self.stage != "evaluating" and "evaluating" in self.commands():
            self._start("evaluating")
            return None
        return self._ended()

    def _start(self, stage: str) -> None:
        """Start a process, or wait while another trains the run."""
        if self._someone_trains():
            self.stage = "waiting"
            return
        log = self.directory.file(self.cell.name, "log")
        if stage == "training":
            replace_text(self.directory.file(self.cell.name, "toml"), self.cell.toml())
        words = self.commands()[stage]
        with log.open("ab") as stream:
            stream.write(f"$ {command(*words)}\n".encode())
            stream.flush()
            self.log_start = stream.tell()
            # A session of its own: Ctrl-C reaches the sweep alone, which lets each run be saved.
            self.process = subprocess.Popen(  # noqa: S603 - ganzoo itself
                [sys.executable, "-m", "ganzoo", *words],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                start_new_session=True,
            )
        self.stage = stage

    def _someone_trains(self) -> bool:
        return self.directory.run(self.cell.name).writer() is not None

    def _ended(self, reason: str = "") -> Outcome:
        """Record how the cell ended."""
        seconds = time.monotonic() - self.started
        outcome = Outcome("failed" if reason else "finished", reason, self.cell.toml(), seconds)
        self.directory.write(self.cell.name, outcome)
        return outcome

    def _reason(self, code: int) -> str:
        """Why a process failed, as it said itself."""
        said = self.directory.last_error(self.cell.name, self.log_start)
        if code < 0:
            with suppress(ValueError):
                return f"the process was ended by {signal.Signals(-code).name}"
        trained = "it is trained, and its evaluation failed: "
        return (trained if self.stage == "evaluating" else "") + (said or f"exit code {code}")

    def end(self) -> None:
        """Ask the process to save and end; the same command resumes the run."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self) -> None:
        """Wait for the end of the process."""
        if self.process is not None:
            self.process.wait()


def environments(jobs: int, threads: int, gpus: list[str]) -> list[dict[str, str]]:
    """The environment of each of the processes that run at a time.

    Args:
        jobs: number of processes.
        threads: CPU threads, which are divided among them.
        gpus: of this machine, as CUDA_VISIBLE_DEVICES names them; of several each process gets one.
    """
    slots = []
    for slot in range(jobs):
        environment = {**os.environ, "OMP_NUM_THREADS": str(max(1, threads // jobs))}
        if len(gpus) > 1:
            environment["CUDA_VISIBLE_DEVICES"] = gpus[slot % len(gpus)]
        slots.append(environment)
    return slots


def visible_gpus() -> list[str]:
    """The CUDA devices that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    named = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    return named[:count] if len(named) >= count else [str(number) for number in range(count)]
