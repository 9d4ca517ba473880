"""Runner: trains the cells of a sweep, several at a time, and goes on where it was killed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import Timeout

from ganzoo import notebook
from ganzoo.config import Layer, RunConfig
from ganzoo.errors import GanzooError, UsageError, setting
from ganzoo.files import locked
from ganzoo.run import Run
from ganzoo.sweeping.cluster import Cluster, ClusterName, ClusterWork, check_cluster
from ganzoo.sweeping.grid import Cell, Grid, check_jobs
from ganzoo.sweeping.record import Outcome, SweepDirectory
from ganzoo.sweeping.request import Request, plan_of, requested
from ganzoo.sweeping.view import Quiet, SweepView, View
from ganzoo.sweeping.work import POLL, Work, environments, visible_gpus

ON_CPU = Layer("ganzoo (to check a cell)", {"execution": {"device": "cpu"}})
"""Cells are checked on the CPU unless they name a device: their processes need the GPU's memory."""


@dataclass(frozen=True)
class Sweep:
    """The cells of a sweep by name, and how they ended.

    Attributes:
        path: the folder of the sweep; `ganzoo.compare` takes it.
        runs: finished runs.
        refused: combinations that cannot be trained, with the reason.
        failed: runs that ended with an error, with the error. The same sweep tries them again.
    """

    path: Path
    runs: Mapping[str, Run]
    refused: Mapping[str, str]
    failed: Mapping[str, str]

    def _repr_html_(self) -> str:
        """Show in a notebook how each cell ended."""
        ends = {
            "finished": dict.fromkeys(self.runs, ""),
            "refused": self.refused,
            "failed": self.failed,
        }
        rows = [(name, end, why) for end, cells in ends.items() for name, why in cells.items()]
        return notebook.table(["run", "state", "reason"], rows)


def sweep(
    grid: Grid | Sequence[Grid] | str | Path,
    sweep_dir: str | Path,
    *,
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    recipe: str | None = None,
    jobs: int | None = None,
    metrics: Sequence[str] | None = None,
    n: int | None = None,
    extractor: str | None = None,
    cluster: ClusterName | None = None,
    cluster_options: Mapping[str, Any] | None = None,
    quiet: bool = False,
    **settings: Any,
) -> Sweep:
    """Train every combination of lists of values, each in a run directory of its own.

        grid = {"arch": ["dcgan", "vanilla"], "loss": ["bce", "hinge"], "seed": [0, 1, 2]}
        swept = ganzoo.sweep(grid, "sweeps/first", minutes=5, data="emoji", jobs=2)
        print(ganzoo.compare(swept.path).to_markdown())

    Combinations that cannot be trained are refused, with the reason. A run that fails does not end
    the sweep. The same call resumes a sweep that was killed.

    Args:
        grid: values by axis, several such tables, or a sweep file. Axes are `recipe`, `arch`,
            `loss`, `penalty`, `augment`, `constraint`, `data`, every setting, and every option by
            its dotted key.
        sweep_dir: the folder of the sweep: new, empty, or that of a sweep to resume.
        config: settings of all runs: see `ganzoo.train`. The grid wins over them.
        recipe: of all runs; everything else wins over it.
        jobs: number of processes that train at a time, 1 by default. CPU threads are divided among
            them, and of several GPUs each gets one. On SLURM, number of jobs; by default all.
        metrics: to evaluate each run by after its training: see `ganzoo.evaluate`. By default
            those of the sweep file, or none.
        n: number of images of an evaluation.
        extractor: of an evaluation.
        cluster: `"slurm"` trains each cell in a job; `"local"` tries the same on this machine.
        cluster_options: parameters of submitit, such as `timeout_min` and `slurm_partition`.
        quiet: print nothing.
        settings: of all runs: `data`, `steps`, `minutes`, `batch_size`, …

    Raises:
        UsageError: an axis, a name or a setting is unknown, a metric or the extractor cannot be
            made, `jobs` or a cluster option is wrong, all combinations are refused, or another
            process runs the sweep.
        DataError: weights of a metric are missing or unreadable.
        GanzooError: the folder cannot be written.
    """
    measuring = {"metrics": metrics, "n": n, "extractor": extractor}
    request = requested(grid, config=config, recipe=recipe, measuring=measuring, settings=settings)
    with nullcontext(Quiet()) if quiet else SweepView() as view:
        return run_sweep(request, Path(sweep_dir), jobs, view, cluster, cluster_options)


