"""The image store: a split of a dataset, decoded once to uint8 and cached on disk.

A store is a folder of the cache (`store_folder.py`), named by a hash of everything that determines
its content. Processes share its memory, for the pixels are memory-mapped.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganzoo.data.accepting import AnyImages, Items, as_dataset
from ganzoo.data.cache import cache_dir as default_cache_dir
from ganzoo.data.cache import cache_name
from ganzoo.data.conditions import batch_of, condition_of
from ganzoo.data.decode import decoded_spec, natural_channels
from ganzoo.data.loading import Indices, Loader, Prefetched, Resident, fits
from ganzoo.data.pixels import Range
from ganzoo.data.reading import LISTED, Progress, read
from ganzoo.data.store_folder import Opened, discard, open_or_build, warn_of_unreadable
from ganzoo.data.workers import refuse_script_run_again
from ganzoo.errors import DataError, GanzooWarning, UsageError, setting
from ganzoo.interfaces.critic import Batch
from ganzoo.interfaces.dataset import Dataset, ImageSource, ImageSpec

FORMAT = 2
"""Version of decoding, part of every key: if it changes, every store is rebuilt."""


class ImageStore:
    """All images of a split at the training shape.

    Args:
        images: uint8 `(N, H, W, C)`.
        labels: the conditions: int64 `(N,)`, zeros for images without labels; float32 `(N, D)` of
            vectors; or uint8 `(N, H, W, C')` of pictures.
        spec: shape of the images, and classes or condition.
        class_names: in label order; empty for images without labels.
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        spec: ImageSpec,
        class_names: Sequence[str] = (),
    ) -> None:
        self.images = images
        self.labels = labels
        self.spec = spec
        self.class_names = tuple(class_names)
        self._folder: Path | None = None
        self._opened: Opened | None = None

    def __len__(self) -> int:
        return self.images.shape[0]

    def __repr__(self) -> str:
        return f"ImageStore({len(self):,} images of {self.spec})"

    @property
    def conditions(self) -> Tensor | None:
        """The labels; None for images without any."""
        return None if self.spec.condition_kind == "none" else self.labels

    def batch(self, indices: Tensor, device: torch.device | str = "cpu") -> Batch:
        """Select images by index and copy them to a device.

        Args:
            indices: int64 `(N,)`, on the CPU.
            device: where the batch is put.

        Returns:
            images `(N, C, H, W)` in [-1, 1], channels last in memory; conditions if there are any.

        Raises:
            DataError: the images are damaged in the cache.
        """
        pixels, labels = self.select(indices).to(device, non_blocking=True), self.conditions
        if labels is not None:
            labels = labels.index_select(0, indices).to(device, non_blocking=True)
        return batch_of(pixels, labels)

    def select(self, indices: Tensor) -> Tensor:
        """Select pixels by index, uint8 `(N, H, W, C)`.

        Raises:
            DataError: a block of the cached file that is used for the first time is damaged.
        """
        self.verify(indices)
        return self.images.index_select(0, indices)

    def verify(self, indices: Tensor | None = None) -> None:
        """Compare cached images with their checksums; all images if `indices` is None.

        Raises:
            DataError: the cached file is damaged.
        """
        if self._folder is None or self._opened is None:
            return
        for verifier in self._opened.verifiers:
            damaged = verifier.first_damaged(indices)
            if damaged is not None:
                raise DataError(
                    f"the image store {self._folder} is damaged near image {damaged:,}: the pixels "
                    f"differ from their checksum. {discard(self._folder)}"
                )

    def loader(
        self, indices: Indices, device: torch.device, *, seed: int, on_device: str = "auto"
    ) -> Loader:
        """Return the loader of a run's batches: see `Images.loader`; `seed` is not used."""
        if device.type == "cpu":
            return lambda k: self.batch(indices(k), device)
        if fits(self.images.nbytes + self.labels.nbytes, device, on_device):
            self.verify()
            return Resident(self.images, self.conditions, indices, device)
        return VerifiedPrefetched(self, self.conditions, indices, device)

    @classmethod
    def from_dataset(
        cls,
        images: AnyImages,
        *,
        size: int | tuple[int, int] | None = None,
        channels: int | None = None,
        class_names: Sequence[str] = (),
        num_classes: int | None = None,
        value_range: Range | None = None,
        skip_bad_images: bool = False,
        progress: Progress | None = None,
    ) -> ImageStore:
        """Make a store in memory of your own torch dataset.

        Random transforms of the dataset are drawn once.

        Args:
            images: a torch dataset, a list or a `DataLoader` (its dataset is used) of pairs
                `(image, condition)` or of images; or a tensor `(N, C, H, W)`, a pair of tensors, a
                `ganzoo.Dataset` or `ganzoo.ImageSource`. An image is a PIL image, a tensor
                `(C, H, W)`, uint8 or floats in [-1, 1] (which are rounded to 8 bits), or an array
                `(H, W, C)`. A condition is a label (a number or a name), a vector of at least two
                floats, or another image.
            size: height and width in pixels; by default those of the first image.
            channels: 1 or 3; by default those of the first image.
            class_names: in label order; labels may then be one-hot vectors.
            num_classes: number of classes; by default the number of names, or of the labels
                present: labels 1, 2, 3 become three classes, which are named by these numbers.
                0 leaves labels out.
            value_range: the values of black and white in tensors and arrays, such as `(0, 1)` or
                `(0, 255)`; by default uint8 and floats in [-1, 1], and floats without a negative
                value are refused.
            skip_bad_images: leave unreadable images out.
            progress: called with the number of decoded images and of all images.

        Raises:
            UsageError: this is no set of images, a number is too small, the range is not two
                numbers, or the images cannot have so many channels.
            DataError: an image is unreadable or leaves the declared range, a label is out of range,
                or there is no image.
        """
        # A dataset of ganzoo.
        if isinstance(images, Dataset):
            images = images.open("train")
        if isinstance(images, ImageSource):
            if value_range is not None:
                raise UsageError(
                    "value_range is given with a dataset of ganzoo, whose images are 8 bits; leave "
                    "it out"
                )
            return cls.from_source(
                images,
                size=size,
                channels=channels,
                skip_bad_images=skip_bad_images,
                progress=progress,
            )

        # Shape, classes or condition.
        if num_classes is not None and num_classes < 0:
            raise UsageError(f"{setting('num_classes', num_classes)} should be 0 or more")
        items = Items(as_dataset(images, value_range), class_names, num_classes, value_range)
        paired = isinstance(items.first, tuple)
        first, value = items.first if paired else (items.first, None)
        width, height = _size(first)
        condition = condition_of(value) if not class_names and num_classes is None else None
        names = items.classes if paired and condition is None else tuple(class_names)
        count = len(names) if num_classes is None else num_classes
        natural = ImageSpec(natural_channels(first), height, width, count, condition)

        # Decoding.
        store = cls.from_source(
            ImageSource(items, natural, names),
            size=size,
            channels=channels,
            skip_bad_images=skip_bad_images,
            progress=progress,
        )
        if paired and condition is None and num_classes is None and not names:
            return store._with_present_classes()
        return store

    def _with_present_classes(self) -> ImageStore:
        """The same images with the labels that are present as classes; names where numbers change.

        Raises:
            DataError: a label is negative.
        """
        present, labels = torch.unique(self.labels, return_inverse=True)
        if (lowest := int(present[0])) < 0:
            raise DataError(f"labels must count up from 0, and there is a label {lowest}")
        spec = ImageSpec(*self.spec.shape, num_classes=len(present))
        if len(present) == int(present[-1]) + 1:
            return ImageStore(self.images, self.labels, spec)
        names = tuple(str(label) for label in present.tolist())
        listed = ", ".join(names[:LISTED]) + (", …" if len(names) > LISTED else "")
        message = (
            f"the labels {listed} become the classes 0 to {len(names) - 1}, named by these "
            f"numbers; {setting('num_classes', int(present[-1]) + 1)} keeps the numbers"
        )
        warnings.warn(GanzooWarning(message), stacklevel=3)
        return ImageStore(self.images, labels, spec, names)

    @classmethod
    def from_source(
        cls,
        source: ImageSource,
        *,
        size: int | tuple[int, int] | None = None,
        channels: int | None = None,
        skip_bad_images: bool = False,
        key: Mapping[str, object] | None = None,
        cache_dir: Path | None = None,
        progress: Progress | None = None,
    ) -> ImageStore:
        """Open the store of a dataset in the cache, or build it.

        Args:
            source: the opened dataset.
            size: height and width in pixels; by default those of the source.
            channels: 1 or 3; by default those of the source.
            skip_bad_images: leave unreadable images out.
            key: what identifies the data (dataset, version, options, split). Without a key the
                store is kept in memory, not in the cache.
            cache_dir: the cache directory; ganzoo's by default.
            progress: called with the number of decoded images and of all images.

        Raises:
            UsageError: `size` or `channels` is below 1, or the images cannot have so many.
            DataError: an image is unreadable, a condition not what the source says, there is no
                image, or the cache cannot be written.
            GanzooError: the cache cannot be locked.
        """
        refuse_script_run_again()

        # Shape.
        size = (source.spec.height, source.spec.width) if size is None else size
        size = (size, size) if isinstance(size, int) else size
        channels = source.spec.channels if channels is None else channels
        spec = decoded_spec(source.spec, size, channels)

        # In memory.
        if key is None:
            images, labels = _in_memory(source, spec, skip_bad_images, progress)
            return cls(images, labels, spec, source.class_names)

        # In the cache.
        identity = {
            **key,
            "fingerprint": source.fingerprint,
            "shape": spec.shape,
            "skip_bad": skip_bad_images,  # part of the key under its old name, so caches stay valid
            "format": FORMAT,
        }
        if spec.condition is not None:
            identity["condition"] = repr(spec.condition)
        text = json.dumps(identity, sort_keys=True, default=str)
        folder = (cache_dir or default_cache_dir()) / "stores" / cache_name(text)
        try:
            opened = open_or_build(folder, text, source, spec, skip_bad_images, progress)
        except OSError as error:
            raise DataError(
                f"cannot keep the decoded images in {folder.parent}: {error.strerror or error}. "
                "Set GANZOO_CACHE_DIR to a directory with room"
            ) from error
        store = cls(opened.images, opened.labels, spec, source.class_names)
        store._folder, store._opened = folder, opened
        return store


