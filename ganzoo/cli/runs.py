"""`ganzoo runs`: all runs in a folder, with state and step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli.output import cells, say, table_console
from ganzoo.errors import printable

if TYPE_CHECKING:
    from rich.table import Table

GAP = 2
"""Spaces between columns."""

NARROWEST = 16
"""Characters for the metrics below which they are left out."""

FILE_WIDTH = 160
"""Width of the table in a file or a pipe."""


@click.command(short_help="List runs with their state, step and last metrics.")
@click.argument(
    "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print a JSON object per line, with all metrics."
)
def runs(folder: Path | None, as_json: bool) -> None:
    """List the runs in FOLDER (by default runs/), the oldest first."""
    from ganzoo.run.directory import RUNS

    folder = folder or RUNS
    rows = [_row(path) for path in sorted(folder.glob("*")) if _is_run(path)]
    if as_json:
        for row in rows:
            say(json.dumps(row))
    elif not rows:
        say(f"There are no runs in {folder}.")
    else:
        _print_table(rows)


def _is_run(path: Path) -> bool:
    try:
        return (path / "config.toml").is_file()
    except OSError:  # another user's
        return True


def _row(path: Path) -> dict[str, Any]:
    """State, step, time of the latest event and latest metrics of a run, as JSON has them."""
    from ganzoo.errors import GanzooError
    from ganzoo.run.records import Records

    row: dict[str, Any] = {"run": str(path), "state": "damaged", "changed": None, "metrics": {}}
    try:
        # What the log and the journal say.
        run = Records(path)
        events, last = run.events(), (run.metrics() or [{"step": 0}])[-1]
        row["changed"] = events[-1]["time"] or None if events else None
        row["metrics"] = {key: value for key, value in last.items() if key != "step"}

        # What the config and the checkpoints say.
        row["steps"], row["minutes"] = run.config.training.steps, run.config.training.minutes
        row["length"] = run.config.training.length
        row["step"] = max([last["step"], *run.steps[-1:]])
        row["state"] = run.state
    except GanzooError as error:  # a damaged run must not hide the others
        row["error"] = str(error)
    return row


def _print_table(runs: list[dict[str, Any]]) -> None:
    """Print runs as a table, with the first few metrics."""
    from ganzoo.run.records import short_terms

    # Cells.
    rows = []
    for row in runs:
        step = f"{row['step']:,} of {row['length'].removesuffix(' steps')}" if "step" in row else ""
        changed = (row.get("changed") or "")[:16].replace("T", " ")
        rows.append(
            [Path(row["run"]).name, row["state"], step, changed, short_terms(row["metrics"])]
        )

    # Print.
    console = table_console(FILE_WIDTH)
    console.print(fitting_table(rows, console.width))


def fitting_table(rows: list[list[str]], width: int) -> Table:
    """Make a table of as many columns as fit: names are whole, the metrics are cut."""
    from rich.cells import cell_len
    from rich.table import Table

    # Columns that fit, the most important first; the metrics take what is left.
    heads = ["run", "state", "step", "changed (UTC)", "last metrics"]
    rows = [[printable(cell) for cell in row] for row in rows]
    needed = [max(map(cell_len, column)) for column in zip(heads, *rows, strict=True)]
    needed[-1] = min(needed[-1], NARROWEST)
    shown = [n for n in range(len(heads)) if sum(needed[: n + 1]) + n * GAP <= width] or [0]

    # Table.
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False)
    for n in shown:
        if n < len(heads) - 1:
            table.add_column(heads[n], overflow="fold")
        else:
            left = width - sum(needed[:n]) - n * GAP
            table.add_column(heads[n], no_wrap=True, overflow="ellipsis", max_width=left)
    for row in rows:
        table.add_row(*cells(*(row[n] for n in shown)))
    return table