def run_sweep(
    request: Request,
    path: Path,
    jobs: int | None,
    view: View,
    cluster: ClusterName | None = None,
    cluster_options: Mapping[str, Any] | None = None,
) -> Sweep:
    """Run a sweep, or resume it; see `sweep`."""
    jobs = check_jobs(jobs, len(request.cells) if cluster == "slurm" else 1)
    check_cluster(cluster, cluster_options or {})
    directory = SweepDirectory(path)
    directory.create()
    with _only_one(directory):
        # Cells that are finished, and those that cannot be trained.
        outcomes = {cell.name: done for cell in request.cells if (done := _done(directory, cell))}
        missing = [
            c for c in request.cells if c.name not in outcomes or _lacks(directory, c, request)
        ]
        waiting: list[Work] = []
        for number, cell in enumerate(missing):
            view.checked(number, len(missing))
            work = _checked(directory, cell, request, trained=cell.name in outcomes)
            if isinstance(work, Work):
                outcomes.pop(cell.name, None)
                waiting.append(work)
            else:
                if cell.name not in outcomes:  # it is trained, if not measured
                    directory.write(cell.name, work)
                outcomes[cell.name] = work
        _refuse_if_all(outcomes, request.cells)
        for name, outcome in outcomes.items():
            view.ended(name, outcome)

        # Train the others.
        slots = environments(jobs, torch.get_num_threads(), visible_gpus())
        if cluster is not None:
            on = Cluster(cluster, cluster_options or {}, directory)
            waiting = [ClusterWork(**vars(work), cluster=on) for work in waiting]
            slots = [{} for _ in range(jobs)]
        for work, outcome in _trained(waiting, slots, view, len(outcomes)):
            outcomes[work.cell.name] = outcome
            view.ended(work.cell.name, outcome)
    return _result(directory, request.cells, outcomes)


def _trained(
    waiting: list[Work], free: list[dict[str, str]], view: View, ended: int
) -> Iterator[tuple[Work, Outcome]]:
    """Train cells, one in each free environment; yields each with its outcome when it has ended."""
    total, running = ended + len(waiting), list[Work]()
    try:
        while waiting or running:
            # Fill free slots.
            while waiting and free:
                work = waiting.pop(0)
                work.begin(free.pop(0))
                running.append(work)

            # Look at the processes.
            for work in list(running):
                outcome = work.poll()
                if outcome is not None:
                    running.remove(work)
                    free.append(dict(work.environment))
                    ended += 1
                    yield work, outcome
            view.running(running, ended, total)
            if running:
                time.sleep(POLL)
    finally:
        _end(running, view)


def _end(running: Sequence[Work], view: View) -> None:
    """Let processes save and end; a second Ctrl-C no longer waits for them. Jobs go on."""
    for work in running:
        work.end()
    if jobs := [work for work in running if isinstance(work, ClusterWork) and work.job]:
        numbers = " ".join(work.job for work in jobs)
        view.said(
            f"The jobs go on, and the same sweep waits for them; to end them: "
            f"{jobs[0].cluster.ender} {numbers}"
        )
    for work in running:
        work.wait()


def _done(directory: SweepDirectory, cell: Cell) -> Outcome | None:
    """The outcome of a cell that was trained before with the same config."""
    outcome = directory.outcome(cell.name)
    same = outcome is not None and outcome.state == "finished" and outcome.config == cell.toml()
    return outcome if same and directory.run(cell.name).checkpoint_steps() else None


def _lacks(directory: SweepDirectory, cell: Cell, request: Request) -> bool:
    """Whether a trained cell is to be evaluated."""
    wanted = {metric.rpartition("/")[2] for metric in request.measuring.metrics}
    return not wanted <= directory.measured(cell.name)


def _checked(
    directory: SweepDirectory, cell: Cell, request: Request, *, trained: bool
) -> Work | Outcome:
    """Compose a cell: the work to do, or the reason why it cannot be done."""
    try:
        begun = directory.run(cell.name).config.is_file()
        training = plan_of(cell, request.metrics, [ON_CPU], begun=begun).config.training
    except GanzooError as error:
        return Outcome("refused", error.marked, cell.toml())
    except Exception as error:  # a plugin's
        return Outcome("refused", f"{type(error).__name__}: {error}", cell.toml())
    return Work(cell, directory, request.measuring, training.steps, training.minutes, trained)


def _refuse_if_all(outcomes: Mapping[str, Outcome], cells: Sequence[Cell]) -> None:
    """Refuse a sweep of which nothing can be trained."""
    refused = {n: o.reason for n, o in outcomes.items() if o.state == "refused"}
    if len(refused) == len(cells):
        reasons: dict[str, str] = {reason: name for name, reason in reversed(refused.items())}
        rows = [f"  {name}: {reason}" for reason, name in reversed(reasons.items())]
        raise UsageError("\n".join(["no combination of this sweep can be trained:", *rows]))


@contextmanager
def _only_one(directory: SweepDirectory) -> Iterator[None]:
    """Hold the lock of the sweep.

    Raises:
        UsageError: another process holds it.
        GanzooError: the folder cannot be locked.
    """
    with ExitStack() as held:
        try:
            held.enter_context(locked(directory.lock, timeout=0))
        except Timeout:
            raise UsageError(
                f"another process runs the sweep in {directory.path}; wait for it, or choose "
                f"another {setting('sweep_dir')}"
            ) from None
        yield


def _result(
    directory: SweepDirectory, cells: Sequence[Cell], outcomes: Mapping[str, Outcome]
) -> Sweep:
    """The result, in the order of the cells."""

    def of(state: str) -> dict[str, Outcome]:
        named = {cell.name: outcomes[cell.name] for cell in cells}
        return {name: outcome for name, outcome in named.items() if outcome.state == state}

    return Sweep(
        directory.path,
        {name: Run(directory.run(name).path) for name in of("finished")},
        {name: outcome.message for name, outcome in of("refused").items()},
        {name: outcome.message for name, outcome in of("failed").items()},
    )
