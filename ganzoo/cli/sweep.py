"""`ganzoo sweep`: train every combination of lists of values."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli.completion import complete_options
from ganzoo.cli.output import say
from ganzoo.cli.parameters import ComponentName, SectionCommand, SectionOption
from ganzoo.config import parse_assignment
from ganzoo.errors import UsageError, command

if TYPE_CHECKING:
    from ganzoo.sweeping.cluster import ClusterName
    from ganzoo.sweeping.preview import Estimate
    from ganzoo.sweeping.runner import Sweep

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

GRID, RUNS, SWEEP = "Grid (repeat a flag for several values)", "All runs", "Sweep"

COMPONENTS = {
    "arch": ("architecture", "Architecture."),
    "loss": ("loss", "Loss."),
    "penalty": ("penalty", "Penalty; A,B adds both, none leaves out the loss's own."),
    "augment": ("augmentation", "Augmentation; A,B adds both."),
    "constraint": ("constraint", "Constraint; A,B adds both, none leaves out the loss's own."),
    "data": ("dataset", "Dataset."),
    "recipe": ("recipe", "Recipe; everything else wins over it."),
}
"""Flags of the grid that name components."""


def _option(section: str, *flags: str, **named: Any) -> Decorator:
    """A flag in a section of the help."""
    return click.option(*flags, cls=SectionOption, section=section, **named)


def _component_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add a flag for each section of components."""
    for name, (kind, text) in reversed(COMPONENTS.items()):
        option = _option(GRID, f"--{name}", type=ComponentName(kind), multiple=True, help=text)
        function = option(function)
    return function


@click.command(cls=SectionCommand, short_help="Train every combination of lists of values.")
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@_component_options
@_option(GRID, "--seed", type=int, multiple=True, help="Random seed.")
@_option(
    GRID,
    "-o",
    "--option",
    "options",
    multiple=True,
    metavar="SECTION.KEY=VALUE",
    shell_complete=complete_options,
    help="Any setting or option: -o training.batch_size=32 -o training.batch_size=64.",
)
@_option(RUNS, "--steps", type=int, help="Number of generator updates.")
@_option(RUNS, "--kimg", type=float, help="Thousands of real images shown, instead of steps.")
@_option(RUNS, "--minutes", type=float, help="Minutes of training, instead of steps.")
@_option(RUNS, "--size", help="Height and width in pixels: 32, or 32x64.")
@_option(RUNS, "--device", help="Device: auto, cpu, cuda, mps.")
@_option(
    RUNS,
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="TOML file with settings of all runs; flags win over it.",
)
@_option(
    RUNS,
    "--metric",
    "metrics",
    type=ComponentName("metric"),
    multiple=True,
    help="Evaluate each run by this metric after its training; can be repeated.",
)
@_option(RUNS, "--n", type=int, help="Images of an evaluation, at most. [default: 10000]")
@_option(RUNS, "--extractor", type=ComponentName("extractor"), help="Extractor of an evaluation.")
@_option(
    SWEEP,
    "--sweep-dir",
    "--dir",
    "sweep_dir",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    required=True,
    help="Folder of the sweep: new, empty, or that of a sweep to resume.",
)
@_option(
    SWEEP,
    "--jobs",
    type=click.IntRange(1, 1024),
    help="Processes that train at a time; CPU threads are divided among them. [default: 1; on "
    "SLURM all]",
)
@_option(
    SWEEP,
    "--cluster",
    type=click.Choice(["slurm", "local"]),
    help="Train each cell in a job of SLURM; local tries the same on this machine.",
)
@_option(
    SWEEP,
    "--cluster-option",
    "cluster_options",
    multiple=True,
    metavar="KEY=VALUE",
    help="Parameter of submitit: timeout_min=240, gpus_per_node=1, slurm_partition=gpu.",
)
@_option(
    SWEEP,
    "--dry-run",
    is_flag=True,
    help="Print the grid and about how long it takes; no training.",
)
def sweep(
    file: Path | None,
    seed: tuple[int, ...],
    options: tuple[str, ...],
    config: Path | None,
    metrics: tuple[str, ...],
    n: int | None,
    extractor: str | None,
    sweep_dir: Path,
    jobs: int | None,
    cluster: ClusterName | None,
    cluster_options: tuple[str, ...],
    dry_run: bool,
    **named: Any,
) -> None:
    """Train every combination: `ganzoo sweep --loss bce --loss hinge --arch dcgan --dir DIR`.

    FILE is a TOML file with a table [sweep] of lists of values, beside settings of all runs. The
    same command resumes a sweep that was stopped or killed. Every run is a run directory in
    DIR; `ganzoo compare DIR` compares them. The exit code is 1 if a run has failed.
    """
    from ganzoo.sweeping.request import requested
    from ganzoo.sweeping.runner import run_sweep
    from ganzoo.sweeping.view import SweepView

    # The grid of the flags.
    axes: dict[str, list[Any]] = {"seed": list(seed)}
    for section in COMPONENTS:
        axes[section] = [_together(section, value) for value in named.pop(section)]
    for path, value in map(parse_assignment, options):
        axes.setdefault(".".join(path), []).append(value)
    axes = {axis: values for axis, values in axes.items() if values}
    if file is None and not axes:
        raise UsageError("name a sweep file, or what to combine: --loss NAME --loss NAME")

    request = requested(
        file or {},
        config=config,
        recipe=None,
        measuring={"metrics": metrics or None, "n": n, "extractor": extractor},
        settings=named,
        axes=axes,
    )

    # Run it, or say what it would be.
    assigned = dict(map(_assigned, cluster_options))
    with SweepView() as view:
        if dry_run:
            from ganzoo.sweeping.cluster import check_cluster
            from ganzoo.sweeping.preview import estimate

            check_cluster(cluster, assigned)
            estimates = estimate(request, 1 if cluster else jobs or 1, view.checked)
        else:
            with _stopped_by_signals():
                swept = run_sweep(request, sweep_dir, jobs, view, cluster, assigned)
    if dry_run:
        _print_estimates(estimates, jobs or (len(estimates) if cluster == "slurm" else 1))
    else:
        _print(swept)


