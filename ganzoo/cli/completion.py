"""Completion: names that a shell completes, of options, runs and classes. Imports no torch.

`_GANZOO_COMPLETE=bash_source ganzoo` prints the script that switches it on (zsh, fish likewise).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem
from pydantic import BaseModel

from ganzoo.config import SECTIONS, RunConfig
from ganzoo.discovery import registry
from ganzoo.discovery.host import default_host
from ganzoo.discovery.specs import KINDS, Kind
from ganzoo.errors import GanzooError
from ganzoo.interfaces.options import describe

if TYPE_CHECKING:
    from ganzoo.run.records import Records

PLAIN = re.compile(r"(?!none$|required$)[\w.+/-]+")
"""A default that every shell takes without quotes."""


def complete_options(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete `SECTION.KEY=DEFAULT` of the settings and of the components that are chosen."""
    models: list[tuple[str, type[BaseModel]]] = []
    if ctx.command.name != "evaluate":
        models += SECTIONS.items()
    for kind in KINDS.values():
        if (kind.section in RunConfig.model_fields) != (ctx.command.name == "evaluate"):
            models += _models(kind, _chosen(ctx, kind))
    items = {}
    for prefix, model in models:
        for option in describe(model):
            default = option.default if PLAIN.fullmatch(option.default) else ""
            items[f"{prefix}.{option.name}={default}"] = option.description
    return [CompletionItem(key, help=text) for key, text in items.items() if _fits(key, incomplete)]


def _chosen(ctx: click.Context, kind: Kind) -> list[str]:
    """Names of a kind that the command line, or the run that it names, has chosen."""
    # On the command line.
    given = ctx.params.get(kind.section) or ctx.params.get(kind.plural)
    if given:
        return [given] if isinstance(given, str) else list(given)

    # In the run.
    choice: Any = None
    with suppress(GanzooError):
        choice = getattr(_run(ctx).config, kind.section, None)
    return [choice.name] if hasattr(choice, "name") else list(choice or ())


def _run(ctx: click.Context) -> Records:
    """Open the run that the command line names. Before an option without a value click stops.

    Raises:
        UsageError: it names none.
    """
    from ganzoo.run.records import Records

    words = [ctx.params.get("run"), *ctx.args]
    return Records(next((w for w in words if w and Path(w, "config.toml").is_file()), ""))


def _models(kind: Kind, chosen: list[str]) -> Iterator[tuple[str, type[BaseModel]]]:
    """Sections of a kind and the options in them: of the chosen components, or of all."""
    for component in default_host().components(kind.name):
        if not chosen or any(map(component.answers_to, chosen)):
            name = component.spec.name
            with suppress(Exception):  # a broken plugin must not spoil the shell
                model = registry.options_model(component)
                yield f"{kind.section}.{name}" if kind.several else kind.section, model


def complete_runs(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a run: those in `runs/` by name or path, those elsewhere by path."""
    from ganzoo.run.directory import RUNS

    folders = dict.fromkeys([RUNS, Path(incomplete).parent, Path(incomplete)])
    configs = [file for folder in folders for file in sorted(folder.glob("*/config.toml"))]
    runs = [file.parent for file in configs]
    found = [run for run in runs if _fits(str(run), incomplete) or _fits(run.name, incomplete)]
    if not found:
        return [CompletionItem(incomplete, type="dir")]
    return [CompletionItem(str(run)) for run in dict.fromkeys(found)]


def complete_classes(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of a class of a conditional run."""
    from ganzoo.run.integrity import raw_manifest

    names: Any = ()
    with suppress(GanzooError, OSError, KeyError, IndexError):
        run = _run(ctx)
        names = raw_manifest(run.directory.checkpoint(run.steps[-1]))["class_names"]
    names = [name for name in names if isinstance(name, str)]
    return [CompletionItem(name) for name in names if _fits(name, incomplete)]


def _fits(word: str, incomplete: str) -> bool:
    return word.startswith(incomplete)
