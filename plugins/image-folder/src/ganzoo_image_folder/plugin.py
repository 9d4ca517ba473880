"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_datasets() -> Iterator[ganzoo.DatasetSpec]:
    """A folder of images."""
    yield ganzoo.DatasetSpec(
        name="image-folder",
        factory="ganzoo_image_folder.dataset:ImageFolder",
        options="ganzoo_image_folder.options:ImageFolderOptions",
        summary="A folder of your own images: flat, with class folders, splits or a label file.",
    )
