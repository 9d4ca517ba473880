"""Fashion-MNIST (Xiao et al. 2017, arXiv:1708.07747): included subset, folder or download."""

from __future__ import annotations

from pathlib import Path

import torch

import ganzoo
from ganzoo_fashion_mnist import idx
from ganzoo_fashion_mnist.options import FashionMNISTOptions

CLASSES = (
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle-boot",
)
PREFIX = {"train": "train", "test": "t10k"}
ASSETS = Path(__file__).parent / "assets"
SHAPE = ganzoo.ImageSpec(1, 28, 28, num_classes=len(CLASSES))


class FashionMNIST(ganzoo.Dataset):
    """60,000 training and 10,000 test images, or the included training subset of 10,000."""

    options: FashionMNISTOptions

    def __init__(self, options: FashionMNISTOptions | None = None) -> None:
        super().__init__(options or FashionMNISTOptions())

    def open(self, split: str = "train") -> ganzoo.ImageSource:
        """The `"train"` or `"test"` split; the included subset has no test split."""
        if split not in PREFIX:
            raise ganzoo.UsageError(
                f"no split '{split}' of fashion-mnist; there are train and test"
            )
        if self.options.path is not None:
            return _from_idx(self.options.path, split)
        if self.options.full:
            return _downloaded(split)
        if split == "test":
            raise ganzoo.DataError(
                "the included subset of fashion-mnist has no test split; set data.full to download "
                "the full set, or data.path to a folder with the IDX files"
            )
        return _from_idx(ASSETS, split)


def _from_idx(folder: Path, split: str) -> ganzoo.ImageSource:
    files = [
        idx.find(folder, f"{PREFIX[split]}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1")
    ]
    images, labels = (torch.from_numpy(idx.read(file).copy()) for file in files)
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise ganzoo.DataError(
            f"{files[0]} and {files[1]} do not match: {len(images)} images, {len(labels)} labels"
        )
    return ganzoo.ImageSource(
        list(zip(images[:, None], labels.tolist(), strict=True)),
        SHAPE,
        CLASSES,
        fingerprint=ganzoo.content_fingerprint(files),
        locate=lambda index: f"{files[0]}, image {index}",
    )


def _downloaded(split: str) -> ganzoo.ImageSource:
    from torchvision.datasets import FashionMNIST as Torchvision

    root = ganzoo.cache_dir() / "datasets"
    try:
        images = Torchvision(str(root), train=split == "train", download=True)
    except Exception as error:  # URL, HTTP, checksum and file errors of many kinds
        reason = " ".join(str(error).split()).rstrip(".")  # torchvision's has many lines
        raise ganzoo.DataError(
            f"could not download fashion-mnist into {root}: {reason}. Leave data.full out for the "
            "included subset, or set data.path to a folder with the IDX files"
        ) from None
    return ganzoo.ImageSource(images, SHAPE, CLASSES)
