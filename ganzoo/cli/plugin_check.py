"""`ganzoo plugins check`: whether a plugin keeps its promises, without pytest."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import click

from ganzoo.cli.plugin_show import complete_plugin
from ganzoo.config import parse_assignment
from ganzoo.errors import UsageError


@click.command("check", short_help="See whether a plugin keeps every promise.")
@click.argument("name", shell_complete=complete_plugin)
@click.option(
    "-o",
    "options",
    multiple=True,
    metavar="COMPONENT.KEY=VALUE",
    help="An option of a component while it is checked, such as a small width or a folder.",
)
def check_plugin(name: str, options: tuple[str, ...]) -> None:
    """Check all that the plugin or distribution NAME provides, promise by promise.

    Its own tests do the same with `ganzoo.testing.conformance`. Exits with 1 if a check fails.
    """
    from ganzoo.testing import checks  # imports torch

    counts: Counter[str] = Counter()
    for one in checks(name, options=_by_component(options)):
        status, message = one.outcome()
        counts[status] += 1
        word = "FAILED" if status == "failed" else status
        click.echo(f"{word:<8} {one.id}" + (f": {message}" if message else ""))
    ran = counts["ok"] + counts["failed"]
    click.echo(f"{ran} checks ran, {counts['failed']} failed; {counts['skipped']} skipped")
    if counts["failed"]:
        sys.exit(1)


def _by_component(texts: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """`("acme.width=8",)` as `{"acme": {"width": 8}}`."""
    given: dict[str, dict[str, Any]] = {}
    for text in texts:
        path, value = parse_assignment(text)
        if len(path) != 2:
            raise UsageError(f"'{text}' is not of the form COMPONENT.KEY=VALUE, like acme.width=8")
        given.setdefault(path[0], {})[path[1]] = value
    return given
