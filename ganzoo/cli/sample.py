"""`ganzoo sample`: images from a trained run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from ganzoo.cli.output import say
from ganzoo.cli.parameters import run_argument, sampling_options
from ganzoo.errors import UsageError

if TYPE_CHECKING:
    from ganzoo.run import Run

F = TypeVar("F", bound=Callable[..., Any])


def with_sampling_options(command: F) -> F:
    """Add the options that all sampling commands share."""
    for option in reversed(sampling_options):
        command = option(command)
    return command


def out_option(default: str, text: str) -> Callable[[F], F]:
    """The option for the picture that a command writes."""
    path = click.Path(path_type=Path)
    return click.option("--out", type=path, default=Path(default), show_default=True, help=text)


scale_option = click.option(
    "--scale",
    type=click.IntRange(1, 32),
    help="Enlarge each pixel to N x N. [default: small pictures up to 4 times]",
    metavar="N",
)


@click.command(short_help="Sample images from a run.")
@run_argument
@click.option("--n", default=64, show_default=True, help="Number of images.")
@out_option("grid.png", "Grid to write: .png, .jpg, .webp, .gif, .bmp or .tif.")
@click.option(
    "--columns", type=click.IntRange(1), help="Columns of the grid. [default: as many as rows]"
)
@scale_option
@click.option(
    "--singles",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write each image into its own PNG in DIR, and no grid.",
)
@with_sampling_options
def sample(
    run: str,
    n: int,
    out: Path,
    columns: int | None,
    scale: int | None,
    singles: Path | None,
    seed: int,
    class_: str | None,
    truncation: float | None,
    step: int | Literal["best"] | None,
    device: str,
) -> None:
    """Sample images from the averaged generator of the run in directory RUN."""
    from ganzoo.run import Run, pictures

    # Check the files before sampling, which may take long.
    if singles is None:
        pictures.check_picture(out)
    elif columns is None and scale is None:
        pictures.check_singles(singles, n)
    else:
        raise UsageError("--columns and --scale are for grids, and --singles writes none")

    # Sample.
    opened = Run(run, step=step, device=device)
    labels = class_number(opened, class_)
    images = opened.sample(n, seed=seed, labels=labels, truncation=truncation)

    # Write.
    if singles is not None:
        pictures.save_singles(images, singles)
        say(f"{n} images in {singles}")
    else:
        picture = opened.picture(images, columns or opened.columns(n, labels))
        pictures.save_picture(pictures.enlarged(picture, scale), out)
        say(f"{out}")


def class_number(run: Run, class_: str | None) -> int | None:
    """Return the number of a class that is given by name or, if no name is a number, by number.

    Raises:
        UsageError: there is no class of this name, or there are several; lists the names.
    """
    if class_ is None:
        return None
    if run.manifest.demands.labels and not run.num_classes:
        kind = run.manifest.image.condition_kind
        raise UsageError(
            f"{run.path} is conditioned on {kind}s, not on classes: without --class it uses the "
            f"{kind}s of some training images in turn; Run.sample takes others as labels"
        )

    # By name; upper and lower case may differ if that leaves one.
    names = list(run.manifest.class_names)
    if class_ in names:
        return names.index(class_)
    alike = [k for k, name in enumerate(names) if name.lower() == class_.lower()]
    if len(alike) == 1:
        return alike[0]

    # By number. Among folders 01, 02, … the number 1 could be meant as either.
    if re.fullmatch(r"-?\d{1,9}", class_) and not any(name.isdecimal() for name in names):
        return int(class_)
    known = ", ".join(names) or "none by name; use a number"
    raise UsageError(f"no class named '{class_}'; there are {known}")
