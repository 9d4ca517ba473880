"""`ganzoo ddls RUN`: images of a run whose z the discriminator improves."""

from __future__ import annotations

from pathlib import Path

import click

import ganzoo


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--n", type=click.IntRange(1), default=64, show_default=True, help="Images.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("ddls.png"),
    show_default=True,
    help="Grid to write, or a folder for single pictures if it has no suffix.",
)
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
    n: int,
    out: Path,
    steps: int,
    step_size: float,
    seed: int,
    label: int | None,
    device: str,
) -> None:
    """Sample images of the run in directory RUN from p(z) exp(D(G(z)))."""
    from ganzoo_ddls.langevin import sample

    opened = ganzoo.Run(run, device=device)
    images = sample(opened, n, steps=steps, step_size=step_size, seed=seed, labels=label)
    if out.suffix:
        ganzoo.save_grid(images, out, scale=None)
    else:
        for k in range(n):
            ganzoo.save_grid(images[k : k + 1], out / f"{k:06}.png")
    click.echo(f"Images: {out}")
