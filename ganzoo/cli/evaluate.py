"""`ganzoo evaluate`: how good a run's images are, with how good they could be beside it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from ganzoo.cli.parameters import CheckpointStep, ComponentName

if TYPE_CHECKING:
    from ganzoo.evaluation import Evaluation, Result

HASH = 12
"""Digits of a hash that are shown; all of them are written down."""


@click.command(short_help="Measure how good a run's images are.")
@click.argument("subject", metavar="RUN")
@click.option(
    "--against",
    metavar="WHAT",
    help="What to compare with: a dataset (NAME or NAME:SPLIT), a folder of images, another run. "
    "[default: the images the run was trained on]",
)
@click.option(
    "--metric",
    "metrics",
    type=ComponentName("metric"),
    multiple=True,
    help="See `ganzoo list metrics`; may be given several times. [default: all that need no "
    "classifier]",
)
@click.option(
    "--extractor",
    type=ComponentName("extractor"),
    help="What makes the features: see `ganzoo list extractors`.",
)
@click.option(
    "--weights",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The extractor's weights, for one that takes them: short for -o extractor.weights=FILE.",
)
@click.option("--n", default=10_000, show_default=True, help="Images of each, at most.")
@click.option("--seed", default=0, show_default=True, help="Of the choice of images and of z.")
@click.option(
    "--step",
    type=CheckpointStep(),
    help="Of the checkpoint, or `best` (see train --keep-best); the latest if not given.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, mps.")
@click.option(
    "-o",
    "--option",
    "options",
    multiple=True,
    metavar="SECTION.KEY=VALUE",
    help="Any option: -o extractor.size=224 -o metric.kernel.subsets=50.",
)
@click.option("--no-floor", is_flag=True, help="Do not measure real images held out.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with all there is to know.")
def evaluate(
    subject: str,
    against: str | None,
    metrics: tuple[str, ...],
    extractor: str | None,
    weights: Path | None,
    n: int,
    seed: int,
    step: int | Literal["best"] | None,
    device: str,
    options: tuple[str, ...],
    no_floor: bool,
    as_json: bool,
) -> None:
    """Measure how good the images of RUN are: a run, a checkpoint, a folder or a dataset.

    Each number stands beside its floor: what real images score that were held out, at the same
    number of images. Numbers are comparable only at the same extractor and n.
    """
    from ganzoo.config import parse_assignment
    from ganzoo.run import Run
    from ganzoo.run.evaluating import evaluate as compare

    assigned: dict[str, Any] = {
        ".".join(path): value for path, value in map(parse_assignment, options)
    }
    if weights is not None:
        assigned["extractor.weights"] = str(weights)
    is_run = (Path(subject) / "config.toml").is_file()
    done = compare(
        Run(subject, step=step, device=device) if is_run else subject,
        against,
        metrics=metrics or None,
        n=n,
        extractor=extractor,
        seed=seed,
        options=assigned,
        floor=not no_floor,
        device=device,
        tell=lambda message: click.echo(f"{message} …", err=True),
    )
    if as_json:
        text = {
            "results": [asdict(result) for result in done],
            "skipped": dict(done.skipped),
            "remarks": list(done.remarks),
        }
        click.echo(json.dumps(text, indent=2))
    else:
        _print(done)


def _print(done: Evaluation) -> None:
    """A table, and below it what the numbers depend on."""
    from rich.console import Console
    from rich.table import Table

    table = Table("", "value", "floor", "better", "blind to", box=None)
    for result in done:
        table.add_row(
            result.name,
            _number(result.value, result.std),
            "" if result.floor is None else _number(result.floor, result.floor_std),
            result.better,
            result.blind_to,
        )
    console = Console()
    console.width = console.width if console.is_terminal else 140
    console.print(table)
    for line in _provenance(done):
        click.echo(line)
    for name, reason in done.skipped.items():
        click.echo(f"not measured: {name}: {reason}")


def _provenance(done: Evaluation) -> list[str]:
    if not done:
        return [*done.remarks]
    first: Result = done[0]
    lines = [f"{first.sample} against {first.reference}; n = {first.n:,}, seed {first.seed}"]
    if first.held_out:
        lines.append(f"floor: {first.held_out}")
    seen: dict[str, None] = {}
    for result in done:
        if result.extractor:
            notes = "".join(f"; {key} {value}" for key, value in result.notes.items())
            short = result.extractor_hash[:HASH]
            seen[f"{result.extractor} {short}: {result.resizing}{notes}"] = None
    return [*lines, *seen, *done.remarks]


def _number(value: float, std: float | None) -> str:
    return f"{value:.4g}" + ("" if std is None else f" ± {std:.2g}")
