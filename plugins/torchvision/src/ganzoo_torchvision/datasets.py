"""Datasets of torchvision, which downloads, verifies and reads the files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from torch.utils.data import Dataset

import ganzoo
from ganzoo_torchvision.options import CelebAOptions, STL10Options, TorchvisionOptions


class _Torchvision(ganzoo.Dataset):
    """Shared code: construct torchvision's class, and turn its errors into one-line messages."""

    title: ClassVar[str]
    natural: ClassVar[ganzoo.ImageSpec]
    splits: ClassVar[tuple[str, ...]] = ("train", "test")

    options: TorchvisionOptions

    def __init__(self, options: TorchvisionOptions | None = None) -> None:
        super().__init__(options or TorchvisionOptions())

    @property
    def root(self) -> Path:
        """Folder of the files."""
        return self.options.root or ganzoo.cache_dir() / "datasets"

    def open(self, split: str = "train") -> ganzoo.ImageSource:
        """One of the dataset's splits.

        Raises:
            DataError: the files do not exist and could not be downloaded.
            UsageError: there is no such split, or a package that reads them is not installed.
        """
        if split not in self.splits:
            raise ganzoo.UsageError(
                f"no split '{split}' of {self.title}; there are {', '.join(self.splits)}"
            )
        try:
            images = self.make(split)
        except ImportError as error:
            raise ganzoo.UsageError(
                f"{self.title} needs a package that is not installed: {error.name}; "
                f"try `pip install {error.name}`"
            ) from None
        except Exception as error:  # URL, HTTP, checksum, archive and file errors of many kinds
            reason = " ".join(str(error).split()).rstrip(".")  # torchvision's has many lines
            failure = "could not be downloaded" if self.options.download else "was not found"
            raise ganzoo.DataError(
                f"{self.title} {failure}: {reason}. Its files belong in {self.root}, in "
                "torchvision's layout; data.root sets another folder"
            ) from None
        return self.source(images)

    def make(self, split: str) -> Any:
        """torchvision's dataset of the same class name."""
        from torchvision import datasets

        kind = getattr(datasets, type(self).__name__)
        return kind(str(self.root), train=split == "train", download=self.options.download)

    def source(self, images: Any) -> ganzoo.ImageSource:
        """Describe the images of torchvision's dataset."""
        names = tuple(getattr(images, "classes", ())) or tuple(
            map(str, range(self.natural.num_classes))
        )
        return ganzoo.ImageSource(images, self.natural, names)


class MNIST(_Torchvision):
    """60,000 training and 10,000 test images of digits."""

    title = "mnist"
    natural = ganzoo.ImageSpec(1, 28, 28, num_classes=10)


class CIFAR10(_Torchvision):
    """50,000 training and 10,000 test photographs of 10 classes."""

    title = "cifar10"
    natural = ganzoo.ImageSpec(3, 32, 32, num_classes=10)


class CIFAR100(_Torchvision):
    """50,000 training and 10,000 test photographs of 100 classes."""

    title = "cifar100"
    natural = ganzoo.ImageSpec(3, 32, 32, num_classes=100)


class SVHN(_Torchvision):
    """73,257 training, 26,032 test and 531,131 extra images of house numbers."""

    title = "svhn"
    natural = ganzoo.ImageSpec(3, 32, 32, num_classes=10)
    splits = ("train", "test", "extra")

    def make(self, split: str) -> Any:
        """See the base class."""
        from torchvision import datasets

        if self.options.download:  # torchvision imports scipy only after the download
            import scipy  # type: ignore[import-untyped]  # noqa: F401

        return datasets.SVHN(str(self.root), split=split, download=self.options.download)


class STL10(_Torchvision):
    """5,000 training and 8,000 test photographs of 10 classes, and 100,000 without labels."""

    title = "stl10"
    natural = ganzoo.ImageSpec(3, 96, 96, num_classes=10)
    splits = ("train", "test", "unlabeled")
    options: STL10Options

    def __init__(self, options: STL10Options | None = None) -> None:
        super().__init__(options or STL10Options())

    def make(self, split: str) -> Any:
        """See the base class."""
        from torchvision import datasets

        if self.options.unlabeled and split == "train":
            split = "unlabeled"
        return datasets.STL10(str(self.root), split=split, download=self.options.download)

    def source(self, images: Any) -> ganzoo.ImageSource:
        """Without labels if the images to train on have none, or those of the split."""
        if self.options.unlabeled or images.split == "unlabeled":
            return ganzoo.ImageSource(Labelled(images, None), ganzoo.ImageSpec(3, 96, 96))
        return super().source(images)


class CelebA(_Torchvision):
    """162,770 training images of faces; unlabelled unless an attribute is chosen."""

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
        """Unlabelled, or with one attribute as a binary label."""
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
    """Images with one of CelebA's 40 attributes as the label, or with label 0 if None."""

    def __init__(self, images: Any, attribute: int | None) -> None:
        self.images = images
        self.attribute = attribute

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        image, attributes = self.images[index]
        return image, 0 if self.attribute is None else int(attributes[self.attribute])
