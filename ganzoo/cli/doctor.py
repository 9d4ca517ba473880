"""`ganzoo doctor`: problems of a run, with advice."""

from __future__ import annotations

import click

from ganzoo.cli.output import say
from ganzoo.cli.parameters import run_argument


@click.command(short_help="Explain a run: is it healthy, why did it fail?")
@run_argument
@click.pass_context
def doctor(context: click.Context, run: str) -> None:
    """Explain the state of the run in directory RUN, from its journal, log and checkpoints.

    Every file of every checkpoint is compared with its checksum.

    Exit code: 0 for a healthy run, 1 if there are problems.
    """
    from ganzoo.errors import Message
    from ganzoo.run.doctor import diagnose
    from ganzoo.run.records import Records

    diagnosis = diagnose(Records(run))
    say(diagnosis.state)
    for problem in (*diagnosis.problems, *diagnosis.remarks):
        text = problem.at_shell() if isinstance(problem, Message) else problem
        say(f"- {text}.")
    if not diagnosis.problems and not diagnosis.remarks:
        say("Nothing is wrong with it.")
    context.exit(1 if diagnosis.problems else 0)
