"""Advice: settings in messages, written as the command that shows them takes them."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ganzoo.config import SETTINGS
from ganzoo.errors import Spell, flag

BY_KEY = ("resume", "sweep")
"""Commands that take any setting as `-o SECTION.KEY=VALUE`, and some as a flag."""


def running(group: click.Group, arguments: Sequence[str]) -> click.Command | None:
    """The command among the arguments of the command line, if there is one."""
    return next((group.commands[word] for word in arguments if word in group.commands), None)


def speller(command: click.Command | None) -> Spell:
    """What writes a setting for a command: as its flag, or by `-o` where it has no such flag."""
    parameters = [] if command is None else command.params
    flags = {flag for option in parameters for flag in (*option.opts, *option.secondary_opts)}
    by_key = command is not None and command.name in BY_KEY
    override = " --override" if "--override" in flags else ""

    def spell(name: str, value: str | None) -> str:
        written = flag(name, value)
        if written.split()[0] in flags or name not in SETTINGS or not by_key:
            return written
        key = ".".join(SETTINGS[name])
        match value:
            case None:
                return f"-o {key}"
            case "True" | "False":
                return f"-o {key}={value.lower()}{override}"
        return f"-o {key}={value}{override}"

    return spell
