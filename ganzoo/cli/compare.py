"""`ganzoo compare`: runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ganzoo.cli.parameters import runs_argument

if TYPE_CHECKING:
    from ganzoo.reporting import Comparison


@click.command(short_help="Put runs side by side: settings, metrics, speed.")
@runs_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "json"]),
    default="table",
    show_default=True,
    help="How to print it.",
)
@click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
def compare(runs: tuple[str, ...], form: str, as_json: bool) -> None:
    """Put RUNs side by side: the settings that differ, metrics with their floors, speed and state.

    Runs that differ only in the seed are one row, as mean ± standard deviation over the seeds.
    """
    from ganzoo.reporting import compare as side_by_side

    done = side_by_side(*runs)
    if as_json or form == "json":
        click.echo(done.to_json())
    elif form == "markdown":
        click.echo(done.to_markdown())
    else:
        _print(done)


def _print(done: Comparison) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    heads, rows = done.table()
    table = Table(box=None)
    for head in heads:
        table.add_column(Text(head))
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console()
    console.width = console.width if console.is_terminal else 200
    console.print(table)
    for remark in done.remarks:
        click.echo(f"{remark}.")