class VerifiedPrefetched(Prefetched):
    """Prefetches batches of a store, and verifies them in its thread.

    Args:
        store: of the images.
        labels: its conditions, or None.
        indices: the images of each batch.
        device: where batches are put.
    """

    def __init__(
        self, store: ImageStore, labels: Tensor | None, indices: Indices, device: torch.device
    ) -> None:
        super().__init__(store.images, labels, indices, device)
        self.store = store

    def _gather(self, rows: Tensor) -> tuple[Tensor, Tensor | None]:
        self.store.verify(rows)
        return super()._gather(rows)


def _size(image: Any) -> tuple[int, int]:
    """Width and height of an image.

    Raises:
        DataError: it is no image.
    """
    if isinstance(image, Image.Image):
        return image.size
    if isinstance(image, Tensor) and image.ndim == 3:
        _, height, width = image.shape
        return width, height
    raise DataError(
        "an image must be a PIL image or a tensor (C, H, W), uint8 or in [-1, 1], not "
        f"{type(image).__name__} of shape {getattr(image, 'shape', 'unknown')}"
    )


def _in_memory(
    source: ImageSource, spec: ImageSpec, skip_bad_images: bool, progress: Progress | None
) -> tuple[Tensor, Tensor]:
    """Decode all images into memory."""
    unreadable: list[str] = []
    pairs = list(
        read(
            source,
            spec,
            skip_bad_images=skip_bad_images,
            unreadable=unreadable,
            progress=progress,
        )
    )
    warn_of_unreadable(unreadable)
    images, conditions = (torch.from_numpy(np.stack(arrays)) for arrays in zip(*pairs, strict=True))
    return images, conditions
