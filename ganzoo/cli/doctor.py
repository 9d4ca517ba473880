"""`ganzoo doctor`: what is wrong with a run, and what to try."""

from __future__ import annotations

import click

from ganzoo.cli.parameters import run_argument


@click.command(short_help="Explain a run: is it healthy, why did it fail?")
@run_argument
@click.pass_context
def doctor(context: click.Context, run: str) -> None:
    """Explain the run in directory RUN from what it wrote down.

    Exits with 0 where nothing is wrong, with 1 where something is.
    """
    from ganzoo.errors import Message
    from ganzoo.run import Run
    from ganzoo.run.doctor import diagnose

    found = diagnose(Run(run))
    click.echo(found.state)
    for problem in found.problems:
        click.echo(f"- {problem.at_shell() if isinstance(problem, Message) else problem}.")
    if not found.problems:
        click.echo("Nothing is wrong with it.")
    context.exit(1 if found.problems else 0)
