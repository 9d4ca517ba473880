"""`ganzoo resume`: go on with a run that stopped."""

from __future__ import annotations

import click

from ganzoo.cli.parameters import run_argument


@click.command(short_help="Go on with a run that stopped.")
@run_argument
@click.option(
    "--steps",
    type=click.IntRange(1),
    help="Steps in all, counted from the first. [default: those of its config]",
)
def resume(run: str, steps: int | None) -> None:
    """Go on with the run in directory RUN from its latest checkpoint.

    The result is the same, to the bit, as if it had never stopped.
    """
    from ganzoo.cli.progress import Progress
    from ganzoo.run import resume as resume_run

    with Progress() as progress:
        done = resume_run(run, steps=steps, observers=[progress], progress=progress.decoding)
    click.echo(f"Done: {done.path}")
