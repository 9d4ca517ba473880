"""`ganzoo plugins check`: conformance checks of a plugin, without pytest."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import click

from ganzoo.cli.output import say
from ganzoo.cli.plugin_show import complete_plugin
from ganzoo.config import parse_assignment
from ganzoo.errors import UsageError


@click.command("check", short_help="Check a plugin against the plugin contract.")
@click.argument("name", shell_complete=complete_plugin)
@click.option(
    "-o",
    "options",
    multiple=True,
    metavar="COMPONENT.KEY=VALUE",
    help="Option of a component for its checks, such as a small width or a folder.",
)
def check_plugin(name: str, options: tuple[str, ...]) -> None:
    """Check all components of the plugin or distribution NAME against the plugin contract.

    `ganzoo.testing.conformance` runs the same checks in pytest. Exit code: 1 if a check fails.
    """
    # Run the checks.
    from ganzoo.testing import checks  # imports torch

    counts: Counter[str] = Counter()
    for check in checks(name, options=_by_component(options)):
        status, message = check.outcome()
        counts[status] += 1
        word = "FAILED" if status == "failed" else status
        say(f"{word:<8} {check.id}" + (f": {message}" if message else ""))

    # Count them.
    ran = counts["ok"] + counts["failed"]
    say(f"{ran} checks ran, {counts['failed']} failed; {counts['skipped']} skipped")
    if counts["failed"]:
        sys.exit(1)


def _by_component(texts: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Parse `("acme.width=8",)` into `{"acme": {"width": 8}}`."""
    values: dict[str, dict[str, Any]] = {}
    for text in texts:
        path, value = parse_assignment(text)
        if len(path) != 2:
            raise UsageError(f"'{text}' is not of the form COMPONENT.KEY=VALUE, like acme.width=8")
        values.setdefault(path[0], {})[path[1]] = value
    return values
