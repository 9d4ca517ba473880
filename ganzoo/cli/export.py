"""`ganzoo export`: a run's generator as ONNX, torch.export or safetensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from ganzoo.cli.parameters import run_argument, step_option


@click.command(short_help="Export a run's generator as ONNX, torch.export or safetensors.")
@run_argument
@click.option(
    "--format",
    "format_",
    type=click.Choice(["onnx", "torch-export", "safetensors"]),
    default="onnx",
    show_default=True,
    help="onnx needs the extra `export` to write and onnxruntime to run; torch-export needs torch "
    "alone; safetensors has only weights.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="New or empty folder. [default: a folder in RUN/exports]",
)
@step_option
@click.option("--force", is_flag=True, help="Replace the files of an earlier export.")
def export(
    run: str,
    format_: Any,
    out: Path | None,
    step: int | Literal["best"] | None,
    force: bool,
) -> None:
    """Export the averaged generator of the run in directory RUN.

    The folder also gets README.md, a model card with example code, metrics and provenance; and
    ganzoo.json, the settings that build the generator again.
    """
    from ganzoo.exporting import export as export_run

    folder = export_run(run, format_, out=out, step=step, force=force)
    for file in sorted(folder.iterdir()):
        click.echo(file)
