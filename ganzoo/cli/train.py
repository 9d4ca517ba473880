"""`ganzoo train`: train a GAN into a run directory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import click

from ganzoo.cli.completion import complete_options
from ganzoo.cli.output import say
from ganzoo.cli.parameters import ComponentName, SectionCommand, SectionOption
from ganzoo.config import SECTIONS, SETTINGS, ConfigTree, Layer, parse_assignment, tree_of
from ganzoo.discovery import registry
from ganzoo.execution.torchrun import launched, rank
from ganzoo.interfaces.options import describe

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

COMPONENTS, RUN = "Components", "Run"

HEADINGS = {
    "image": "Images",
    "training": "Training",
    "execution": "Execution",
    "logging": "Logging",
}
"""Headings of the help, by section of the config."""


def _setting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add a flag for each setting of the schema, with its type, default and description."""
    for name, (section, _) in reversed(SETTINGS.items()):
        # Help.
        model = SECTIONS[section]
        described = next(option for option in describe(model) if option.name == name)
        default = "" if described.default in ("none", "[]") else f" [default: {described.default}]"

        # Flag and type.
        annotation = model.model_fields[name].annotation
        flag = "--" + name.replace("_", "-")
        if annotation is bool:
            flag, kind = f"{flag}/--no-{flag.removeprefix('--')}", None
        else:
            kind = _click_type(annotation, described.type)

        command = click.option(
            flag,
            cls=SectionOption,
            section=HEADINGS[section],
            type=kind,
            default=None,
            multiple=annotation == tuple[str, ...],
            help=described.description + default,
        )(command)
    return command


def _click_type(annotation: Any, type_name: str) -> Any:
    """Return the type of a flag. Click checks that a value is a number, the schema its range."""
    if get_origin(annotation) is Literal:
        return click.Choice(get_args(annotation))
    if "schedule" in type_name:  # numbers, or texts like "2e-4 to 0 over 10000 steps"
        return (str, str) if type_name.startswith("tuple") else str
    return next((t for t in (int, float) if t.__name__ in type_name.split(" | ")), str)


def _component_option(flag: str, kind: str, help_: str, *, multiple: bool = False) -> Decorator:
    """A flag that names a component, with shell completion."""
    return click.option(
        flag,
        cls=SectionOption,
        section=COMPONENTS,
        type=ComponentName(kind),
        multiple=multiple,
        help=help_,
    )


def _run_option(*flags: str, **named: Any) -> Decorator:
    """A flag about the run as a whole."""
    return click.option(*flags, cls=SectionOption, section=RUN, **named)


@click.command(cls=SectionCommand, short_help="Train a GAN.")
@_component_option(
    "--arch", "architecture", "Architecture of both networks: see `ganzoo list architectures`."
)
@_component_option("--loss", "loss", "Loss: see `ganzoo list losses`.")
@_component_option(
    "--data",
    "dataset",
    "Dataset: see `ganzoo list datasets`. [default: one that needs no download]",
)
@_component_option(
    "--penalty", "penalty", "Penalty, added to the loss's own; can be repeated.", multiple=True
)
@_component_option(
    "--augment",
    "augmentation",
    "Augmentation of what the discriminator sees; can be repeated, in order.",
    multiple=True,
)
@_component_option(
    "--constraint",
    "constraint",
    "Constraint on the weights, such as spectral-norm; can be repeated.",
    multiple=True,
)
@_component_option(
    "--observer",
    "observer",
    "Observer, such as a logger: see `ganzoo list observers`; can be repeated.",
    multiple=True,
)
@_component_option(
    "--recipe",
    "recipe",
    "Named settings of a plugin; all other settings win over them: see `ganzoo list recipes`.",
)
@_setting_options
@_run_option(
    "-o",
    "--option",
    "options",
    multiple=True,
    metavar="SECTION.KEY=VALUE",
    shell_complete=complete_options,
    help="Any option: -o arch.latent_dim=64 -o penalty.r1.weight=1; see `ganzoo show`.",
)
@_run_option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="TOML file with any of these settings, such as a run's config.toml; flags win over it.",
)
@_run_option(
    "--run-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="New or empty directory of the run. [default: a numbered one in runs/]",
)
@_run_option(
    "--resume",
    type=click.Choice(["never", "auto"]),
    default="never",
    show_default=True,
    help="auto resumes the run in --run-dir if there is one; settings must be the same.",
)
@_run_option(
    "--override",
    is_flag=True,
    help="With --resume auto: allow changed steps, minutes, learning rates, logging, execution, "
    "observers and images.",
)
@_run_option("--dry-run", is_flag=True, help="Print settings and networks, and train nothing.")
def train(
    arch: str | None,
    loss: str | None,
    data: str | None,
    penalty: tuple[str, ...],
    augment: tuple[str, ...],
    constraint: tuple[str, ...],
    observer: tuple[str, ...],
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

    A setting without a flag has the value of the loss's paper, else the architecture's, else
    ganzoo's. `--dry-run` prints each value with its origin.
    """
    from ganzoo.config.recipes import recipe_layer
    from ganzoo.run.arguments import arguments_tree, config_layers

    # Layers, the strongest first; of several -o for one option, the last wins.
    assigned = [parse_assignment(text) for text in options]
    flags = arguments_tree(
        arch=arch,
        loss=loss,
        data=data,
        penalty=penalty or None,
        augment=augment or None,
        constraint=constraint or None,
        observer=observer or None,
        settings={name: value for name, value in settings.items() if value != ()},
    )
    layers = [Layer("-o", tree_of(path, value)) for path, value in reversed(assigned)]
    layers += [Layer("the command line", flags), *config_layers(config)]
    if recipe is not None:
        layers.append(recipe_layer(recipe))
    if not dry_run:
        _announce(layers, run_dir)

    from ganzoo.cli import ranks
    from ganzoo.cli.dry_run import describe_folder, describe_plan
    from ganzoo.cli.progress import Progress, what_next
    from ganzoo.run.plan import Plan, compose
    from ganzoo.run.starting import train_plan

    def plan() -> Plan:
        made = compose(layers)
        if not dry_run and rank() == 0:
            for line in describe_folder(made):
                say(line, err=True)
        return made

    # Train.
    if dry_run:
        with ranks.joined():
            say(describe_plan(plan()))
        return
    with ranks.joined(), Progress() as progress:
        run = train_plan(
            plan, run_dir, [progress], progress.decoding, resume=resume, override=override
        )
    for line in what_next(run.directory):
        say(line)


def _announce(layers: Sequence[Layer], run_dir: Path | None) -> None:
    """Say what is trained and where, before torch is imported, which takes seconds.

    Raises:
        UsageError: a setting or the name of a component is wrong.
    """
    from ganzoo.run.arguments import choose_dataset
    from ganzoo.run.directory import RUNS
    from ganzoo.run.records import run_title

    # The config as far as the user has set it.
    tree = ConfigTree()
    for layer in layers:
        tree.add(layer)
    choose_dataset(tree)
    config = tree.validate()
    chosen = {"architecture": config.arch, "loss": config.loss, "dataset": config.data}
    for kind, choice in chosen.items():
        registry.find(kind, choice.name)

    if launched()[0] == 0:
        where = run_dir or f"a new directory of {RUNS}/"
        say(f"Training {run_title(config)} in {where} …", err=True)
