"""`ganzoo compare`: a table of several runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli.parameters import device_option, runs_argument
from ganzoo.errors import printable

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
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a web page instead: pictures, metrics, and a table that can be sorted.",
)
@device_option
def compare(runs: tuple[str, ...], form: str, as_json: bool, out: Path | None, device: str) -> None:
    """Compare RUNs: metrics with their floors, speed, state, and settings that differ.

    RUN may also be a folder of runs, such as that of a sweep. Runs that differ only in the random
    seed share a row: mean ± standard deviation over the seeds.
    """
    if out is not None:
        from ganzoo.reporting import leaderboard

        click.echo(printable(f"Leaderboard: {leaderboard(*runs, out=out, device=device)}"))
        return
    from ganzoo.reporting import compare as compare_runs

    comparison = compare_runs(*runs)
    if as_json or form == "json":
        click.echo(comparison.to_json())
    elif form == "markdown":
        click.echo(comparison.to_markdown())
    else:
        _print(comparison)


def _print(comparison: Comparison) -> None:
    """Print the table, remarks, and the settings of many runs below them."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    console.width = console.width if console.is_terminal else 200

    def show(heads: list[str], rows: list[list[str]]) -> None:
        table = Table(box=None)
        for head in heads:
            table.add_column(Text(head))
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)

    show(*comparison.table())
    for remark in comparison.remarks:
        click.echo(f"{remark}.")
    if (settings := comparison.settings_table()) is not None:
        click.echo("\nSettings that differ:")
        show(*settings)
