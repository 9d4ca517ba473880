"""`ganzoo report`: a self-contained HTML page about runs."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.output import say
from ganzoo.cli.parameters import device_option, runs_argument


@click.command(short_help="Write an HTML page about runs: samples, curves, health.")
@runs_argument
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    help="File to write.",
)
@click.option(
    "--no-map", is_flag=True, help="Leave out the map of classes, which takes about 12 seconds."
)
@device_option
def report(runs: tuple[str, ...], out: Path, device: str, no_map: bool) -> None:
    """Write a self-contained HTML page about RUNs, which loads nothing from the network."""
    from ganzoo.reporting import report as write_report

    path = write_report(*runs, out=out, device=device, map_of_classes=not no_map)
    say(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
