"""A folder of images, flat or with one folder for each class."""

from __future__ import annotations

import ganzoo
from ganzoo_image_folder.options import ImageFolderOptions

SIZE = 64
"""Default training size in pixels: the sizes of a folder's images may differ."""


class ImageFolder(ganzoo.Dataset):
    """Images of a folder, with a class for each folder in it, or labels or numbers of a file."""

    options: ImageFolderOptions

    def __init__(self, options: ImageFolderOptions) -> None:
        super().__init__(options)

    def open(self, split: str = "train") -> ganzoo.ImageSource:
        """All images of the folder; of its folder `split` if its folders are splits."""
        options = self.options
        return ganzoo.open_folder(
            options.path, split, size=SIZE, bits=options.bits, attributes=options.attributes
        )
