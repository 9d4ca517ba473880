"""`ganzoo evaluate`: metrics of a run's images, each with its floor."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from ganzoo.cli.completion import complete_options, complete_runs
from ganzoo.cli.output import cells, say, table_console
from ganzoo.cli.parameters import ComponentName, device_option, step_option
from ganzoo.errors import UsageError, setting

if TYPE_CHECKING:
    from ganzoo.evaluation import Evaluation


@click.command(short_help="Measure the quality of generated images.")
@click.argument("subject", metavar="RUN", shell_complete=complete_runs)
@click.option(
    "--against",
    metavar="IMAGES",
    help="Reference: a dataset (NAME or NAME:SPLIT), a folder of images, or another run. "
    "[default: the training images]",
)
@click.option(
    "--metric",
    "metrics",
    type=ComponentName("metric"),
    multiple=True,
    help="Metric: see `ganzoo list metrics`; can be repeated. [default: the common "
    "ones that apply to these images]",
)
@click.option(
    "--extractor",
    type=ComponentName("extractor"),
    help="Feature extractor: see `ganzoo list extractors`.",
)
@click.option(
    "--weights",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Weights of the extractor, if it takes a file: the same as -o extractor.weights=FILE.",
)
@click.option(
    "--skip-bad-images", is_flag=True, help="Leave unreadable images of a dataset or folder out."
)
@click.option("--n", default=10_000, show_default=True, help="Images on each side, at most.")
@click.option("--seed", default=0, show_default=True, help="Random seed of images and of z.")
@step_option
@device_option
@click.option(
    "-o",
    "--option",
    "options",
    multiple=True,
    metavar="SECTION.KEY=VALUE",
    shell_complete=complete_options,
    help="Any option: -o extractor.size=224 -o metric.kernel.subsets=50.",
)
@click.option("--no-floor", is_flag=True, help="Skip the floor, which takes half the time.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with all details.")
def evaluate(
    subject: str,
    against: str | None,
    metrics: tuple[str, ...],
    extractor: str | None,
    weights: Path | None,
    skip_bad_images: bool,
    n: int,
    seed: int,
    step: int | Literal["best"] | None,
    device: str,
    options: tuple[str, ...],
    no_floor: bool,
    as_json: bool,
) -> None:
    """Measure the quality of images: of a run, a checkpoint, a folder or a dataset.

    Each value comes with its floor: the value of held-out real images, at the same number of
    images. Values are comparable only with the same extractor and n. A metric that cannot be
    measured is listed with the reason; the exit code is 1 if none can.
    """
    # Options.
    from ganzoo.config import parse_assignment
    from ganzoo.evaluation.results import NothingMeasured
    from ganzoo.run import Run
    from ganzoo.run.evaluating import evaluate as compare

    assigned: dict[str, Any] = {
        ".".join(path): value for path, value in map(parse_assignment, options)
    }
    if weights is not None:
        assigned["extractor.weights"] = str(weights)

    # Evaluate.
    is_run = (Path(subject) / "config.toml").is_file()
    if step is not None and not is_run:
        raise UsageError(f"{setting('step')} chooses a checkpoint of a run, and {subject} is none")
    try:
        evaluation = compare(
            Run(subject, step=step, device=device) if is_run else subject,
            against,
            metrics=metrics or None,
            n=n,
            extractor=extractor,
            seed=seed,
            options=assigned,
            floor=not no_floor,
            skip_bad_images=skip_bad_images,
            device=device,
            notify=lambda message: say(f"{message} …", err=True),
        )
    except NothingMeasured as error:
        if as_json:
            _print_json(error.evaluation)
        raise

    # Print.
    if as_json:
        _print_json(evaluation)
    else:
        _print(evaluation)


def _print_json(evaluation: Evaluation) -> None:
    """Print one JSON object."""
    text = {
        "results": [asdict(result) for result in evaluation],
        "skipped": dict(evaluation.skipped),
        "remarks": list(evaluation.remarks),
    }
    say(json.dumps(text, indent=2))


def _print(evaluation: Evaluation) -> None:
    """Print a table, and below it what the values depend on."""
    from rich.table import Table

    from ganzoo.evaluation.results import not_measured

    heads, rows = evaluation.table()
    table = Table(*heads, box=None)
    for row in rows:
        table.add_row(*cells(*row))
    table_console(140).print(table)

    # Notes.
    for line in evaluation.notes():
        say(line)
    for line in not_measured(evaluation).values():
        say(line.at_shell())
