"""`ganzoo doctor`: problems of a run, with advice."""

from __future__ import annotations

import click

from ganzoo.cli.parameters import run_argument


@click.command(short_help="Explain a run: is it healthy, why did it fail?")
@run_argument
@click.pass_context
def doctor(context: click.Context, run: str) -> None:
    """Explain the state of the run in directory RUN: failures in its journal and its log.

    Exit code: 0 for a healthy run, 1 if there are problems.
    """
    from ganzoo.errors import Message
    from ganzoo.run import Run
    from ganzoo.run.doctor import diagnose

    diagnosis = diagnose(Run(run))
    click.echo(diagnosis.state)
    for problem in diagnosis.problems:
        click.echo(f"- {problem.at_shell() if isinstance(problem, Message) else problem}.")
    if not diagnosis.problems:
        click.echo("Nothing is wrong with it.")
    context.exit(1 if diagnosis.problems else 0)
