"""`ganzoo plugins`: what is installed, what it provides, and what could not be loaded."""

from __future__ import annotations

from collections import Counter

import click

from ganzoo.host import PluginRecord, default_host
from ganzoo.specs import KINDS


@click.command(short_help="Show installed plugins and their state.")
def plugins() -> None:
    """Show the installed plugins, the distributions they come from and their state."""
    records = default_host().records
    if not records:
        click.echo("No plugin is installed.")
    for record in records:
        click.echo(f"{record.name}  ({record.distribution} {record.version}, {record.value})")
        click.echo(f"  {record.status}: {_state(record)}")


def _state(record: PluginRecord) -> str:
    if record.status == "failed":
        return record.error
    if record.status == "disabled":
        return "switched off"
    counts = Counter(component.spec.kind for component in record.components)
    parts = [
        f"{kind.name if counts[kind.name] == 1 else kind.plural} "
        + ", ".join(c.spec.name for c in record.components if c.spec.kind == kind.name)
        for kind in KINDS.values()
        if counts[kind.name]
    ]
    return "; ".join(parts) or "provides nothing"
