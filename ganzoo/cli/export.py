"""`ganzoo export`: a run's generator as ONNX, torch.export, safetensors or a web page."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from ganzoo.cli.output import say
from ganzoo.cli.parameters import run_argument, step_option


@click.command(short_help="Export a run's generator: ONNX, torch.export, safetensors, a page.")
@run_argument
@click.option(
    "--format",
    "format_",
    type=click.Choice(["onnx", "torch-export", "safetensors", "page"]),
    default="onnx",
    show_default=True,
    help="onnx needs the extra `export` to write and onnxruntime to run; torch-export needs torch "
    "alone; safetensors has only weights; page is an HTML file in which the generator runs.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="New or empty folder. [default: a folder in RUN/exports]",
)
@click.option(
    "--runtime",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="For a page: folder of the npm package onnxruntime-web. "
    "[default: node_modules/onnxruntime-web here or above]",
)
@step_option
@click.option("--force", is_flag=True, help="Replace the files of an earlier export.")
def export(
    run: str,
    format_: Any,
    out: Path | None,
    runtime: Path | None,
    step: int | Literal["best"] | None,
    force: bool,
) -> None:
    """Export the averaged generator of the run in directory RUN.

    The folder also gets README.md, a model card with example code, metrics and provenance; and
    ganzoo.json, the settings that build the generator again.
    """
    from ganzoo.exporting import export as export_run

    folder = export_run(run, format_, out=out, step=step, force=force, runtime=runtime)
    for file in sorted(folder.iterdir()):
        say(f"{file}")