def _together(section: str, value: str) -> str | list[str]:
    """`A,B` as several components of one cell, where a section takes several."""
    several = section in ("penalty", "augment", "constraint") and "," in value
    return [name.strip() for name in value.split(",")] if several else value


def _assigned(text: str) -> tuple[str, Any]:
    """`timeout_min=240` as a key and a value, which is read as TOML if it can be."""
    key, equals, _ = text.partition("=")
    if not equals or "." in key:
        raise UsageError(f"'{text}' should be KEY=VALUE, like timeout_min=240")
    path, value = parse_assignment(f"cluster.{text}")
    return path[1], value


def _print(swept: Sweep) -> None:
    """Print how the cells ended, and what to do next."""
    counts = {"finished": swept.runs, "refused": swept.refused, "failed": swept.failed}
    say(", ".join(f"{len(names):,} {state}" for state, names in counts.items()))
    if swept.failed:
        logs = swept.path / "cells"
        say(f"The same command tries those that failed again; logs: {logs}")
    say(f"Next: {command('compare', swept.path)}")
    if swept.failed:
        raise click.exceptions.Exit(1)


def _print_estimates(estimates: list[Estimate], jobs: int) -> None:
    """Print the grid, refusals and the time that it takes."""
    from ganzoo.reporting.comparing import duration

    width = max(len(estimate.name) for estimate in estimates)
    for estimate in estimates:
        name = f"{estimate.name:{width}}"
        if estimate.refused is not None:
            about = f"refused: {estimate.refused.at_shell()}"
        elif estimate.untimed is not None:
            about = f"no estimate: {estimate.untimed.at_shell()}"
        else:
            about = f"about {duration(estimate.seconds)}"
        say(f"{name}  {about}")

    # The sum.
    trained = [estimate for estimate in estimates if estimate.refused is None]
    known = [e.seconds for e in trained if e.seconds is not None]
    refused = len(estimates) - len(trained)
    total = f"about {duration(sum(known) / min(jobs, max(len(known), 1)))}" if known else "unknown"
    unknown = (
        f", {len(trained) - len(known):,} runs not counted" if len(known) < len(trained) else ""
    )
    say(
        f"{len(trained):,} runs, {refused:,} refused; {total} with {jobs:,} at a time{unknown}, "
        "from one timed step each, without evaluations. Nothing was trained."
    )


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the sweep as Ctrl-C does: each run is saved first."""
    numbers = [n for n in signal.Signals if n.name in ("SIGTERM", "SIGHUP")]
    before = {number: signal.getsignal(number) for number in numbers}
    replaced = {n: handler for n, handler in before.items() if handler == signal.SIG_DFL}
    for number in replaced:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)
