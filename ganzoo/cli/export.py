"""`ganzoo export`: a run's generator for others to use."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from ganzoo.cli.parameters import CheckpointStep, run_argument


@click.command(short_help="Write a run's generator as ONNX, torch.export or safetensors.")
@run_argument
@click.option(
    "--format",
    "format_",
    type=click.Choice(["onnx", "torch-export", "safetensors"]),
    default="onnx",
    show_default=True,
    help="onnx runs anywhere and needs the extra `export` here; torch-export is loaded by torch "
    "alone; safetensors are weights for a freshly built generator.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="New or empty folder. [default: one below RUN/exports]",
)
@click.option(
    "--step",
    type=CheckpointStep(),
    help="Of the checkpoint, or `best` (see train --keep-best); the latest if not given.",
)
@click.option("--force", is_flag=True, help="Replace the files of an earlier export.")
def export(
    run: str,
    format_: Any,
    out: Path | None,
    step: int | Literal["best"] | None,
    force: bool,
) -> None:
    """Write the averaged generator of the run in directory RUN, for others to use.

    Beside it: README.md, a model card with a program that runs, what z is, metrics and
    provenance; and ganzoo.json, from which the generator can be built again.
    """
    from ganzoo.exporting import export as export_run

    folder = export_run(run, format_, out=out, step=step, force=force)
    for file in sorted(folder.iterdir()):
        click.echo(file)
