"""`ganzoo list`: all installed components and recipes."""

from __future__ import annotations

import click

from ganzoo.cli.parameters import complete_kinds
from ganzoo.discovery import registry
from ganzoo.discovery.host import default_host
from ganzoo.discovery.specs import LISTED


@click.command("list", short_help="List architectures, losses, datasets and all other components.")
@click.argument("kind", required=False, shell_complete=complete_kinds)
def list_components(kind: str | None) -> None:
    """List the installed components and recipes: all of them, or those of one KIND.

    KIND is architectures, losses, penalties, datasets, observers, metrics,
    extractors or recipes.
    """
    # Tables.
    kinds = [registry.kind_named(kind)] if kind else list(LISTED.values())
    formatter = click.HelpFormatter()
    for each in kinds:
        components = default_host().components(each.name)
        names = [component.spec.name for component in components]
        rows = [
            (
                c.spec.name if names.count(c.spec.name) == 1 else c.qualified_name,
                f"{c.spec.summary} [{c.provider}]",
            )
            for c in sorted(components, key=lambda c: c.qualified_name.split("/")[-1])
        ]
        with formatter.section(f"{each.plural} ({len(rows)})"):
            formatter.write_dl(rows or [("none", "")], col_max=24)
    click.echo(formatter.getvalue().rstrip())

    # Plugins that failed.
    if default_host().failed:
        failed = ", ".join(f"{r.plugin_id} {r.version}".strip() for r in default_host().failed)
        click.echo(f"\nCould not be loaded: {failed}; see `ganzoo plugins`.", err=True)
