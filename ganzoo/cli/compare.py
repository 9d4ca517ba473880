"""`ganzoo compare`: a table of several runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli.output import cells, say, table_console
from ganzoo.cli.parameters import device_option, runs_argument

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

        say(f"Leaderboard: {leaderboard(*runs, out=out, device=device)}")
        return
    from ganzoo.reporting import compare as compare_runs

    comparison = compare_runs(*runs)
    if as_json or form == "json":
        say(comparison.to_json())
    elif form == "markdown":
        say(comparison.to_markdown())
    else:
        _print(comparison)


def _print(comparison: Comparison) -> None:
    """Print the table, remarks, and the settings of many runs below them."""
    from rich.table import Table

    def show(heads: list[str], rows: list[list[str]]) -> None:
        table = Table(box=None)
        for head in cells(*heads):
            table.add_column(head)
        for row in rows:
            table.add_row(*cells(*row))
        table_console(200).print(table)

    show(*comparison.table())
    for remark in comparison.remarks:
        say(f"{remark}.")
    if (settings := comparison.settings_table()) is not None:
        say("\nSettings that differ:")
        show(*settings)
