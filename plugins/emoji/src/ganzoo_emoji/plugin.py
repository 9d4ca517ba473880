"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_datasets() -> Iterator[ganzoo.DatasetSpec]:
    """Noto emoji."""
    yield ganzoo.DatasetSpec(
        name="emoji",
        factory="ganzoo_emoji.dataset:Emoji",
        options="ganzoo_emoji.options:EmojiOptions",
        summary="1,911 Noto emoji in colour, 32 px, 10 classes or grey pictures; included.",
        reference="Google, Noto Emoji 2.048 (Emoji 16.0), from emoji-datasource-google 16.0.0",
    )
