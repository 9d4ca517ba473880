"""`ganzoo interpolate`: a walk through a run's latent space, as an animation."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from ganzoo.cli.parameters import run_argument
from ganzoo.cli.sample import class_number, with_sampling_options


@click.command(short_help="Walk through a run's latent space, as a GIF.")
@run_argument
@click.option("--n", default=16, show_default=True, help="Walks side by side.")
@click.option("--stops", default=4, show_default=True, help="Random points each walk visits.")
@click.option("--frames", default=16, show_default=True, help="Frames from one stop to the next.")
@click.option(
    "--fps", default=16.0, show_default=True, type=click.FloatRange(1, 100), help="Frames a second."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("walk.gif"),
    show_default=True,
    help="The GIF to write; it loops without a seam.",
)
@with_sampling_options
def interpolate(
    run: str,
    n: int,
    stops: int,
    frames: int,
    fps: float,
    out: Path,
    seed: int,
    class_: str | None,
    truncation: float | None,
    step: int | Literal["best"] | None,
    device: str,
) -> None:
    """Walk through the latent space of the run in directory RUN and write a GIF."""
    from ganzoo.run import Run
    from ganzoo.run.pictures import save_gif

    opened = Run(run, step=step, device=device)
    walk = opened.interpolate(
        n,
        stops=stops,
        frames=frames,
        seed=seed,
        labels=class_number(opened, class_),
        truncation=truncation,
    )
    save_gif([opened.picture(frame) for frame in walk], out, fps)
    click.echo(f"{out}")
