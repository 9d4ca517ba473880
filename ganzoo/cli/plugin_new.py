"""`ganzoo plugins new`: creates a plugin package."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.output import say
from ganzoo.scaffold import KINDS_OFFERED, LICENSES, create_plugin


@click.command("new", short_help="Create a plugin package.")
@click.argument("name")
@click.option(
    "--kind", required=True, type=click.Choice(KINDS_OFFERED), help="Kind of its component."
)
@click.option(
    "--into",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="Parent folder of the package. [default: the working directory]",
)
@click.option(
    "--license",
    "license_name",
    type=click.Choice(LICENSES),
    default="MIT",
    show_default=True,
    help="License of the package.",
)
@click.option("--author", help="Author in license and metadata. [default: git's user.name]")
def new_plugin(name: str, kind: str, into: Path, license_name: str, author: str | None) -> None:
    """Create a package NAME with one component of the same name.

    NAME is lower-case words joined by hyphens, like acme-gan. The package can be installed, tested
    and trained at once. No file is overwritten.
    """
    files = create_plugin(name, kind, into=into, license_name=license_name, author=author)
    for file in files:
        say(f"  {file}")
    say(f'Next: cd {into / name} && pip install -e ".[test]" && pytest')
