"""`ganzoo mix`: a grid of mixed styles of a run's style generator."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from ganzoo.cli.output import say
from ganzoo.cli.parameters import Layers, run_argument
from ganzoo.cli.sample import class_number, out_option, scale_option, with_sampling_options


@click.command(short_help="Mix the styles of a run's images, of a style generator.")
@run_argument
@click.option("--rows", default=4, show_default=True, help="Images that give the other layers.")
@click.option("--columns", default=6, show_default=True, help="Images that give the layers.")
@click.option(
    "--layers",
    type=Layers(),
    help="Layers of w by the image above, coarse to fine: 0-3,6. [default: the first half]",
)
@out_option("mix.png", "Picture to write.")
@scale_option
@with_sampling_options
def mix(
    run: str,
    rows: int,
    columns: int,
    layers: tuple[int, ...] | None,
    out: Path,
    scale: int | None,
    seed: int,
    class_: str | None,
    truncation: float | None,
    step: int | Literal["best"] | None,
    device: str,
) -> None:
    """Mix styles: each image has some layers of w by the image above it, others by that beside it.

    RUN must be of a style generator, with a mapping and a synthesis network.
    """
    from ganzoo.latents import mix as mix_styles
    from ganzoo.run import Run, pictures

    # Mix.
    pictures.check_picture(out)
    opened = Run(run, step=step, device=device)
    images = mix_styles(
        opened,
        rows=rows,
        columns=columns,
        layers=layers,
        seed=seed,
        labels=class_number(opened, class_),
        truncation=truncation,
    )

    # Draw the grid.
    picture = opened.picture(images.flatten(0, 1), columns + 1)
    pictures.save_picture(pictures.enlarged(picture, scale), out)
    say(f"{out}")
