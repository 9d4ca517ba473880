"""Cluster: the cells of a sweep as jobs, which submitit submits to SLURM or starts here.

A job (`CellJob`) writes how its cell ended. `cells/NAME.job` holds its number, by which the same
sweep finds it again.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from ganzoo.errors import UsageError, importing, reading, setting, shown
from ganzoo.files import replace_text
from ganzoo.sweeping.job import CellJob
from ganzoo.sweeping.record import Outcome, SweepDirectory
from ganzoo.sweeping.work import Work

if TYPE_CHECKING:
    import submitit

ClusterName = Literal["slurm", "local"]
"""SLURM, or processes of submitit on this machine."""

LOOK_EVERY = 10.0
"""Seconds between looks at the jobs of a cluster."""

PATIENCE = 30.0
"""Seconds until an outcome that a job has written is seen in a folder of another machine."""

RESTARTS = 100
"""Times that a job begins again after its time limit."""

OVER = "BOOT_FAIL CANCELLED COMPLETED DEADLINE FAILED NODE_FAIL OUT_OF_MEMORY PREEMPTED TIMEOUT"
"""States of SLURM's jobs that have ended and do not begin again."""

FORGOTTEN = "unknown to the cluster"

UNUSED = ("nodes", "tasks_per_node", "ntasks_per_node", "ntasks")
"""Parameters of submitit that say how many processes a job has; a cell is trained by one."""


def make_executor(
    name: ClusterName, options: Mapping[str, Any], folder: Path
) -> submitit.AutoExecutor:
    """Make submitit's executor, which submits jobs.

    Args:
        name: of the cluster.
        options: parameters of submitit: `timeout_min`, `gpus_per_node`, `slurm_partition`, ….
        folder: of the jobs' files.

    Raises:
        UsageError: submitit is not installed, SLURM is not found, or a parameter is wrong.
    """
    # submitit.
    with importing(setting("cluster", name), "gan-zoo[cluster]"):
        import submitit

    # Name and parameters.
    if name not in get_args(ClusterName):
        raise UsageError(f"{setting('cluster')} is {shown(name)}; it should be slurm or local")
    chosen = setting("cluster", name)
    for option in options:
        if option.removeprefix(f"{name}_") in UNUSED:
            raise UsageError(f"{chosen} takes no option {option}: a job is one process")
    if name == "slurm" and not isinstance(options.get("slurm_time", 0), (int, float)):
        raise UsageError(f"{chosen} takes slurm_time in minutes, such as timeout_min=240")
    if name == "slurm" and not {"timeout_min", "slurm_timeout_min", "slurm_time"} & set(options):
        raise UsageError(
            f"{chosen} needs the cluster option timeout_min, the minutes that a job may take; a "
            "job that needs longer is continued by another"
        )
    parameters = {"name": "ganzoo", **options}
    if name == "local":
        parameters.setdefault("timeout_min", 10_000)
    elif cpus := options.get("slurm_cpus_per_task", options.get("cpus_per_task")):
        # Since SLURM 22.05 srun does not read this number from its job.
        parameters.setdefault("slurm_srun_args", [f"-c{cpus}"])

    # Executor.
    try:
        executor = submitit.AutoExecutor(folder, name, slurm_max_num_timeout=RESTARTS)
        executor.update_parameters(**parameters)
    except RuntimeError:
        raise UsageError(
            f"{chosen} needs the commands of SLURM, which are not found here; run the sweep "
            "where sbatch works"
        ) from None
    except (NameError, ValueError, AssertionError, TypeError) as error:
        text = str(error).splitlines()[0]
        raise UsageError(f"{chosen}: a cluster option is wrong: {text}") from None
    return executor


def check_cluster(name: ClusterName | None, options: Mapping[str, Any]) -> None:
    """Refuse what `make_executor` refuses, and options without a cluster; nothing is left."""
    if name is None and options:
        raise UsageError(f"cluster options need {setting('cluster', 'slurm')}")
    if name is not None:
        with TemporaryDirectory() as folder:
            make_executor(name, options, Path(folder))


