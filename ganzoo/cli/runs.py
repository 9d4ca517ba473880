"""`ganzoo runs`: all runs in a folder, with state and step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ganzoo.run import Run

SHOWN = 3
"""Number of metrics in a row of the table."""


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
    rows = [_row(path) for path in sorted(folder.glob("*")) if (path / "config.toml").is_file()]
    if as_json:
        for row in rows:
            click.echo(json.dumps(row))
    elif not rows:
        click.echo(f"There are no runs in {folder}.")
    else:
        _print_table(rows)


def _row(path: Path) -> dict[str, Any]:
    """State, step and latest metrics of a run, as JSON has them."""
    from ganzoo.errors import GanzooError
    from ganzoo.run import Run

    run = Run(path)
    lines = run.metrics()
    last = lines[-1] if lines else {}
    try:
        steps = run.config.training.steps
    except GanzooError as error:  # a damaged run must not hide the others
        return {"run": str(path), "state": "damaged", "error": str(error)} | _latest(run, last)
    step = max([int(last.get("step", 0)), *run.steps[-1:]])
    return {"run": str(path), "state": run.state, "step": step, "steps": steps} | _latest(run, last)


def _latest(run: Run, last: dict[str, Any]) -> dict[str, Any]:
    """Time of the latest event, and metrics of the last line of the log."""
    events = run.events()
    metrics = {key: value for key, value in last.items() if key != "step"}
    return {"changed": events[-1]["time"] if events else None, "metrics": metrics}


def _print_table(rows: list[dict[str, Any]]) -> None:
    """Print rows as a table, with the first few metrics."""
    from rich.console import Console
    from rich.table import Table

    from ganzoo.cli.progress import short_term

    # Columns.
    table = Table("run", "state", "step", "changed (UTC)", box=None)
    table.add_column("last metrics", no_wrap=True, overflow="ellipsis")
    for column in table.columns[:4]:
        column.overflow = "fold"

    # Rows.
    for row in rows:
        shown = [
            f"{short_term(name)} {value:.3g}"
            for name, value in row["metrics"].items()
            if name != "images_per_second"
        ]
        step = f"{row['step']:,} of {row['steps']:,}" if "step" in row else ""
        changed = (row.get("changed") or "")[:16].replace("T", " ")
        table.add_row(Path(row["run"]).name, row["state"], step, changed, ", ".join(shown[:SHOWN]))

    # Print; lines of a file are wide.
    console = Console()
    console.width = console.width if console.is_terminal else 160
    console.print(table)
