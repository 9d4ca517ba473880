"""Dataset: the source of real images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ganzoo.errors import DataError
from ganzoo.interfaces.options import NoOptions, Options

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class ImageSpec:
    """The shape of one image, and how many classes its labels tell apart.

    Attributes:
        channels: 1 for grey, 3 for RGB; any positive number is allowed.
        height: in pixels.
        width: in pixels.
        num_classes: labels lie in `[0, num_classes)`; 0 if the images have no labels.
    """

    channels: int
    height: int
    width: int
    num_classes: int = 0

    def __post_init__(self) -> None:
        if min(self.channels, self.height, self.width) < 1 or self.num_classes < 0:
            raise ValueError(f"an image needs at least one channel, row and column; got {self}")

    @property
    def shape(self) -> tuple[int, int, int]:
        """`(channels, height, width)`."""
        return (self.channels, self.height, self.width)

    def __str__(self) -> str:
        classes = f", {self.num_classes} classes" if self.num_classes else ""
        return f"{self.channels}x{self.height}x{self.width}{classes}"


@dataclass(frozen=True)
class ImageSource:
    """An opened split of a dataset.

    Attributes:
        images: a map-style `torch.utils.data.Dataset`, or any sequence, of `(image, label)`;
            an image is a `PIL.Image.Image` or a uint8 tensor `(C, H, W)`; a label is an int.
        spec: the natural shape, which is the default to train at, and the number of classes.
        class_names: one for each class, in label order; empty without labels.
        fingerprint: changes when the content does, beyond what the options say (a folder's file
            names, sizes and times). The image store is rebuilt when it changes.
        locate: returns where the i-th image comes from (a path), for messages.
        resizable: False if the data means nothing in another size or number of channels (points,
            measurements): it is trained at its natural shape or not at all.
    """

    images: torch.utils.data.Dataset[Any] | Sequence[Any]
    spec: ImageSpec
    class_names: tuple[str, ...] = ()
    fingerprint: str = ""
    locate: Callable[[int], str] = field(default="image {}".format)
    resizable: bool = True

    def __post_init__(self) -> None:
        if self.class_names and len(self.class_names) != self.spec.num_classes:
            raise DataError(
                f"the dataset names {len(self.class_names)} classes and says it has "
                f"{self.spec.num_classes}"
            )


class Dataset(ABC):
    """Opens a split as a map-style torch dataset of `(PIL image or uint8 tensor, label)`.

    One method is enough, and everything in `torchvision.datasets` fits as it is: ganzoo decodes to
    the training size, channels and range. It is constructed with one argument, its validated
    options; constructing reads nothing from disk.
    """

    options: Options

    def __init__(self, options: Options | None = None) -> None:
        self.options = NoOptions() if options is None else options

    @abstractmethod
    def open(self, split: str = "train") -> ImageSource:
        """Find the data (downloading it where the options allow) and describe it.

        Raises:
            DataError: something is missing; the message says where it was expected and how to get
                it.
            UsageError: it has no such split.
        """

    def render(self, images: Tensor) -> Tensor | None:
        """Draw a whole batch, for data that a grid of images does not show (point sets).

        Args:
            images: `(N, C, H, W)` in [-1, 1].

        Returns:
            uint8 `(3, H', W')`, or None for the usual grid.
        """
        return None
