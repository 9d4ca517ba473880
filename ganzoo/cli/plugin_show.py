"""`ganzoo plugins show`: state and components of a plugin."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from ganzoo.cli.output import say
from ganzoo.discovery.host import PluginRecord, default_host
from ganzoo.errors import UsageError, did_you_mean


def complete_plugin(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of a plugin."""
    records = default_host().records
    return [
        CompletionItem(record.name, help=record.distribution)
        for record in records
        if record.name.startswith(incomplete)
    ]


@click.command("show", short_help="Explain one plugin.")
@click.argument("name", shell_complete=complete_plugin)
def show_plugin(name: str) -> None:
    """Explain the plugin NAME: its origin, its state and its components.

    NAME is the name of a plugin or of a distribution, or DISTRIBUTION:PLUGIN. For a distribution,
    all of its plugins are shown.
    """
    say("\n\n".join(describe_plugin(record) for record in find_plugins(name)))


def find_plugins(name: str) -> list[PluginRecord]:
    """Find plugins by name, in any state.

    Raises:
        UsageError: there is none; similar names are suggested.
    """
    records = default_host().records
    matching = [record for record in records if record.plugin_id == name or record.matches(name)]
    if not matching:
        known = {word for record in records for word in (record.name, record.distribution)}
        raise UsageError(
            f"no plugin or distribution is called '{name}'.{did_you_mean(name, known)} "
            "`ganzoo plugins` lists them."
        )
    return matching


def describe_plugin(record: PluginRecord) -> str:
    """Describe a plugin and its components; lines are not wrapped."""
    # Plugin.
    about = _metadata(record)
    time = f"{1000 * record.seconds:.1f} ms"
    facts = {
        "distribution": f"{record.distribution} {record.version}".strip(),
        "summary": about.get("summary"),
        "home page": about.get("home page"),
        "entry point": f"{record.name} = {record.value}",
        "file": _file(record),
        "status": record.status if record.status == "disabled" else f"{record.status} in {time}",
        "error": record.error,
    }

    # Components.
    blocks = [_block(f"plugin {record.name}", facts)]
    for spec in (component.spec for component in record.components):
        facts = {
            "summary": spec.summary,
            "reference": spec.reference,
            "code": spec.factory,
            "file": getattr(spec, "file", ""),
            "options": spec.options or ("none" if spec.factory else ""),
        }
        blocks.append(_block(f"{spec.kind} {spec.name}", facts))
    if record.status == "loaded" and not record.components:
        blocks.append("It provides nothing.")
    return "\n\n".join(blocks)


def _block(title: str, facts: Mapping[str, str | None]) -> str:
    """A title, and a line for each fact that is known."""
    lines = [f"  {term:<14}{text}" for term, text in facts.items() if text]
    return "\n".join([title, *lines])


def _metadata(record: PluginRecord) -> dict[str, str]:
    """Summary and home page of the distribution, if they can be read."""
    try:
        metadata = importlib.metadata.metadata(record.distribution)
        summary = (metadata.get_all("Summary") or [""])[0]
        urls = dict(line.split(", ", 1) for line in metadata.get_all("Project-URL") or ())
        labels = {label.lower().replace("-", "").replace(" ", ""): u for label, u in urls.items()}
        pages = [*(metadata.get_all("Home-page") or ()), labels.get("homepage"), *urls.values()]
    except Exception:  # absent or malformed metadata: nothing to show
        return {}
    return {"summary": summary, "home page": next(filter(None, pages), "")}


def _file(record: PluginRecord) -> str:
    """Path of the plugin's module. A module that is not loaded is located, never imported."""
    # A loaded module.
    module = record.value.partition(":")[0].strip()
    if module in sys.modules:
        return getattr(sys.modules[module], "__file__", None) or ""

    # A package, or a module inside one.
    package, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(package)
    except Exception:  # the plugin's own error, which is shown as its state
        return ""
    if spec is None:
        return ""
    if not rest:
        return spec.origin or ""
    for folder in spec.submodule_search_locations or ():
        path = Path(folder, *rest)
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return str(file)
    return ""
