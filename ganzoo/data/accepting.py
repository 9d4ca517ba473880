"""Accepting: a library user's images in any common form, as a dataset that a store decodes.

What could mean two things is refused with the next step. Images are kept with 8 bits: floats in
[-1, 1], or in the range that is declared, are rounded.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
    default_collate,
    default_convert,
)

from ganzoo.data.conditions import WrongCondition
from ganzoo.data.loading import Images
from ganzoo.data.pixels import TOLERANCE, Range, check_range, checked_uint8, to_uint8
from ganzoo.errors import DataError, GanzooWarning, UsageError, setting, shown
from ganzoo.interfaces.dataset import Dataset, ImageSource

AnyImages = Images | ImageSource | Dataset | torch.utils.data.Dataset[Any] | Sequence[Any] | Tensor
"""Images to train on: see `ganzoo.ImageStore.from_dataset`."""

PROBED = 256
"""Floating-point images that are looked at for a negative value, spread over the set."""

CHANNELS = (1, 3, 4)
"""Numbers of channels by which the axis of channels is recognized."""


def is_loadable(images: object) -> TypeGuard[Images]:
    """Whether images are a store or a stream already."""
    return hasattr(images, "loader") and isinstance(getattr(images, "class_names", None), tuple)


class Items(torch.utils.data.Dataset[Any]):
    """A dataset whose items are `image` or `(image, condition)` as a store reads them.

    Args:
        dataset: map-style; its images may be floats in [-1, 1] or numpy arrays, its labels names
            or one-hot vectors.
        class_names: in label order; where labels are names, all of them in order if empty.
        num_classes: 0 leaves labels out; with another number or names, vectors are one-hot.
        value_range: the declared values of black and white in tensors and arrays.

    Attributes:
        classes: names in label order, those of the dataset if it has any.
        first: the first item that can be read.

    Raises:
        DataError: there is no image, or floating-point images are in no clear range.
    """

    def __init__(
        self,
        dataset: Any,
        class_names: Sequence[str] = (),
        num_classes: int | None = None,
        value_range: Range | None = None,
    ) -> None:
        # First item.
        self.dataset, self.value_range = dataset, value_range
        if len(dataset) == 0:
            raise DataError("the dataset has no images")
        self.unlabelled = num_classes == 0
        self.one_hot = len(class_names) or num_classes or 0
        self.classes = tuple(class_names)
        number, first = _first_readable(dataset)
        image, label = _parts(first)

        # Class names.
        if not self.classes and label is not None and num_classes is None:
            self.classes = tuple(getattr(dataset, "classes", ()))
            if isinstance(label, str) and not self.classes:
                labels = (_parts(dataset[index])[1] for index in range(len(dataset)))
                self.classes = tuple(sorted({str(name) for name in labels}))
        self.numbers = {name: number for number, name in enumerate(self.classes)}

        # Range of floats.
        if value_range is None and _floating(image):
            rows = torch.linspace(0, len(dataset) - 1, min(PROBED, len(dataset))).long().tolist()
            _check_signed(_parts(dataset[row])[0] for row in rows)
        try:
            self.first = self._converted(first)
        except WrongCondition as wrong:
            raise DataError(f"image {number} {wrong}") from None

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        return self._converted(self.dataset[index])

    def _converted(self, item: Any) -> Any:
        image, label = _parts(item)
        if label is None or self.unlabelled:
            return _pixels(image, self.value_range)
        return _pixels(image, self.value_range), self._condition(label)

    def _condition(self, value: Any) -> Any:
        """A label as an int; another condition as it is, a float picture in 8 bits.

        Raises:
            WrongCondition: it is no name or number of a class.
        """
        # Names.
        if isinstance(value, str):
            if value not in self.numbers:
                names = ", ".join(self.classes) or "numbers here"
                raise WrongCondition(f"has label {shown(value)}, and the classes are {names}")
            return self.numbers[value]

        # Pictures and vectors.
        if isinstance(value, Image.Image) or np.ndim(value) > 1:
            floats = isinstance(value, (np.ndarray, Tensor)) and "uint8" not in str(value.dtype)
            return _pixels(value, self.value_range if floats else None)
        if np.ndim(value) == 1 and self.one_hot:
            vector = torch.as_tensor(value)
            if len(vector) != self.one_hot or vector.sum() != 1 or vector.max() != 1:
                raise WrongCondition(
                    f"has label {shown(vector.tolist())}, and one-hot labels have a 1 among "
                    f"{self.one_hot - 1} zeros"
                )
            return int(vector.argmax())

        # Numbers.
        if np.ndim(value) == 0 and isinstance(value, (float, np.ndarray, np.generic, Tensor)):
            if float(value) != int(value):
                raise WrongCondition(f"has label {float(value):g}, and labels are integers")
            return int(value)
        return value


def as_dataset(data: object, value_range: Range | None = None) -> Any:
    """A map-style dataset of what a library user gave; `value_range` as `Items` takes it.

    Raises:
        UsageError: it is no set of images; the message says what to give.
        DataError: a tensor of images has another shape, type or range.
    """
    match data:
        case DataLoader():
            return as_dataset(_dataset_of(data), value_range)
        case TensorDataset():
            tensors = data.tensors
            return as_dataset(tensors if len(tensors) > 1 else tensors[0], value_range)
        case Tensor():
            return _checked(data, value_range)
        case (Tensor(ndim=4) as images, (Tensor() | Sequence() | np.ndarray()) as labels):
            if len(labels) != len(images):
                raise DataError(f"there are {len(images):,} images and {len(labels):,} labels")
            return list(zip(_checked(images, value_range), labels, strict=True))
        case str() | Path():
            raise UsageError(
                f"data={shown(str(data))}: a dataset by name is trained with "
                "ganzoo.train(data=…); for a Trainer, open it: "
                "ganzoo.create('dataset', NAME, **options)"
            )
    if isinstance(data, (IterableDataset, Mapping)) or not (
        hasattr(data, "__getitem__") and hasattr(data, "__len__")
    ):
        advice = "give list(…) of it" if isinstance(data, Iterable) else "give a torch dataset"
        raise UsageError(
            f"data is a {type(data).__name__}, which has no images by number; {advice}, a list of "
            "images or of pairs (image, label), or a tensor (N, C, H, W)"
        )
    return data


def _dataset_of(loader: DataLoader[Any]) -> Any:
    """The dataset of a loader whose batches are nothing but its items, in any order."""
    samplers = (type(loader.sampler), type(loader.batch_sampler))
    own = [kind.__name__ for kind in samplers if kind not in USUAL_SAMPLERS]
    if loader.collate_fn not in (default_collate, default_convert):
        own.append("collate_fn")
    if own:
        raise UsageError(
            f"the DataLoader makes its batches with {' and '.join(own)}, and a trainer makes its "
            "own: give the dataset, data=loader.dataset, in the form that they would give it"
        )
    message = (
        "data is a DataLoader: its dataset is used, and neither its batch size nor its order; set "
        f"{setting('batch_size', loader.batch_size or 64)}. A trainer shuffles by its own seed"
    )
    warnings.warn(GanzooWarning(message), stacklevel=2)
    return loader.dataset


USUAL_SAMPLERS = (SequentialSampler, RandomSampler, BatchSampler, type(None))
"""Those that a DataLoader makes by itself."""


def _checked(images: Tensor, value_range: Range | None) -> Tensor:
    """A tensor of images as uint8 `(N, C, H, W)`; those of a declared range as they are.

    Raises:
        DataError: it has another shape, type or range.
    """
    # Shape.
    shape = tuple(images.shape)
    if images.ndim == 3 and len(images) not in CHANNELS:
        images = images.unsqueeze(1)  # many grey images: one image has few channels
    if images.ndim != 4 or (shape[1] not in CHANNELS and shape[3] in CHANNELS):
        advice = "images.permute(0, 3, 1, 2)" if images.ndim == 4 else "images.unsqueeze(0)"
        raise DataError(f"images are (N, C, H, W), and these {shape}: give {advice}")

    # Type and range.
    if value_range is not None and images.numel():
        check_range(images, value_range)
        return images.cpu()
    if images.is_floating_point() and images.numel():
        _check_signed([images])
    try:
        return checked_uint8(images.cpu())
    except UsageError as error:
        raise DataError(error.marked) from None


def _check_signed(images: Iterable[Any]) -> None:
    """Refuse floating-point images without a negative value: they may be in [0, 1] or [0, 255].

    Raises:
        DataError: says how to scale them.
    """
    lows, highs = zip(*((float(i.min()), float(i.max())) for i in images), strict=True)
    if min(lows) >= 0:
        scale = "images * 2 - 1" if max(highs) <= 1 else "images / 127.5 - 1"
        declared = (0, 1) if max(highs) <= 1 else (0, 255)
        raise DataError(
            "floating-point images must be in [-1, 1], and no value of these is negative: they "
            f"lie in [{min(lows):.4g}, {max(highs):.4g}]. Scale them with {scale}, by "
            "torchvision's Normalize(0.5, 0.5) after ToTensor, or declare their range: "
            f"ganzoo.ImageStore.from_dataset(…, value_range={declared})"
        )


def _parts(item: Any) -> tuple[Any, Any]:
    """Image and condition of an item; None where it has no condition.

    Raises:
        DataError: it is a dict.
    """
    if isinstance(item, Mapping):
        raise DataError(
            f"the dataset's items are dicts of {', '.join(map(str, item))}; give pairs, like "
            "[(item['image'], item['label']) for item in dataset]"
        )
    if isinstance(item, (tuple, list)):
        return (item[0], item[1]) if len(item) > 1 else (item[0], None)
    return item, None


def _floating(image: Any) -> bool:
    return isinstance(image, (Tensor, np.ndarray)) and "float" in str(image.dtype)


def _pixels(image: Any, value_range: Range | None) -> Any:
    """One image as a PIL image or a uint8 tensor `(C, H, W)`; what is neither passes unchanged.

    Raises:
        DataError: floats lie outside [-1, 1] or the declared range, or the axis of channels is not
            clear.
    """
    # The axis of channels.
    if isinstance(image, np.ndarray):
        image = _channels_first(image)
    if not isinstance(image, Tensor):
        return image
    if image.ndim == 2:
        image = image.unsqueeze(0)

    # Range.
    if value_range is not None:
        return to_uint8(image, value_range).cpu()
    if image.is_floating_point():
        low, high = float(image.min()), float(image.max())
        if not (low >= -1 - TOLERANCE and high <= 1 + TOLERANCE):  # NaN too
            raise DataError(f"floating-point images lie in [-1, 1], not in [{low:.4g}, {high:.4g}]")
        image = to_uint8(image)
    return image.cpu()


def _channels_first(image: np.ndarray[Any, Any]) -> Tensor:
    """An array `(H, W)`, `(H, W, C)` or `(C, H, W)` as a tensor."""
    pixels = torch.from_numpy(np.ascontiguousarray(image))
    if pixels.ndim != 3:
        return pixels
    last, first = pixels.shape[2] in CHANNELS, pixels.shape[0] in CHANNELS[:2]
    if last == first:
        raise DataError(
            f"an array of shape {image.shape} does not say which axis holds the channels; give a "
            "tensor (C, H, W)"
        )
    return pixels.permute(2, 0, 1) if last else pixels


def _first_readable(images: Any) -> tuple[int, Any]:
    """The first item that can be read, by number; decoding reports the unreadable ones."""
    for index in range(len(images)):
        try:
            return index, images[index]
        except Exception as error:  # a dataset may raise anything
            last = error
    raise DataError(
        f"none of the {len(images)} images can be read; the last: {type(last).__name__}: {last}"
    ) from last
