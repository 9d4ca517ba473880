"""`ganzoo night-log RUN`: a subcommand that this package adds."""

from __future__ import annotations

from pathlib import Path

import click

import ganzoo
from nocturne_gan.logger import FILE


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--last", type=click.IntRange(1), help="Number of lines to print, from the end.")
def night_log(run: Path, last: int | None) -> None:
    """Print what the night-watch wrote about the run in directory RUN."""
    file = run / FILE
    if not file.exists():
        raise ganzoo.UsageError(
            f"{run} was trained without a night-watch; add one with `ganzoo train --observer "
            "night-watch`"
        )
    lines = file.read_text(encoding="utf-8").splitlines()
    click.echo("\n".join(lines if last is None else lines[-last:]))
