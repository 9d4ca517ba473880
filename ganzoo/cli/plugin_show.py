"""`ganzoo plugins show`: everything about one plugin."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from ganzoo.discovery.host import PluginRecord, default_host
from ganzoo.errors import UsageError, did_you_mean


def complete_plugin(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names of plugins that begin so."""
    records = default_host().records
    return [
        CompletionItem(record.name, help=record.distribution)
        for record in records
        if record.name.startswith(incomplete)
    ]


@click.command("show", short_help="Explain one plugin.")
@click.argument("name", shell_complete=complete_plugin)
def show_plugin(name: str) -> None:
    """Explain the plugin NAME: where it comes from, its state and what it provides.

    NAME is a plugin's, a distribution's, or both as `ganzoo plugins` prints them,
    DISTRIBUTION:PLUGIN. A distribution with several plugins shows them all.
    """
    click.echo("\n\n".join(describe_plugin(record) for record in find_plugins(name)))


def find_plugins(name: str) -> list[PluginRecord]:
    """The plugins a user's word means, whatever became of them.

    Raises:
        UsageError: there is none, with what is close.
    """
    records = default_host().records
    found = [record for record in records if record.plugin_id == name or record.matches(name)]
    if not found:
        known = {word for record in records for word in (record.name, record.distribution)}
        raise UsageError(
            f"no plugin or distribution is called '{name}'.{did_you_mean(name, known)} "
            "`ganzoo plugins` shows them all."
        )
    return found


def describe_plugin(record: PluginRecord) -> str:
    """All that is known of a plugin, as text for a terminal; lines are not wrapped."""
    about = _metadata(record)
    took = f"{1000 * record.seconds:.1f} ms"
    facts = {
        "distribution": f"{record.distribution} {record.version}".strip(),
        "summary": about.get("summary"),
        "home page": about.get("home page"),
        "entry point": f"{record.name} = {record.value}",
        "file": _file(record),
        "status": record.status if record.status == "disabled" else f"{record.status} in {took}",
        "error": record.error,
    }
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
    lines = [f"  {term:<14}{text}" for term, text in facts.items() if text]
    return "\n".join([title, *lines])


def _metadata(record: PluginRecord) -> dict[str, str]:
    """The distribution's own summary and home page, where they can be read."""
    try:
        found = importlib.metadata.metadata(record.distribution)
        summary = (found.get_all("Summary") or [""])[0]
        urls = dict(line.split(", ", 1) for line in found.get_all("Project-URL") or ())
        named = {label.lower().replace("-", "").replace(" ", ""): u for label, u in urls.items()}
        pages = [*(found.get_all("Home-page") or ()), named.get("homepage"), *urls.values()]
    except Exception:  # absent or malformed: there is nothing to show then
        return {}
    return {"summary": summary, "home page": next(filter(None, pages), "")}


def _file(record: PluginRecord) -> str:
    """Where its module lies. One that is not loaded is looked for, and never imported."""
    module = record.value.partition(":")[0].strip()
    if module in sys.modules:
        return getattr(sys.modules[module], "__file__", None) or ""
    package, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(package)
    except Exception:  # whatever is in the way is the plugin's error, which is shown beside
        return ""
    if spec is None or not rest:
        return (spec and spec.origin) or ""
    places = [Path(place, *rest) for place in spec.submodule_search_locations or ()]
    files = [f for p in places for f in (p.with_suffix(".py"), p / "__init__.py") if f.is_file()]
    return str(files[0]) if files else ""
