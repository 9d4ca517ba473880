"""A folder of pairs: folders A and B with files of the same names, or both images in each file."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from PIL import Image, ImageOps

import ganzoo
from ganzoo_paired_folder.options import PairedFolderOptions

Pair = tuple[Image.Image, Image.Image]


class PairedFolder(ganzoo.Dataset):
    """Images, each with the picture of its pair as condition.

    Splits are folders train, test and val: of the path, or of A and B.
    """

    options: PairedFolderOptions

    def __init__(self, options: PairedFolderOptions) -> None:
        super().__init__(options)

    def open(self, split: str = "train") -> ganzoo.ImageSource:
        """All pairs of the split.

        Raises:
            DataError: an image has no counterpart, or one of another size.
            UsageError: there is no such split.
        """
        path = self.options.path
        if (path / split / "A").is_dir():
            path, split = path / split, "train"
        is_split = (path / "A").is_dir() or (path / "B").is_dir()
        return self._two_folders(path, split) if is_split else self._side_by_side(path, split)

    def _two_folders(self, path: Path, split: str) -> ganzoo.ImageSource:
        """Pairs of the folders A and B, by the names of their files."""
        # The files of both folders, by name.
        opened = [
            ganzoo.open_folder(path / name, split, bits=self.options.bits) for name in ("A", "B")
        ]
        numbers = [
            _by_name(source, path / name) for source, name in zip(opened, "AB", strict=True)
        ]
        _check_names(path, *numbers)
        pairs = [(numbers[0][name], numbers[1][name]) for name in numbers[0]]

        # Sizes.
        for a, b in pairs:
            sizes = {_size(opened[0].locate(a)), _size(opened[1].locate(b))} - {None}
            if len(sizes) > 1:
                raise ganzoo.DataError(
                    f"{opened[0].locate(a)} has {_text(_size(opened[0].locate(a)))} pixels, and its "
                    f"counterpart in B {_text(_size(opened[1].locate(b)))}: both images of a pair "
                    "have one size"
                )

        # Image and condition.
        image, condition = self._directed(opened[1], opened[0])
        return ganzoo.ImageSource(
            _Files(image.images, condition.images, [self._directed(b, a) for a, b in pairs]),
            ganzoo.ImageSpec(*image.spec.shape, condition=ganzoo.Picture(condition.spec.channels)),
            fingerprint="/".join(source.fingerprint for source in opened),
            locate=lambda k: " and ".join(
                source.locate(number) for source, number in zip(opened, pairs[k], strict=True)
            ),
        )

    def _side_by_side(self, path: Path, split: str) -> ganzoo.ImageSource:
        """Pairs of files that hold A on the left and B on the right."""
        source = ganzoo.open_folder(path, split, bits=self.options.bits)
        for number in range(len(source.images)):
            size = _size(source.locate(number))
            if size is not None and size[0] % 2:
                raise ganzoo.DataError(
                    f"{source.locate(number)} has {_text(size)} pixels, which are no two images side "
                    f"by side: its width is odd. Two folders of images must be called A and B"
                )
        channels, height, width = source.spec.shape
        return ganzoo.ImageSource(
            _Halves(source.images, reverse=self.options.direction == "b-to-a"),
            ganzoo.ImageSpec(channels, height, width // 2, condition=ganzoo.Picture(channels)),
            fingerprint=source.fingerprint,
            locate=source.locate,
        )

    def _directed(self, b: T, a: T) -> tuple[T, T]:
        """The image and its condition."""
        return (b, a) if self.options.direction == "a-to-b" else (a, b)
