"""The `ganzoo` command and what all of its commands share."""

from __future__ import annotations

import os

import click

from ganzoo.cli.doctor import doctor
from ganzoo.cli.interpolate import interpolate
from ganzoo.cli.list import list_components
from ganzoo.cli.plugins import plugins
from ganzoo.cli.resume import resume
from ganzoo.cli.runs import runs
from ganzoo.cli.sample import sample
from ganzoo.cli.show import show
from ganzoo.cli.train import train
from ganzoo.errors import UsageError
from ganzoo.host import default_host


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gan-zoo", prog_name="ganzoo")
@click.option(
    "-p",
    "switches",
    multiple=True,
    metavar="no:NAME",
    help="Switch a plugin or a whole distribution off. May be given several times.",
)
@click.option("-v", "--verbose", is_flag=True, help="Tell of plugins that could not be loaded.")
def app(switches: tuple[str, ...], verbose: bool) -> None:
    """A GAN zoo whose animals are plugins.

    Try `ganzoo train --arch dcgan --loss bce`, and `ganzoo list` to see what else there is.
    """
    off = [os.environ.get("GANZOO_DISABLE_PLUGINS", "")]
    for switch in switches:
        if not switch.startswith("no:"):
            raise UsageError(f"-p takes no:NAME to switch a plugin off, got '{switch}'")
        off.append(switch.removeprefix("no:"))
    os.environ["GANZOO_DISABLE_PLUGINS"] = ",".join(filter(None, off))  # workers inherit it
    default_host.cache_clear()
    if verbose:
        for record in default_host().failed:
            click.echo(f"Warning: plugin {record.plugin_id}: {record.error}", err=True)


app.add_command(train)
app.add_command(resume)
app.add_command(runs)
app.add_command(doctor)
app.add_command(sample)
app.add_command(interpolate)
app.add_command(list_components)
app.add_command(show)
app.add_command(plugins)
