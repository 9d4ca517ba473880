"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_commands() -> Iterator[ganzoo.CommandSpec]:
    """Runs to and from the Hugging Face Hub."""
    yield ganzoo.CommandSpec(
        name="push",
        factory="ganzoo_hub.commands:push",
        summary="Push a run to the Hugging Face Hub.",
    )
    yield ganzoo.CommandSpec(
        name="pull",
        factory="ganzoo_hub.commands:pull",
        summary="Pull a run from the Hugging Face Hub.",
    )
