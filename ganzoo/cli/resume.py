"""`ganzoo resume`: go on with a run that stopped."""

from __future__ import annotations

import click

from ganzoo.cli.parameters import run_argument
from ganzoo.config import parse_assignment


@click.command(short_help="Go on with a run that stopped.")
@run_argument
@click.option(
    "--steps",
    type=click.IntRange(1),
    help="Steps in all, counted from the first. [default: those of its config]",
)
@click.option(
    "-o",
    "--option",
    "options",
    multiple=True,
    metavar="SECTION.KEY=VALUE",
    help="Another setting from here on; needs --override.",
)
@click.option(
    "--override",
    is_flag=True,
    help="Allow other learning rates, intervals and devices, or changed images.",
)
def resume(run: str, steps: int | None, options: tuple[str, ...], override: bool) -> None:
    """Go on with the run in directory RUN from its latest checkpoint.

    The result is the same, to the bit, as if it had never stopped. Where the settings in its
    config.toml or its images have changed, the differences are listed and nothing is done.
    """
    assigned = [parse_assignment(text) for text in options]

    from ganzoo.cli.progress import Progress
    from ganzoo.run import resume as resume_run

    with Progress() as progress:
        done = resume_run(
            run,
            steps=steps,
            options={".".join(path): value for path, value in assigned},
            override=override,
            observers=[progress],
            progress=progress.decoding,
        )
    click.echo(f"Done: {done.path}")
