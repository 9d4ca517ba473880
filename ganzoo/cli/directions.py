"""`ganzoo directions`: what the directions of a run's latent space change, in closed form."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from ganzoo.cli.output import say
from ganzoo.cli.parameters import Layers, run_argument
from ganzoo.cli.sample import class_number, out_option, scale_option, with_sampling_options
from ganzoo.errors import whole


@click.command(short_help="Show the directions of a run's latent space that change images most.")
@run_argument
@click.option("--n", default=5, show_default=True, help="Number of directions, a row each.")
@click.option("--columns", default=7, show_default=True, help="Images of each direction.")
@click.option(
    "--amount",
    default=3.0,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="How far to both sides, in standard deviations.",
)
@click.option(
    "--space",
    type=click.Choice(["z", "w"]),
    help="Latent space. [default: w of a style generator, or z]",
)
@click.option("--layers", type=Layers(), help="Layers of w to move: 0-3,6. [default: all]")
@out_option("directions.png", "Picture to write.")
@scale_option
@with_sampling_options
def directions(
    run: str,
    n: int,
    columns: int,
    amount: float,
    space: str | None,
    layers: tuple[int, ...] | None,
    out: Path,
    scale: int | None,
    seed: int,
    class_: str | None,
    truncation: float | None,
    step: int | Literal["best"] | None,
    device: str,
) -> None:
    """Draw an image of RUN that moves along each direction, by closed-form factorization (SeFa).

    The image in the middle is the first of `ganzoo sample` with the same seed.
    """
    import torch

    from ganzoo.latents import directions as find_directions
    from ganzoo.run import Run, pictures

    # Find directions.
    pictures.check_picture(out)
    opened = Run(run, step=step, device=device)
    labels = class_number(opened, class_)
    found = find_directions(opened, n, space=space, layers=layers)

    # Draw them.
    opened.sampler.check_memory(n * columns)  # before their amounts are listed
    amounts = torch.linspace(-amount, amount, whole("columns", columns)).tolist()
    images = found.images(amounts, seed=seed, labels=labels, truncation=truncation)
    picture = opened.picture(images.flatten(0, 1), images.shape[1])
    pictures.save_picture(pictures.enlarged(picture, scale), out)
    say(f"{out}")
