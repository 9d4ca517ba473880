"""A folder of pairs: folders A and B with files of the same names, or both images in each file."""

from __future__ import annotations

from pathlib import Path

from PIL import ExifTags, Image

import ganzoo
from ganzoo_paired_folder.options import PairedFolderOptions
from ganzoo_paired_folder.pairs import Counterparts, Halves

Size = tuple[int, int]
"""Width and height in pixels."""

SIDEWAYS = 5
"""EXIF orientations from this on exchange width and height."""


class PairedFolder(ganzoo.Dataset):
    """Images, each with the other image of its pair as condition.

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
        if (path / "A").is_dir() or (path / "B").is_dir():
            return self._two_folders(path, split)
        return self._side_by_side(path, split)

    def _two_folders(self, path: Path, split: str) -> ganzoo.ImageSource:
        """Pairs of the folders A and B, by the names of their files."""
        # The folder of conditions, and that of images.
        folders = [path / name for name in ("AB" if self.options.direction == "a-to-b" else "BA")]
        sources = [ganzoo.open_folder(folder, split, bits=self.options.bits) for folder in folders]
        conditions, images = sources

        # Pairs.
        names, others = map(_by_name, sources, folders)
        _check_names(folders[0], names, folders[1], others)
        rows = [(number, others[name]) for name, number in names.items()]
        for condition, image in rows:
            _check_sizes(conditions.locate(condition), images.locate(image))

        return ganzoo.ImageSource(
            Counterparts(conditions.images, images.images, rows),
            ganzoo.ImageSpec(*images.spec.shape, condition=_picture(conditions)),
            fingerprint="/".join(source.fingerprint for source in sources),
            locate=lambda k: f"{images.locate(rows[k][1])} of {conditions.locate(rows[k][0])}",
        )

    def _side_by_side(self, path: Path, split: str) -> ganzoo.ImageSource:
        """Pairs of files that hold A on the left and B on the right."""
        source = ganzoo.open_folder(path, split, bits=self.options.bits)
        for number in range(len(source.images)):  # type: ignore[arg-type]  # it has a length
            size = _size(source.locate(number))
            if size is not None and size[0] % 2:
                raise ganzoo.DataError(
                    f"{source.locate(number)} has {_text(size)} pixels: an odd width is no two "
                    f"images side by side. Images in two folders belong in {path / 'A'} and "
                    f"{path / 'B'}"
                )
        channels, height, width = source.spec.shape
        return ganzoo.ImageSource(
            Halves(source.images, condition_left=self.options.direction == "a-to-b"),
            ganzoo.ImageSpec(channels, height, width // 2, condition=_picture(source)),
            fingerprint=source.fingerprint,
            locate=source.locate,
        )


def _picture(source: ganzoo.ImageSource) -> ganzoo.Picture:
    return ganzoo.Picture(source.spec.channels)


def _by_name(source: ganzoo.ImageSource, folder: Path) -> dict[str, int]:
    """The number of each image by its path below the folder, without the ending.

    Raises:
        DataError: two images differ in their endings alone.
    """
    numbers: dict[str, int] = {}
    for number in range(len(source.images)):  # type: ignore[arg-type]  # it has a length
        file = Path(source.locate(number))
        name = file.relative_to(folder).with_suffix("").as_posix()
        if name in numbers:
            first = Path(source.locate(numbers[name])).name
            raise ganzoo.DataError(
                f"{folder} has {first} and {file.name}: a pair is found by its name without the "
                "ending; rename one of them"
            )
        numbers[name] = number
    return numbers


def _check_names(a: Path, names: dict[str, int], b: Path, others: dict[str, int]) -> None:
    """Refuse images without a counterpart.

    Raises:
        DataError: how many there are in each folder, and the first.
    """
    lonely = {a: sorted(names.keys() - others.keys()), b: sorted(others.keys() - names.keys())}
    found = [f"{len(of)} in {folder}, the first is {of[0]}" for folder, of in lonely.items() if of]
    if found:
        raise ganzoo.DataError(
            f"images without a counterpart of the same name: {'; '.join(found)}. Remove them, or "
            "give both images of a pair one name"
        )


def _check_sizes(first: str, second: str) -> None:
    """Refuse a pair of two sizes.

    Raises:
        DataError: names the files and the sizes.
    """
    size, other = _size(first), _size(second)
    if size is not None and other is not None and size != other:
        raise ganzoo.DataError(
            f"{first} has {_text(size)} pixels, and {second} {_text(other)}: both images of a pair "
            "have one size, or they do not show the same place"
        )


def _size(file: str) -> Size | None:
    """The size of an image as it is seen; None if it cannot be read, which decoding reports."""
    try:
        with Image.open(file) as image:
            known = "exif" in image.info  # else a PNG is decoded to look for it at its end
            turned = known and image.getexif().get(ExifTags.Base.Orientation, 1) >= SIDEWAYS
            return image.size[::-1] if turned else image.size
    except Exception:  # an image reader may raise anything
        return None


def _text(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
