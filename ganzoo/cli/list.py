"""`ganzoo list`: all installed components and recipes, or those that match some words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from importlib.metadata import version
from itertools import groupby

import click

from ganzoo.cli.output import say
from ganzoo.cli.parameters import complete_kinds
from ganzoo.discovery.host import DISTRIBUTION, Component, default_host
from ganzoo.discovery.specs import LISTED, Kind
from ganzoo.errors import UsageError, did_you_mean


@click.command(
    "list",
    short_help="List architectures, losses, datasets and all other components.",
    help="List the installed components and recipes: all, or those that match all WORDS.\n\n"
    f"A word is a kind ({', '.join(kind.plural for kind in LISTED.values())}), a name with "
    'wildcards ("*gan*"), or part of a name, summary, family or reference.',
)
@click.argument("words", nargs=-1, shell_complete=complete_kinds)
def list_components(words: Sequence[str]) -> None:
    """List the installed components and recipes."""
    # Tables.
    kinds, patterns = _kinds_and_patterns(words)
    formatter, found = click.HelpFormatter(), 0
    for kind in kinds:
        components = [c for c in default_host().components(kind.name) if _matches(c, patterns)]
        if components or not patterns:
            found += len(components)
            with formatter.section(f"{kind.plural} ({len(components)})"):
                _write_table(formatter, components, names_alone=not words and kind.name == "recipe")
    if not found and patterns:
        raise UsageError(_nothing(kinds, patterns))
    say(formatter.getvalue())
    if not words:
        say('Filter: `ganzoo list losses`, `ganzoo list "*gan*"`, `ganzoo list emoji`.')
    own = f"{DISTRIBUTION} {version(DISTRIBUTION)}"
    say(f"Provided by {own} where no other distribution is named.")

    # Plugins that failed.
    if default_host().failed:
        failed = ", ".join(f"{r.plugin_id} {r.version}".strip() for r in default_host().failed)
        say(f"\nCould not be loaded: {failed}; see `ganzoo plugins`.", err=True)


def _kinds_and_patterns(words: Iterable[str]) -> tuple[list[Kind], list[str]]:
    """The kinds that are named, or all of them, and the other words."""
    by_name = {n: kind for kind in LISTED.values() for n in (kind.name, kind.plural, kind.section)}
    kinds = [by_name[word] for word in words if word in by_name]
    patterns = [word.lower() for word in words if word not in by_name]
    return list(dict.fromkeys(kinds)) or list(LISTED.values()), patterns


def _matches(component: Component, patterns: Iterable[str]) -> bool:
    """Whether a component matches every pattern: its name wildcards, any of its texts a word."""
    spec = component.spec
    text = " ".join((component.qualified_name, spec.family, spec.summary, spec.reference)).lower()
    return all(
        fnmatchcase(spec.name, pattern) if set(pattern) & set("*?[") else pattern in text
        for pattern in patterns
    )


def _write_table(
    formatter: click.HelpFormatter, components: Sequence[Component], *, names_alone: bool
) -> None:
    """Write the components by family; of many recipes the names alone."""
    names = [component.spec.name for component in components]
    ordered = sorted(components, key=lambda c: (c.spec.family, c.qualified_name.split("/")[-1]))
    for family, members in groupby(ordered, key=lambda c: c.spec.family):
        rows = [
            (
                c.spec.name if names.count(c.spec.name) == 1 else c.qualified_name,
                c.spec.summary + ("" if c.plugin.is_from(DISTRIBUTION) else f" [{c.provider}]"),
            )
            for c in members
        ]
        if family:
            formatter.write(f"{'':{formatter.current_indent}}{family}:\n")
        if names_alone:
            for line in _in_columns([name for name, _ in rows], formatter.width - 2):
                formatter.write(f"  {line}\n")
        else:
            formatter.write_dl(rows, col_max=24)
    if not components:
        formatter.write_dl([("none", "")])


def _in_columns(names: Sequence[str], width: int) -> list[str]:
    """Lines of names in columns, which are read downwards."""
    wide = max(map(len, names)) + 2
    columns = max(1, width // wide)
    height = -(-len(names) // columns)
    return ["".join(f"{name:{wide}}" for name in names[k::height]).rstrip() for k in range(height)]


def _nothing(kinds: Iterable[Kind], patterns: Sequence[str]) -> str:
    """Say that no component matches, and what is close."""
    known = {c.spec.name for kind in kinds for c in default_host().components(kind.name)}
    plurals = [kind.plural for kind in LISTED.values()]
    return (
        f"no component matches {' and '.join(map(repr, patterns))}."
        f"{did_you_mean(patterns[0], known | set(plurals))} The kinds are {', '.join(plurals)}."
    )
