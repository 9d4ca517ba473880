"""`ganzoo plugins`: installed plugins, their components and their errors."""

from __future__ import annotations

import click

from ganzoo.cli.output import say
from ganzoo.cli.plugin_check import check_plugin
from ganzoo.cli.plugin_new import new_plugin
from ganzoo.cli.plugin_show import show_plugin
from ganzoo.discovery.host import default_host


@click.group(
    invoke_without_command=True, short_help="List installed plugins; show, check or create one."
)
@click.pass_context
def plugins(context: click.Context) -> None:
    """List the installed plugins with distribution and state."""
    if context.invoked_subcommand is not None:
        return
    records = default_host().records
    if not records:
        say("No plugin is installed.")
    for record in records:
        say(f"{record.name}  ({record.distribution} {record.version}, {record.value})")
        say(f"  {record.status}: {record.outcome}")


plugins.add_command(show_plugin)
plugins.add_command(check_plugin)
plugins.add_command(new_plugin)
