"""`ganzoo plugins new`: a plugin package to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.scaffold import KINDS_OFFERED, LICENSES, create_plugin


@click.command("new", short_help="Write a new plugin package.")
@click.argument("name")
@click.option(
    "--kind", required=True, type=click.Choice(KINDS_OFFERED), help="What the plugin provides."
)
@click.option(
    "--into",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="Folder to make the package's own folder in. [default: the working directory]",
)
@click.option(
    "--license",
    "license_name",
    type=click.Choice(LICENSES),
    default="MIT",
    show_default=True,
    help="Licence of the package.",
)
@click.option("--author", help="For licence and metadata. [default: git's user.name]")
def new_plugin(name: str, kind: str, into: Path, license_name: str, author: str | None) -> None:
    """Write a package NAME that provides one component of the same name.

    NAME is lower-case words joined by hyphens, like acme-gan. The package installs, passes its
    own tests and can be trained with at once; nothing is overwritten.
    """
    files = create_plugin(name, kind, into=into, license_name=license_name, author=author)
    for file in files:
        click.echo(f"  {file}")
    click.echo(f'Next: cd {into / name} && pip install -e ".[test]" && pytest')
