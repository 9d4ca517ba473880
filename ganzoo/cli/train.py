"""`ganzoo train`: train a GAN into a run directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import click
from pydantic import BaseModel

from ganzoo.cli.parameters import ComponentName
from ganzoo.config import (
    SHORTCUTS,
    ExecutionConfig,
    ImageConfig,
    LoggingConfig,
    TrainingConfig,
    parse_assignment,
    tree_of,
)
from ganzoo.interfaces.options import describe

_OWN = {"conditional", "size", "channels", "skip_bad_images"}
_SECTIONS: dict[str, type[BaseModel]] = {
    "image": ImageConfig,
    "training": TrainingConfig,
    "execution": ExecutionConfig,
    "logging": LoggingConfig,
}


def _setting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """A flag for each leaf of the config, its help and its type taken from there."""
    for key, (section, leaf) in reversed(SHORTCUTS.items()):
        if key in _OWN:
            continue
        model = _SECTIONS[section]
        help_ = next(option for option in describe(model) if option.name == leaf)
        default = "" if help_.default == "none" else f" [default: {help_.default}]"
        annotation = model.model_fields[leaf].annotation
        flag = key.replace("_", "-")
        if annotation is bool:
            command = click.option(
                f"--{flag}/--no-{flag}", default=None, help=help_.description + default
            )(command)
            continue
        command = click.option(
            f"--{flag}",
            type=_click_type(annotation),
            help=help_.description + default,
        )(command)
    return command


def _click_type(annotation: Any) -> Any:
    if get_origin(annotation) is Literal:
        return click.Choice(get_args(annotation))
    if get_origin(annotation) is tuple:
        return (float, float)
    return next((t for t in (int, float) if t == annotation or t in get_args(annotation)), str)


@click.command(short_help="Train a GAN.")
@click.option(
    "--arch",
    type=ComponentName("architecture"),
    help="Architecture: see `ganzoo list architectures`.",
)
@click.option("--loss", type=ComponentName("loss"), help="Loss: see `ganzoo list losses`.")
@click.option(
    "--data",
    type=ComponentName("dataset"),
    help="Dataset: see `ganzoo list datasets`. [default: one that needs no download]",
)
@click.option(
    "--penalty",
    type=ComponentName("penalty"),
    multiple=True,
    help="Penalty to add to the loss's own; may be given several times.",
)
@click.option(
    "--observer",
    type=ComponentName("observer"),
    multiple=True,
    help="Observer of the run (a logger, say): see `ganzoo list observers`.",
)
@click.option(
    "--eval-every",
    type=click.IntRange(min=1),
    metavar="N",
    help="Measure how good the images are at every N steps, into the log; --keep-best can name "
    "the numbers. See docs/evaluation.md.",
)
@click.option("--size", help="Height and width to train at: 32, or 32x64. [default: the dataset's]")
@click.option("--channels", type=int, help="1 for grey, 3 for RGB. [default: the dataset's]")
@click.option(
    "--conditional/--unconditional",
    default=None,
    help="Give both networks the class labels. [default: as the loss needs]",
)
@click.option(
    "--skip-bad-images", is_flag=True, default=None, help="Train without unreadable images."
)
@_setting_options
@click.option(
    "-o",
    "--option",
    "options",
    multiple=True,
    metavar="SECTION.KEY=VALUE",
    help="Any option: -o arch.latent_dim=64 -o penalty.r1.weight=1; see `ganzoo show`.",
)
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="TOML with any of these settings; flags go before it. A run's own config.toml fits.",
)
@click.option(
    "--recipe",
    type=ComponentName("recipe"),
    help="Settings that come with a plugin, see `ganzoo list recipes`; all others go before them.",
)
@click.option(
    "--run-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="New or empty directory for the run. [default: a numbered one below runs/]",
)
@click.option(
    "--resume",
    type=click.Choice(["never", "auto"]),
    default="never",
    show_default=True,
    help="auto: go on with the run in --run-dir if there is one, with the same settings.",
)
@click.option(
    "--override",
    is_flag=True,
    help="With --resume auto: allow other steps, learning rates, intervals and devices.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be trained, and train nothing.")
def train(
    arch: str | None,
    loss: str | None,
    data: str | None,
    penalty: tuple[str, ...],
    observer: tuple[str, ...],
    eval_every: int | None,
    options: tuple[str, ...],
    config: Path | None,
    recipe: str | None,
    run_dir: Path | None,
    resume: Literal["never", "auto"],
    override: bool,
    dry_run: bool,
    **settings: Any,
) -> None:
    """Train a GAN: `ganzoo train --arch dcgan --loss bce`, or `--recipe dcgan-quick`.

    Settings that are not given come from the loss's paper, then the architecture's, then
    ganzoo. `--dry-run` shows each value and where it came from.
    """
    assigned = [parse_assignment(text) for text in options]

    from ganzoo.cli.dry_run import describe_plan
    from ganzoo.cli.progress import Progress
    from ganzoo.config import Layer
    from ganzoo.engine.compose import Plan, compose
    from ganzoo.recipes import recipe_layer
    from ganzoo.run.training import arguments_tree, config_layers, train_plan

    flags = arguments_tree(
        arch=arch,
        loss=loss,
        data=data,
        penalty=penalty or None,
        observer=observer or None,
        settings=settings,
        eval_every=eval_every,
    )
    # the last one given wins, as flags do
    layers = [Layer("-o", tree_of(path, value)) for path, value in reversed(assigned)]
    layers += [Layer("the command line", flags), *config_layers(config)]
    layers += [recipe_layer(recipe)] if recipe else []

    def plan() -> Plan:
        return compose(layers)

    if dry_run:
        click.echo(describe_plan(plan()))
        return
    with Progress() as progress:
        run = train_plan(
            plan, run_dir, [progress], progress.decoding, resume=resume, override=override
        )
    click.echo(f"Done: {run.path}")
    click.echo(f"Look at {run.directory.samples}, or draw more: ganzoo sample {run.path}")
