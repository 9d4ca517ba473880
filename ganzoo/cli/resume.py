"""`ganzoo resume`: resume a run that was stopped."""

from __future__ import annotations

import click

from ganzoo.cli.completion import complete_options
from ganzoo.cli.output import say
from ganzoo.cli.parameters import run_argument
from ganzoo.config import parse_assignment
from ganzoo.execution.torchrun import launched


@click.command(short_help="Resume a run that was stopped.")
@run_argument
@click.option(
    "--steps",
    type=click.IntRange(1),
    help="Number of steps, counted from the first. [default: that of its config]",
)
@click.option(
    "--device", help="Device to train on: auto, cpu, cuda, mps. [default: that of its config]"
)
@click.option(
    "-o",
    "--option",
    "options",
    multiple=True,
    metavar="SECTION.KEY=VALUE",
    shell_complete=complete_options,
    help="A changed setting; needs --override, except for the place of unchanged images.",
)
@click.option(
    "--override",
    is_flag=True,
    help="Allow changed minutes, learning rates, logging, execution, observers and images.",
)
def resume(
    run: str, steps: int | None, device: str | None, options: tuple[str, ...], override: bool
) -> None:
    """Resume the run in directory RUN from its latest checkpoint.

    On the same machine with the same number of threads, weights, log and samples are bit for bit
    those of a run that never stopped, but for times and speed. If config.toml or the images have
    changed, the differences are listed and nothing is trained.
    """
    from ganzoo.run.records import Records, run_title

    # Say what is resumed before torch is imported, which takes seconds.
    assigned = [parse_assignment(text) for text in options]
    records = Records(run)
    if launched()[0] == 0:
        text = f"Resuming {records.path}: {run_title(records.config)} …"
        say(text, err=True)

    from ganzoo.cli import ranks
    from ganzoo.cli.progress import Progress, what_next
    from ganzoo.run import resume as resume_run

    with ranks.joined(), Progress() as progress:
        resumed = resume_run(
            run,
            steps=steps,
            device=device,
            options={".".join(path): value for path, value in assigned},
            override=override,
            observers=[progress],
            progress=progress.decoding,
        )
    for line in what_next(resumed.directory):
        say(line)