class Cluster:
    """Submits cells as jobs, and tells what has become of them.

    Args:
        options: see `make_executor`.
        directory: of the sweep; other machines see it too.
    """

    _local: ClassVar[dict[str, submitit.Job[None]]] = {}
    """Processes that were started here, whose end is known to submitit alone."""

    def __init__(
        self, name: ClusterName, options: Mapping[str, Any], directory: SweepDirectory
    ) -> None:
        self.name, self.directory = name, directory
        self.executor = make_executor(name, options, directory.cells.absolute() / "jobs")
        self._states: dict[str, str] | None = None
        self._looked = float("-inf")

    def job_of(self, work: Work) -> str:
        """The number of a cell's job: of one that is under way, or of a new one."""
        # One that is under way: with other settings it would write an outcome that is not ours.
        file = self.directory.file(work.cell.name, "job")
        facts = {"cluster": self.name, "work": _digest(work)}
        known = _read(file)
        under_way = (
            self.directory.outcome(work.cell.name) is None
            and known.get("cluster") == self.name
            and self.ended(str(known.get("job"))) is None
        )
        if under_way and facts.items() <= known.items():
            return str(known["job"])
        if under_way:
            raise UsageError(
                f"job {known['job']} still trains {work.cell.name} with other settings; wait for "
                f"it, or end it: {self.ender} {known['job']}"
            )

        # A new one.
        with _uninterrupted(self.name == "local"):
            job = self._submit(work)
            replace_text(file, json.dumps(facts | {"job": job}))
        return job

    def _submit(self, work: Work) -> str:
        """Submit a job.

        Raises:
            UsageError: the cluster refuses it.
        """
        from submitit.core.utils import FailedJobError, FailedSubmissionError

        # Paths hold on other machines; an earlier outcome is none of this job's.
        directory = SweepDirectory(self.directory.path.absolute())
        with reading(directory.cells):
            directory.file(work.cell.name, "json").unlink(missing_ok=True)

        # Submit.
        try:
            own = Work(work.cell, directory, work.measuring, work.steps, work.minutes, work.trained)
            with redirect_stderr(StringIO()):
                job = self.executor.submit(CellJob(own))
        except (FailedJobError, FailedSubmissionError, OSError) as error:
            lines = str(error).splitlines() or [type(error).__name__]
            text = f"no job can be submitted: {lines[-1]}"
            raise UsageError(f"{setting('cluster', self.name)}: {text}") from None
        self._looked = float("-inf")
        if self.name == "local":
            self._local[job.job_id] = job
        return str(job.job_id)

    def queued(self, job: str) -> bool:
        """Whether a job waits for its turn."""
        return self._state(job) in ("PENDING", "CONFIGURING", "REQUEUED")

    def ended(self, job: str) -> str | None:
        """How a job has ended; None if it has not, or that is not known."""
        state = self._state(job)
        return state if state in (*OVER.split(), FORGOTTEN) else None

    def _state(self, job: str) -> str:
        """The state of a job in SLURM's words; empty if the cluster does not answer."""
        # Processes of this machine.
        if job in self._local:
            return "COMPLETED" if self._local[job].done() else "RUNNING"
        if self.name == "local":
            return "RUNNING" if _runs(job) else "COMPLETED"

        # All jobs of this user at once; `sacct` knows more, but not every cluster has it.
        if time.monotonic() - self._looked >= LOOK_EVERY:
            squeue = ["squeue", "-u", str(os.getuid()), "-t", "all", "-h", "-o", "%i %T"]
            try:
                said = subprocess.check_output(  # noqa: S603 - SLURM's own
                    squeue, text=True, stderr=subprocess.DEVNULL, timeout=60
                )
                self._states = dict(line.split() for line in said.splitlines())
            except (OSError, ValueError, subprocess.SubprocessError):
                self._states = None
            self._looked = time.monotonic()
        return "" if self._states is None else self._states.get(job, FORGOTTEN)

    @property
    def ender(self) -> str:
        """The program that ends jobs."""
        return "scancel" if self.name == "slurm" else "kill"


@dataclass
class ClusterWork(Work):
    """A cell that a job of a cluster trains.

    Attributes:
        job: its number.
        missed: since when the job has ended without an outcome.
    """

    cluster: Cluster = field(kw_only=True)
    job: str = ""
    missed: float | None = None

    def begin(self, environment: Mapping[str, str]) -> None:
        """Submit a job, or find the one that is under way."""
        super().begin(environment)
        self.job = self.cluster.job_of(self)

    def poll(self) -> Outcome | None:
        """How the cell ended, once it has."""
        # Its outcome, which the job writes last; a process of this machine ends soon after.
        ended = self.cluster.ended(self.job)
        outcome = self.directory.outcome(self.cell.name)
        if outcome is not None and outcome.config == self.cell.toml():
            return outcome if ended or self.cluster.name != "local" else None
        queued, doing = self.cluster.queued(self.job), "evaluating" if self.trained else "training"
        self.stage = f"queued as job {self.job}" if queued else doing
        if ended is None:
            self.missed = None
            return None

        # A job that was ended from outside has written none.
        self.missed = self.missed or time.monotonic()
        if time.monotonic() - self.missed < PATIENCE:
            return None
        log = self.directory.cells / "jobs" / f"{self.job}_0_log.err"
        return self._ended(f"its job {self.job} has ended, {ended}; see {log}")

    def end(self) -> None:
        """Leave the job alone: it goes on."""

    def wait(self) -> None:
        """Do not wait for the job: the same sweep finds it again."""


def _read(file: Path) -> dict[str, Any]:
    """The facts of a job; empty if there are none that can be read."""
    with suppress(OSError, ValueError):
        facts = json.loads(file.read_bytes())
        if isinstance(facts, dict):
            return facts
    return {}


def _runs(process: str) -> bool:
    """Whether a process is one of submitit's; its number may be another's since."""
    with suppress(OSError):
        if Path("/proc").is_dir():
            return b"submitit" in Path(f"/proc/{process}/cmdline").read_bytes()
        os.kill(int(process), 0)
        return True
    return False


def _digest(work: Work) -> str:
    """What a job is to do, as a short text."""
    text = work.cell.toml() + work.measuring.model_dump_json()
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextmanager
def _uninterrupted(local: bool) -> Iterator[None]:
    """Submit and note a job, or neither: Ctrl-C and SIGTERM wait meanwhile.

    Processes of this machine ignore Ctrl-C, which reaches all programs of a terminal.
    """
    caught: list[int] = []
    numbers: tuple[int, ...] = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before: dict[int, Any] = {number: signal.getsignal(number) for number in numbers}

    def set_all(handlers: Mapping[int, Any]) -> None:
        with suppress(ValueError):  # not in the main thread
            for number, handler in handlers.items():
                signal.signal(number, handler)

    later: dict[int, Any] = dict.fromkeys(numbers, lambda number, frame: caught.append(number))
    if local:
        later[signal.SIGINT] = signal.SIG_IGN
    set_all(later)
    try:
        yield
    finally:
        set_all(before)
    if caught:
        signal.raise_signal(caught[0])
