"""The `ganzoo` command: its subcommands and global options."""

from __future__ import annotations

import os

import click

from ganzoo.cli.cache import cache
from ganzoo.cli.compare import compare
from ganzoo.cli.directions import directions
from ganzoo.cli.doctor import doctor
from ganzoo.cli.evaluate import evaluate
from ganzoo.cli.export import export
from ganzoo.cli.interpolate import interpolate
from ganzoo.cli.list import list_components
from ganzoo.cli.mix import mix
from ganzoo.cli.output import say
from ganzoo.cli.plugins import plugins
from ganzoo.cli.project import project
from ganzoo.cli.report import report
from ganzoo.cli.resume import resume
from ganzoo.cli.runs import runs
from ganzoo.cli.sample import sample
from ganzoo.cli.show import show
from ganzoo.cli.sweep import sweep
from ganzoo.cli.train import train
from ganzoo.discovery import registry
from ganzoo.discovery.host import default_host
from ganzoo.errors import UsageError


class Commands(click.Group):
    """ganzoo's own commands and those of plugins. One of ganzoo's own always wins."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List all names, ganzoo's own first."""
        own = super().list_commands(ctx)
        return [*own, *sorted(name for name in _plugin_commands() if name not in own)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by name, or by `distribution/name` if several plugins have the name."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        if not any(c.answers_to(cmd_name) for c in default_host().components("command")):
            return None
        component = registry.find("command", cmd_name)
        ctx.with_resource(registry.blame_by_trace([component], may_exit=True))
        command: click.Command = registry.load_command(component)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write names and summaries from descriptors, so that help imports no plugin."""
        own = [(name, super(Commands, self).get_command(ctx, name)) for name in self.commands]
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, command.get_short_help_str()) for name, command in own if command]
            )
        rows = [row for row in sorted(_plugin_commands().items()) if row[0] not in self.commands]
        if rows:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(rows)


def _plugin_commands() -> dict[str, str]:
    """Names and summaries of the commands of plugins."""
    components = default_host().components("command")
    return {c.spec.name: f"{c.spec.summary} [{c.provider}]" for c in components}


def _switch_off(ctx: click.Context, param: click.Parameter, switches: tuple[str, ...]) -> None:
    """Disable plugins while options are parsed, before the command is looked up among plugins."""
    disabled = [os.environ.get("GANZOO_DISABLE_PLUGINS", "")]
    for switch in switches:
        if not switch.startswith("no:"):
            raise UsageError(f"-p takes no:NAME to switch a plugin off, got '{switch}'")
        disabled.append(switch.removeprefix("no:"))
    os.environ["GANZOO_DISABLE_PLUGINS"] = ",".join(filter(None, disabled))  # for workers too
    default_host.cache_clear()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gan-zoo", prog_name="ganzoo")
@click.option(
    "-p",
    "switches",
    multiple=True,
    metavar="no:NAME",
    is_eager=True,
    expose_value=False,
    callback=_switch_off,
    help="Switch a plugin or a whole distribution off; can be repeated.",
)
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help="Show plugins that could not be loaded, and full traces of their errors.",
)
def app(verbose: bool) -> None:
    """A plugin-based GAN zoo.

    Start with `ganzoo train --arch dcgan --loss bce`; `ganzoo list` shows all components.
    """
    if verbose:
        for record in default_host().failed:
            say(f"Warning: plugin {record.plugin_id}: {record.error}", err=True)


app.add_command(train)
app.add_command(resume)
app.add_command(sweep)
app.add_command(runs)
app.add_command(doctor)
app.add_command(sample)
app.add_command(interpolate)
app.add_command(directions)
app.add_command(mix)
app.add_command(project)
app.add_command(evaluate)
app.add_command(export)
app.add_command(compare)
app.add_command(report)
app.add_command(list_components)
app.add_command(show)
app.add_command(plugins)
app.add_command(cache)
