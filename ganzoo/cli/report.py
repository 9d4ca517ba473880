"""`ganzoo report`: runs as one page that opens anywhere."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.parameters import runs_argument


@click.command(short_help="Write one page about runs: samples, curves, health.")
@runs_argument
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    help="The page to write.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, mps.")
def report(runs: tuple[str, ...], out: Path, device: str) -> None:
    """Write one self-contained page about RUNs: it loads nothing and opens anywhere."""
    from ganzoo.reporting import report as write

    path = write(*runs, out=out, device=device)
    click.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
