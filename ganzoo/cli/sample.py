"""`ganzoo sample`: pictures from a trained run."""

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
    """Add the options that every drawing command takes."""
    for option in reversed(sampling_options):
        command = option(command)
    return command


@click.command(short_help="Draw images from a run.")
@run_argument
@click.option("--n", default=64, show_default=True, help="How many images.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("grid.png"),
    show_default=True,
    help="The grid to write; .png, .jpg, .webp, ….",
)
@click.option("--columns", type=click.IntRange(1), help="Of the grid; about a square if not given.")
@click.option(
    "--singles",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write each image as a PNG of its own into DIR instead of a grid.",
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
    """Draw images from the run in directory RUN, from its averaged generator."""
    from ganzoo.run import Run
    from ganzoo.run.pictures import save_picture, save_singles

    opened = Run(run, step=step, device=device)
    labels = class_number(opened, class_)
    images = opened.sample(n, seed=seed, labels=labels, truncation=truncation)
    if singles is not None:
        save_singles(images, singles)
        click.echo(f"{n} images in {singles}")
    else:
        if columns is None and opened.num_classes and labels is None:
            columns = min(opened.num_classes, n)
        save_picture(opened.picture(images, columns), out)
        click.echo(f"{out}")


def class_number(run: Run, word: str | None) -> int | None:
    """The class a user means by its name or number.

    Raises:
        UsageError: no class is called so; names those there are.
    """
    if word is None:
        return None
    names = [name.lower() for name in run.manifest.class_names]
    if word.lower() in names:
        return names.index(word.lower())
    if word.lstrip("-").isdigit():
        return int(word)
    known = ", ".join(run.manifest.class_names) or "none by name; give a number"
    raise UsageError(f"no class named '{word}'; there are {known}")
