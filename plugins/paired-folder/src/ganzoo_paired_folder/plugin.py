"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_datasets() -> Iterator[ganzoo.DatasetSpec]:
    """A folder of pairs."""
    yield ganzoo.DatasetSpec(
        name="paired-folder",
        factory="ganzoo_paired_folder.dataset:PairedFolder",
        options="ganzoo_paired_folder.options:PairedFolderOptions",
        summary="Pairs of your own images: folders A and B, or both side by side in each file.",
    )
