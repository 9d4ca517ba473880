"""`ganzoo resume`: resume a run that was stopped."""

from __future__ import annotations

import click

from ganzoo.cli.parameters import run_argument
from ganzoo.config import parse_assignment


@click.command(short_help="Resume a run that was stopped.")
@run_argument
@click.option(
    "--steps",
    type=click.IntRange(1),
    help="Number of steps, counted from the first. [default: that of its config]",
)
@click.option(
    "-o",
    "--option",
    "options",
    multiple=True,
    metavar="SECTION.KEY=VALUE",
    help="A changed setting; needs --override.",
)
@click.option(
    "--override",
    is_flag=True,
    help="Allow changed learning rates, intervals, devices and images.",
)
def resume(run: str, steps: int | None, options: tuple[str, ...], override: bool) -> None:
    """Resume the run in directory RUN from its latest checkpoint.

    The result is bit for bit the same as if it had never stopped. If config.toml or the images
    have changed, the differences are listed and nothing is trained.
    """
    assigned = [parse_assignment(text) for text in options]

    from ganzoo.cli.progress import Progress
    from ganzoo.run import resume as resume_run

    with Progress() as progress:
        resumed = resume_run(
            run,
            steps=steps,
            options={".".join(path): value for path, value in assigned},
            override=override,
            observers=[progress],
            progress=progress.decoding,
        )
    click.echo(f"Done: {resumed.path}")
