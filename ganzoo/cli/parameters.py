"""Parameter types that several commands share, with completion of component names."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem

from ganzoo.discovery.host import default_host
from ganzoo.discovery.specs import LISTED


class ComponentName(click.ParamType):  # type: ignore[type-arg]  # was not always generic
    """A component's name, completed from the installed plugins; checked when it is used."""

    name = "name"

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Names of this kind that begin so, with their summaries."""
        return complete_names(self.kind, incomplete)


class CheckpointStep(click.ParamType):  # type: ignore[type-arg]  # was not always generic
    """A step, or `best`."""

    name = "step"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """The number, or the word."""
        if value == "best" or isinstance(value, int):
            return value
        if isinstance(value, str) and value.isdigit():
            return int(value)
        raise click.BadParameter(f"'{value}' is neither a step nor 'best'", ctx, param)


def complete_names(kind: str, incomplete: str) -> list[CompletionItem]:
    """Completions of a component's name."""
    return [
        CompletionItem(component.spec.name, help=component.spec.summary)
        for component in default_host().components(kind)
        if component.spec.name.startswith(incomplete)
    ]


def complete_kinds(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Completions of a kind, in the plural."""
    return [CompletionItem(k.plural) for k in LISTED.values() if k.plural.startswith(incomplete)]


class SectionOption(click.Option):
    """An option that help shows under a heading of its own section.

    Args:
        section: the heading.
        parameters: of `click.Option`.
    """

    def __init__(self, *parameters: Any, section: str, **named: Any) -> None:
        super().__init__(*parameters, **named)
        self.section = section


class SectionCommand(click.Command):
    """A command whose help groups its options by section.

    The libraries for this (cloup, click-option-group, rich-click) each bring a decorator language
    of their own; a heading for each section is all that is needed here.
    """

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under their headings, in the order of the first of each."""
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
    "run", type=click.Path(exists=True, file_okay=False, dir_okay=True), metavar="RUN"
)

runs_argument = click.argument(
    "runs",
    type=click.Path(exists=True, file_okay=False, dir_okay=True),
    metavar="RUN...",
    nargs=-1,
    required=True,
)

sampling_options = [
    click.option("--seed", default=0, show_default=True, help="Of the latent vectors."),
    click.option(
        "--class", "class_", metavar="CLASS", help="Class name or number, if conditional."
    ),
    click.option(
        "--truncation", type=float, help="Keep z within this: less variety, fewer surprises."
    ),
    click.option(
        "--step",
        type=CheckpointStep(),
        help="Of the checkpoint, or `best` (see train --keep-best); the latest if not given.",
    ),
    click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, mps."),
]
