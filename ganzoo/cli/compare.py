"""`ganzoo compare`: a table of several runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ganzoo.cli.parameters import runs_argument

if TYPE_CHECKING:
    from ganzoo.reporting import Comparison


@click.command(short_help="Compare runs: settings, metrics, speed.")
@runs_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "json"]),
    default="table",
    show_default=True,
    help="Output format.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def compare(runs: tuple[str, ...], form: str, as_json: bool) -> None:
    """Compare RUNs: settings that differ, metrics with their floors, speed and state.

    Runs that differ only in the random seed share a row: mean ± standard deviation over the seeds.
    """
    from ganzoo.reporting import compare as compare_runs

    comparison = compare_runs(*runs)
    if as_json or form == "json":
        click.echo(comparison.to_json())
    elif form == "markdown":
        click.echo(comparison.to_markdown())
    else:
        _print(comparison)


def _print(comparison: Comparison) -> None:
    """Print a table and remarks."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    heads, rows = comparison.table()
    table = Table(box=None)
    for head in heads:
        table.add_column(Text(head))
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console()
    console.width = console.width if console.is_terminal else 200
    console.print(table)
    for remark in comparison.remarks:
        click.echo(f"{remark}.")
