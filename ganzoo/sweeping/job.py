"""Job: what a job of a cluster runs, which is what a process of a sweep on one machine does.

SLURM ends a job by SIGTERM, and starts a preempted one again. Before a time limit it sends another
signal, on which submitit calls `checkpoint` and queues the job again. Both save the run.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import TYPE_CHECKING

from ganzoo.sweeping.work import POLL, Work

if TYPE_CHECKING:
    import submitit

UNTIL_KILLED = 600.0
"""Seconds that a job waits for SLURM after SIGTERM, which starts no job again that has ended."""


@dataclass
class CellJob:
    """What a job runs: the work of one cell. It saves when its time is over, and begins again."""

    work: Work

    def __call__(self) -> None:
        """Work until the cell has ended, or SIGTERM."""
        # SIGTERM ends the run between two steps.
        terminated = False

        def terminate(number: int, frame: FrameType | None) -> None:
            nonlocal terminated
            terminated = True

        signal.signal(signal.SIGTERM, terminate)

        # Work, with the threads that SLURM gives.
        environment = dict(os.environ)
        if cpus := environment.get("SLURM_CPUS_PER_TASK"):
            environment.setdefault("OMP_NUM_THREADS", cpus)
        self.work.begin(environment)
        try:
            while not terminated:
                with _without_signal():
                    if self.work.poll() is not None:
                        return
                time.sleep(POLL)
        finally:
            with _without_signal():  # its handler waits for the same process
                self.work.end()
                self.work.wait()

        # SLURM ends the job, or starts it again.
        if "SLURM_JOB_ID" in os.environ:
            time.sleep(UNTIL_KILLED)

    def checkpoint(self) -> submitit.helpers.DelayedSubmission:
        """Save the run, before the time limit or for another job, and begin again later."""
        from submitit.helpers import DelayedSubmission

        with _without_signal():
            self.work.end()
            self.work.wait()
        return DelayedSubmission(CellJob(replace(self.work, process=None, stage="waiting")))


@contextmanager
def _without_signal() -> Iterator[None]:
    """Hold back the signal by which SLURM announces the end, also for processes that start here.

    SLURM sends it to them too. They would be killed, where the job can save the run.
    """
    from submitit import JobEnvironment

    signals = {getattr(signal, f"SIG{JobEnvironment.USR_SIG}")}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
