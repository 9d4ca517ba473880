"""Datasets by torchvision's own classes: they download, check and read; ganzoo does the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from torch.utils.data import Dataset

import ganzoo
from ganzoo_torchvision.options import CelebAOptions, TorchvisionOptions


class _Torchvision(ganzoo.Dataset):
    """What they share: torchvision's class is made, and its many failures become one line."""

    title: ClassVar[str]
    natural: ClassVar[ganzoo.ImageSpec]
    splits: ClassVar[tuple[str, ...]] = ("train", "test")

    def __init__(self, options: TorchvisionOptions | None = None) -> None:
        self.options = options or TorchvisionOptions()

    @property
    def root(self) -> Path:
        """Folder of the files."""
        return self.options.root or ganzoo.cache_dir() / "datasets"

    def open(self, split: str = "train") -> ganzoo.ImageSource:
        """One of the dataset's splits.

        Raises:
            DataError: the files are not there and could not be downloaded, or a package that
                reads them is not installed.
        """
        if split not in self.splits:
            raise ganzoo.UsageError(
                f"no split '{split}' of {self.title}; there are {', '.join(self.splits)}"
            )
        try:
            images = self.make(split)
        except ImportError as error:
            raise ganzoo.DataError(
                f"{self.title} needs a package that is not installed: {error.name}; "
                f"try `pip install {error.name}`"
            ) from None
        except Exception as error:  # URL, HTTP, checksum, archive and file errors of many kinds
            reason = " ".join(str(error).split()).rstrip(".")  # torchvision's has many lines
            fetched = "could not be downloaded" if self.options.download else "is not there"
            raise ganzoo.DataError(
                f"{self.title} {fetched}: {reason}. Its files belong below {self.root}, in "
                "torchvision's layout; data.root names another folder"
            ) from None
        return self.source(images)

    def make(self, split: str) -> Any:
        """Torchvision's dataset, which bears the name of the class here."""
        from torchvision import datasets

        kind = getattr(datasets, type(self).__name__)
        return kind(str(self.root), train=split == "train", download=self.options.download)

    def source(self, images: Any) -> ganzoo.ImageSource:
        """As ganzoo wants it."""
        names = tuple(getattr(images, "classes", ())) or tuple(
            map(str, range(self.natural.num_classes))
        )
        return ganzoo.ImageSource(images, self.natural, names)


class MNIST(_Torchvision):
    """60,000 digits to train on, 10,000 to test with."""

    title = "mnist"
    natural = ganzoo.ImageSpec(1, 28, 28, num_classes=10)


class CIFAR10(_Torchvision):
    """50,000 photographs to train on, 10,000 to test with."""

    title = "cifar10"
    natural = ganzoo.ImageSpec(3, 32, 32, num_classes=10)


class CIFAR100(_Torchvision):
    """50,000 photographs of 100 classes to train on, 10,000 to test with."""

    title = "cifar100"
    natural = ganzoo.ImageSpec(3, 32, 32, num_classes=100)


class SVHN(_Torchvision):
    """73,257 house numbers to train on, 26,032 to test with, 531,131 extra ones."""

    title = "svhn"
    natural = ganzoo.ImageSpec(3, 32, 32, num_classes=10)
    splits = ("train", "test", "extra")

    def make(self, split: str) -> Any:
        """See the base class."""
        from torchvision import datasets

        if self.options.download:  # torchvision asks for scipy when all is downloaded
            import scipy  # type: ignore[import-untyped]  # noqa: F401

        return datasets.SVHN(str(self.root), split=split, download=self.options.download)


class CelebA(_Torchvision):
    """162,770 faces to train on; without labels unless an attribute is named."""

    title = "celeba"
    natural = ganzoo.ImageSpec(3, 64, 64)
    splits = ("train", "valid", "test", "all")
    options: CelebAOptions

    def __init__(self, options: CelebAOptions | None = None) -> None:
        super().__init__(options or CelebAOptions())

    def make(self, split: str) -> Any:
        """See the base class."""
        from torchvision import datasets

        return datasets.CelebA(
            str(self.root), split=split, target_type="attr", download=self.options.download
        )

    def source(self, images: Any) -> ganzoo.ImageSource:
        """Unlabelled, or with an attribute's absence and presence as two classes."""
        attribute = self.options.attribute
        if not attribute:
            return ganzoo.ImageSource(Labelled(images, None), self.natural)
        names = [name for name in images.attr_names if name]
        if attribute not in names:
            raise ganzoo.UsageError(
                f"celeba has no attribute '{attribute}'; it has {', '.join(names)}"
            )
        return ganzoo.ImageSource(
            Labelled(images, names.index(attribute)),
            ganzoo.ImageSpec(3, 64, 64, num_classes=2),
            class_names=(f"not-{attribute}", attribute),
        )


class Labelled(Dataset[tuple[Any, int]]):
    """CelebA's images with one of its 40 attributes, or with none."""

    def __init__(self, images: Any, attribute: int | None) -> None:
        self.images = images
        self.attribute = attribute

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        image, attributes = self.images[index]
        return image, 0 if self.attribute is None else int(attributes[self.attribute])
