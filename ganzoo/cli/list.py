"""`ganzoo list`: all installed components and recipes."""

from __future__ import annotations

from importlib.metadata import version

import click

from ganzoo.cli.parameters import complete_kinds
from ganzoo.discovery import registry
from ganzoo.discovery.host import DISTRIBUTION, default_host
from ganzoo.discovery.specs import LISTED


@click.command(
    "list",
    short_help="List architectures, losses, datasets and all other components.",
    help="List the installed components and recipes: all of them, or those of one KIND.\n\n"
    f"KIND is one of {', '.join(kind.plural for kind in LISTED.values())}.",
)
@click.argument("kind", required=False, shell_complete=complete_kinds)
def list_components(kind: str | None) -> None:
    """List the installed components and recipes."""
    # Tables.
    kinds = [registry.kind_named(kind)] if kind else list(LISTED.values())
    formatter = click.HelpFormatter()
    for each in kinds:
        components = default_host().components(each.name)
        names = [component.spec.name for component in components]
        rows = [
            (
                c.spec.name if names.count(c.spec.name) == 1 else c.qualified_name,
                c.spec.summary + ("" if c.plugin.is_from(DISTRIBUTION) else f" [{c.provider}]"),
            )
            for c in sorted(components, key=lambda c: c.qualified_name.split("/")[-1])
        ]
        with formatter.section(f"{each.plural} ({len(rows)})"):
            formatter.write_dl(rows or [("none", "")], col_max=24)
    click.echo(formatter.getvalue())
    own = f"{DISTRIBUTION} {version(DISTRIBUTION)}"
    click.echo(f"Provided by {own} where no other distribution is named.")

    # Plugins that failed.
    if default_host().failed:
        failed = ", ".join(f"{r.plugin_id} {r.version}".strip() for r in default_host().failed)
        click.echo(f"\nCould not be loaded: {failed}; see `ganzoo plugins`.", err=True)
