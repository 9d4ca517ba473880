"""`ganzoo interpolate`: an interpolation in a run's latent space, as an animation."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from ganzoo.cli.output import say
from ganzoo.cli.parameters import run_argument
from ganzoo.cli.sample import class_number, out_option, scale_option, with_sampling_options


@click.command(short_help="Interpolate in a run's latent space, as an animation.")
@run_argument
@click.option("--n", default=16, show_default=True, help="Number of walks, side by side.")
@click.option("--stops", default=4, show_default=True, help="Random points of each walk.")
@click.option("--frames", default=16, show_default=True, help="Frames from one stop to the next.")
@click.option(
    "--fps",
    default=16.0,
    show_default=True,
    type=click.FloatRange(1, 100),
    help="Frames per second; up to 50 in a GIF.",
)
@out_option(
    "walk.gif",
    "Animation to write: .gif, .webp or .png (animated PNG), which loop; or .mp4, which needs the "
    "extra `video`.",
)
@scale_option
@with_sampling_options
def interpolate(
    run: str,
    n: int,
    stops: int,
    frames: int,
    fps: float,
    out: Path,
    scale: int | None,
    seed: int,
    class_: str | None,
    truncation: float | None,
    step: int | Literal["best"] | None,
    device: str,
) -> None:
    """Interpolate between random points of the latent space of RUN, and write an animation."""
    from ganzoo.run import Run
    from ganzoo.run.pictures import check_animation, enlarged, save_animation

    check_animation(out, fps)  # before sampling, which may take long
    opened = Run(run, step=step, device=device)
    walk = opened.interpolate(
        n,
        stops=stops,
        frames=frames,
        seed=seed,
        labels=class_number(opened, class_),
        truncation=truncation,
    )
    save_animation([enlarged(opened.picture(frame), scale) for frame in walk], out, fps)
    say(f"{out}")
