"""`ganzoo project`: the nearest image to a given one that a run's generator can make."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from ganzoo.cli.output import say
from ganzoo.cli.parameters import class_option, device_option, run_argument, step_option
from ganzoo.cli.sample import class_number, out_option, scale_option


@click.command(short_help="Project images onto what a run's generator can make.")
@run_argument
@click.argument(
    "images",
    type=click.Path(exists=True, dir_okay=False),
    metavar="IMAGE...",
    nargs=-1,
    required=True,
)
@out_option("projection.png", "Picture to write: each image beside its projection.")
@scale_option
@click.option(
    "--save-latent",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the points too, as a NumPy array: FILE.npy.",
)
@click.option(
    "--space",
    type=click.Choice(["z", "w", "w+"]),
    help="Latent space; w+ has a style for each layer. [default: w of a style generator, or z]",
)
@click.option("--steps", default=300, show_default=True, help="Steps of the optimization.")
@click.option("--starts", default=4, show_default=True, help="Points optimized for each image.")
@click.option("--lr", default=0.1, show_default=True, help="Learning rate, in standard deviations.")
@click.option("--seed", default=0, show_default=True, help="Random seed of the starts.")
@class_option
@step_option
@device_option
def project(
    run: str,
    images: tuple[str, ...],
    out: Path,
    scale: int | None,
    save_latent: Path | None,
    space: Any,
    steps: int,
    starts: int,
    lr: float,
    seed: int,
    class_: str | None,
    step: int | Literal["best"] | None,
    device: str,
) -> None:
    """Find the image nearest to each IMAGE that the generator of RUN makes, by optimization.

    IMAGEs are cropped and resized as training images are. Prints the distance of each: the root
    mean square difference over a pyramid of resolutions, of pixels in [0, 1].
    """
    import numpy as np

    from ganzoo.files import replacing_file
    from ganzoo.latents import project as project_images
    from ganzoo.run import Run, pictures

    # Project.
    pictures.check_picture(out)
    opened = Run(run, step=step, device=device)
    found = project_images(
        opened,
        images,
        space=space,
        labels=class_number(opened, class_),
        steps=steps,
        starts=starts,
        lr=lr,
        seed=seed,
    )
    for name, distance in zip(images, found.distances, strict=True):
        say(f"{name}  distance {distance:.4f}")

    # Write.
    pictures.save_picture(pictures.enlarged(found.picture(), scale), out)
    say(f"{out}")
    if save_latent is not None:
        with replacing_file(save_latent) as file:
            np.save(file, found.latent.numpy())
        say(f"{save_latent}")
