"""`ganzoo sample`: images from a trained run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

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


@click.command(short_help="Sample images from a run.")
@run_argument
@click.option("--n", default=64, show_default=True, help="Number of images.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("grid.png"),
    show_default=True,
    help="Grid to write: .png, .jpg, .webp, ….",
)
@click.option(
    "--columns", type=click.IntRange(1), help="Columns of the grid. [default: as many as rows]"
)
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
    singles: Path | None,
    seed: int,
    class_: str | None,
    truncation: float | None,
    step: int | Literal["best"] | None,
    device: str,
) -> None:
    """Sample images from the averaged generator of the run in directory RUN."""
    from ganzoo.run import Run
    from ganzoo.run.pictures import save_picture, save_singles

    opened = Run(run, step=step, device=device)
    labels = class_number(opened, class_)

    # Sample.
    images = opened.sample(n, seed=seed, labels=labels, truncation=truncation)

    # Write.
    if singles is not None:
        save_singles(images, singles)
        click.echo(f"{n} images in {singles}")
    else:
        if columns is None and opened.num_classes and labels is None:
            columns = min(opened.num_classes, n)
        save_picture(opened.picture(images, columns), out)
        click.echo(f"{out}")


def class_number(run: Run, class_: str | None) -> int | None:
    """Return the number of a class that is given by name or number.

    Raises:
        UsageError: there is no class of this name; lists the names.
    """
    if class_ is None:
        return None
    names = [name.lower() for name in run.manifest.class_names]
    if class_.lower() in names:
        return names.index(class_.lower())
    if class_.lstrip("-").isdigit():
        return int(class_)
    known = ", ".join(run.manifest.class_names) or "none by name; use a number"
    raise UsageError(f"no class named '{class_}'; there are {known}")
