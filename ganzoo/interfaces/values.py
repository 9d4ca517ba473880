"""The small value types that pass between engine and components."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

from torch import Tensor

from ganzoo.errors import DataError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class ImageSpec:
    """The shape of one image, and how many classes its labels tell apart.

    Attributes:
        channels: 1 for grey, 3 for RGB; any positive number is allowed.
        height: in pixels.
        width: in pixels.
        num_classes: labels lie in `[0, num_classes)`; 0 where the images have no labels.
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
class Batch:
    """Images with their labels.

    Attributes:
        images: `(N, C, H, W)`, floating point in [-1, 1].
        labels: `(N,)` of int64 in `[0, num_classes)`; None in unconditional training.
    """

    images: Tensor
    labels: Tensor | None = None

    def __len__(self) -> int:
        return self.images.shape[0]

    def with_images(self, images: Tensor) -> Batch:
        """The same labels with other images."""
        return replace(self, images=images)


@dataclass(frozen=True, kw_only=True)
class ImageSet:
    """Images to be compared with others as a whole, with what is known of them.

    Attributes:
        images: `(N, C, H, W)` of uint8. Generated images are rounded to 8 bits like real ones, or
            a metric would see the rounding.
        labels: `(N,)` of int64 in `[0, num_classes)`; None where there are none.
        num_classes: of the labels; 0 where there are none.
        features: `(N, D)` of float32, for metrics that use them.
        logits: `(N, K)` of float32, for metrics that use a classifier.
    """

    images: Tensor
    labels: Tensor | None = None
    num_classes: int = 0
    features: Tensor | None = None
    logits: Tensor | None = None

    def __len__(self) -> int:
        return self.images.shape[0]


@dataclass(frozen=True, kw_only=True)
class Demands:
    """What a loss and its penalties ask of the networks. An architecture honours it or refuses.

    Attributes:
        forbids_batch_statistics: the discriminator's score of one image must not depend on the
            others in its batch (no batch norm): set by every penalty on per-sample gradients.
        labels: generator and discriminator are called with labels and must use them.
        class_logits: the discriminator must return `{"scores": (N,), "class_logits": (N, K)}`
            and must not read the labels it is given (it is to predict them).
    """

    forbids_batch_statistics: bool = False
    labels: bool = False
    class_logits: bool = False

    def __or__(self, other: Demands) -> Demands:
        return Demands(
            forbids_batch_statistics=self.forbids_batch_statistics
            or other.forbids_batch_statistics,
            labels=self.labels or other.labels,
            class_logits=self.class_logits or other.class_logits,
        )


class Settings(TypedDict, total=False):
    """Training settings that a loss or an architecture brings from its paper.

    The user's own come first, then the loss's, then the architecture's, then the engine's.
    The meaning and range of each is that of `ganzoo.config.TrainingConfig`.
    """

    batch_size: int
    n_critic: int
    optimizer: str
    generator_lr: float
    discriminator_lr: float
    betas: tuple[float, float]
    ema_decay: float


class Critic(Protocol):
    """A discriminator as losses and penalties see it: bound to augmentation and precision."""

    def __call__(self, batch: Batch) -> Tensor:
        """Raw scores `(N,)` in float32: high for real, never through a sigmoid."""
        ...

    def outputs(self, batch: Batch) -> Mapping[str, Tensor]:
        """`{"scores": (N,)}` and whatever else the discriminator offers, in float32."""
        ...


@dataclass(frozen=True)
class ImageSource:
    """An opened split of a dataset.

    Attributes:
        images: a map-style `torch.utils.data.Dataset`, or any sequence, of `(image, label)`;
            an image is a `PIL.Image.Image` or a uint8 tensor `(C, H, W)`; a label is an int.
        spec: the natural shape: what one trains at where the user asks for no other, and the
            number of classes.
        class_names: one for each class, in label order; empty where there are no labels.
        fingerprint: changes when the content does, beyond what the options say (a folder's file
            names, sizes and times). The image store is rebuilt when it changes.
        locate: where the i-th image comes from (a path), for messages about unreadable ones.
        resizable: False where another size or number of channels would be no picture of the same
            thing (points, measurements): such a dataset is trained at its natural shape or not
            at all.
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
