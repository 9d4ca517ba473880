"""`ganzoo ddls RUN`: images of a run whose z the discriminator improves, or their metrics."""

from __future__ import annotations

from pathlib import Path

import click

import ganzoo


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--n", type=click.IntRange(1), help="Images. [default: 64; 1,000 to be evaluated]", metavar="N"
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Grid to write, or a folder for single pictures if it has no suffix. [default: ddls.png]",
)
@click.option("--evaluate", is_flag=True, help="Write no picture: measure the images.")
@click.option(
    "--metric", "metrics", multiple=True, help="As for `ganzoo evaluate`; can be repeated."
)
@click.option("--against", metavar="IMAGES", help="As for `ganzoo evaluate`.")
@click.option(
    "--steps",
    type=click.IntRange(0),
    default=1000,
    show_default=True,
    help="Steps of the Langevin dynamics; 0 samples without the discriminator.",
)
@click.option(
    "--step-size",
    type=click.FloatRange(0, min_open=True),
    default=0.01,
    show_default=True,
    help="Size of a step, epsilon of the paper.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Random seed.")
@click.option("--class", "label", type=click.IntRange(0), help="Number of a class, for all images.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, mps or auto.")
def ddls(
    run: Path,
    n: int | None,
    out: Path | None,
    evaluate: bool,
    metrics: tuple[str, ...],
    against: str | None,
    steps: int,
    step_size: float,
    seed: int,
    label: int | None,
    device: str,
) -> None:
    """Sample images of the run in directory RUN from p(z) exp(D(G(z))), or evaluate them."""
    from ganzoo_ddls.langevin import refined

    if not evaluate and (metrics or against):
        raise ganzoo.UsageError("--metric and --against need --evaluate")
    if evaluate and label is not None:
        raise ganzoo.UsageError("--class is for pictures: an evaluation draws every class")
    if evaluate and out is not None:
        raise ganzoo.UsageError("--out is for pictures: an evaluation writes none")
    opened = refined(ganzoo.Run(run, device=device), steps=steps, step_size=step_size)

    # Metrics.
    if evaluate:
        evaluation = ganzoo.evaluate(
            opened, against, metrics=metrics or None, n=n or 1000, seed=seed, device=device
        )
        for result in evaluation:
            floor = "" if result.floor is None else f" (floor {result.floor:.4g})"
            click.echo(f"{result.name} {result.value:.4g}{floor}, {result.better} is better")
        for name, reason in evaluation.skipped.items():
            click.echo(f"not measured: {name}: {reason}", err=True)
        for note in evaluation.notes():
            click.echo(note)
        return

    # Pictures.
    out = out or Path("ddls.png")
    images = opened.sample(n or 64, seed=seed, labels=label)
    if out.suffix:
        ganzoo.save_grid(images, out, scale=None)
    else:
        for k, image in enumerate(images):
            ganzoo.save_grid(image[None], out / f"{k:06}.png")
    click.echo(f"Images: {out}")
