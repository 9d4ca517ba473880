"""Dataset: the source of real images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from torch import Tensor

from ganzoo.errors import DataError
from ganzoo.interfaces.options import NoOptions, Options

if TYPE_CHECKING:
    import torch


ConditionKind = Literal["none", "classes", "vector", "picture"]
"""What comes with each image of a dataset, for conditional training."""


@dataclass(frozen=True)
class Vector:
    """A condition of numbers for each image: attributes, an embedding.

    Attributes:
        length: of one vector.
    """

    length: int


@dataclass(frozen=True)
class Picture:
    """A condition that is a picture, of the height and width of the image.

    Attributes:
        channels: 1 for grey, 3 for RGB; any positive number is allowed.
    """

    channels: int


Condition = Vector | Picture
"""What images are conditioned on instead of a class."""


@dataclass(frozen=True)
class ImageSpec:
    """The shape of one image, and what it is conditioned on in conditional training.

    Attributes:
        channels: 1 for grey, 3 for RGB; any positive number is allowed.
        height: in pixels.
        width: in pixels.
        num_classes: labels lie in `[0, num_classes)`; 0 if the images have no labels.
        condition: a `ganzoo.Vector` or `ganzoo.Picture` instead of a class; None without one.

    Raises:
        ValueError: a number is too small, or there are both classes and a condition.
    """

    channels: int
    height: int
    width: int
    num_classes: int = 0
    condition: Condition | None = None

    def __post_init__(self) -> None:
        if min(self.channels, self.height, self.width) < 1:
            raise ValueError(f"an image needs at least one channel, row and column; got {self}")
        if self.num_classes < 0:
            raise ValueError(f"there cannot be {self.num_classes} classes; 0 is for no labels")
        if self.condition is not None and min(self.condition_shape) < 1:
            raise ValueError(f"a condition needs at least one number or channel; got {self}")
        if self.condition is not None and self.num_classes:
            raise ValueError(f"images have classes or another condition, not both; got {self}")

    @property
    def shape(self) -> tuple[int, int, int]:
        """`(channels, height, width)`."""
        return (self.channels, self.height, self.width)

    @property
    def condition_kind(self) -> ConditionKind:
        """`"classes"`, `"vector"` or `"picture"`; `"none"` without any."""
        match self.condition:
            case Vector():
                return "vector"
            case Picture():
                return "picture"
        return "classes" if self.num_classes else "none"

    @property
    def condition_shape(self) -> tuple[int, ...]:
        """The shape of one condition: `(length,)`, `(channels, height, width)`, `()` of a class."""
        match self.condition:
            case Vector(length):
                return (length,)
            case Picture(channels):
                return (channels, self.height, self.width)
        return ()

    def __str__(self) -> str:
        shape = "x".join(map(str, self.shape))
        match self.condition_kind:
            case "none":
                return shape
            case "classes":
                return f"{shape}, {self.num_classes} classes"
            case kind:
                return f"{shape}, each with a {kind} of {'x'.join(map(str, self.condition_shape))}"


@dataclass(frozen=True)
class ImageSource:
    """An opened split of a dataset.

    Attributes:
        images: a map-style `torch.utils.data.Dataset`, or any sequence, of `(image, condition)`;
            an image is a `PIL.Image.Image` or a uint8 tensor `(C, H, W)`. A condition is a label,
            an int; or, as the spec says, a vector of floats (list, array or tensor) or another
            image.
        spec: the natural shape, which is the default to train at, and the classes or condition.
        class_names: one for each class, in label order; empty without labels.
        fingerprint: changes when the content does, and only then, beyond what the options say: for
            files, `ganzoo.content_fingerprint`. The image store is rebuilt when it changes. Without
            one, a run cannot tell whether data at another place is the same.
        locate: returns where the i-th image comes from (a path), for messages.
        resizable: False if the data means nothing in another size or number of channels (points,
            measurements): it is trained at its natural shape or not at all.
        description: of what was found and decided, one line that `--dry-run` shows.

    Raises:
        DataError: there are not as many class names as classes.
    """

    images: torch.utils.data.Dataset[Any] | Sequence[Any]
    spec: ImageSpec
    class_names: tuple[str, ...] = ()
    fingerprint: str = ""
    locate: Callable[[int], str] = field(default="image {}".format)
    resizable: bool = True
    description: str = ""

    def __post_init__(self) -> None:
        if self.class_names and len(self.class_names) != self.spec.num_classes:
            raise DataError(
                f"the dataset names {len(self.class_names)} classes and says it has "
                f"{self.spec.num_classes}"
            )


class Dataset(ABC):
    """Opens a split as a map-style torch dataset of `(PIL image or uint8 tensor, condition)`.

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
