"""Parameter types and options that several commands share."""

from __future__ import annotations

import re
from typing import Any

import click
from click.shell_completion import CompletionItem

from ganzoo.cli.completion import complete_classes, complete_runs
from ganzoo.discovery.host import default_host
from ganzoo.discovery.specs import LISTED


class ComponentName(click.ParamType):  # type: ignore[type-arg]  # was not always generic
    """The name of a component, with shell completion; checked when it is used."""

    name = "name"

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Complete a name of this kind."""
        return complete_names(self.kind, incomplete)


class CheckpointStep(click.ParamType):  # type: ignore[type-arg]  # was not always generic
    """The step of a checkpoint, or `best`."""

    name = "step"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """Convert to an int, or return `"best"`."""
        if value == "best" or isinstance(value, int):
            return value
        if isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value):
            return int(value)
        raise click.BadParameter(f"'{value}' is neither a step nor 'best'", ctx, param)


class Layers(click.ParamType):  # type: ignore[type-arg]  # was not always generic
    """Numbers of layers: `0-3,6`."""

    name = "layers"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Convert to a tuple of numbers."""
        numbers: list[int] = []
        for part in str(value).split(","):
            found = re.fullmatch(r"\s*(\d{1,4})(?:-(\d{1,4}))?\s*", part, re.ASCII)
            if found is None or int(found[2] or found[1]) < int(found[1]):
                raise click.BadParameter(f"'{value}' is not like 3, 0-3 or 0-1,4", ctx, param)
            numbers += range(int(found[1]), int(found[2] or found[1]) + 1)
        return tuple(numbers)


def complete_names(kind: str, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a component, with summaries."""
    return [
        CompletionItem(component.spec.name, help=component.spec.summary)
        for component in default_host().components(kind)
        if component.spec.name.startswith(incomplete)
    ]


def complete_kinds(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a kind of component, in the plural."""
    return [CompletionItem(k.plural) for k in LISTED.values() if k.plural.startswith(incomplete)]


class SectionOption(click.Option):
    """An option in a section of the help.

    Args:
        section: heading of the section.
        parameters: of `click.Option`.
    """

    def __init__(self, *parameters: Any, section: str, **named: Any) -> None:
        super().__init__(*parameters, **named)
        self.section = section


class SectionCommand(click.Command):
    """A command whose help groups options by section.

    Libraries for this (cloup, click-option-group, rich-click) bring their own decorators; one
    heading per section is all that is needed here.
    """

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under their headings, in the order of each heading's first option."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                heading = getattr(parameter, "section", "Help")
                sections.setdefault(heading, []).append(record)
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl(records)


run_argument = click.argument(
    "run",
    type=click.Path(exists=True, file_okay=False, dir_okay=True),
    metavar="RUN",
    shell_complete=complete_runs,
)

runs_argument = click.argument(
    "runs",
    type=click.Path(exists=True, file_okay=False, dir_okay=True),
    metavar="RUN...",
    nargs=-1,
    required=True,
    shell_complete=complete_runs,
)

step_option = click.option(
    "--step",
    type=CheckpointStep(),
    help="Step of the checkpoint, or `best` (see `ganzoo train --keep-best`). "
    "[default: the latest]",
)

device_option = click.option(
    "--device", default="auto", show_default=True, help="Device: auto, cpu, cuda, mps."
)

class_option = click.option(
    "--class",
    "class_",
    metavar="CLASS",
    help="Class of a conditional run: name or number.",
    shell_complete=complete_classes,
)

sampling_options = [
    click.option("--seed", default=0, show_default=True, help="Random seed of the latent vectors."),
    class_option,
    click.option(
        "--truncation",
        type=float,
        help="Truncation trick: fewer artefacts, less variety. Bound of z; of a style generator, "
        "where w lies between its mean (0) and itself (1).",
    ),
    step_option,
    device_option,
]
