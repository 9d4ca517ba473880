"""The image store: a split of a dataset, decoded once to uint8 and cached on disk.

A store is a folder with a raw file of pixels and one of labels. Its name is a hash of everything
that determines its content. It is built under a lock in a temporary folder and then renamed, so it
is never seen half-built. Processes share its memory, for the pixels are memory-mapped.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from filelock import FileLock
from PIL import Image
from torch import Tensor

from ganzoo.data.cache import cache_dir as default_cache_dir
from ganzoo.data.cache import cache_name
from ganzoo.data.decode import natural_channels
from ganzoo.data.loading import Indices, Loader, Prefetched, Resident, fits
from ganzoo.data.pixels import to_images
from ganzoo.data.reading import Progress, read
from ganzoo.errors import DataError, GanzooWarning
from ganzoo.files import building_folder
from ganzoo.interfaces.critic import Batch
from ganzoo.interfaces.dataset import ImageSource, ImageSpec

FORMAT = 1
"""Version of decoding, part of every key: if it changes, every store is rebuilt."""


class ImageStore:
    """All images of a split at the training shape.

    Args:
        images: uint8 `(N, H, W, C)`.
        labels: int64 `(N,)`; zeros for images without labels.
        spec: shape of the images and number of classes.
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

    def __len__(self) -> int:
        return self.images.shape[0]

    def __repr__(self) -> str:
        return f"ImageStore({len(self):,} images of {self.spec})"

    def batch(self, indices: Tensor, device: torch.device | str = "cpu") -> Batch:
        """Select images by index and copy them to a device.

        Args:
            indices: int64 `(N,)`, on the CPU.
            device: where the batch is put.

        Returns:
            images `(N, C, H, W)` in [-1, 1], channels last in memory; labels if there are any.
        """
        images = to_images(self.images.index_select(0, indices).to(device, non_blocking=True))
        if not self.spec.num_classes:
            return Batch(images)
        return Batch(images, self.labels.index_select(0, indices).to(device, non_blocking=True))

    def loader(
        self, indices: Indices, device: torch.device, *, seed: int, on_device: str = "auto"
    ) -> Loader:
        """Return the loader of a run's batches; `seed` is not used, for a store is not random."""
        if device.type == "cpu":
            return lambda k: self.batch(indices(k), device)
        labels = self.labels if self.spec.num_classes else None
        loader = Resident if fits(self.images.numel(), device, on_device) else Prefetched
        return loader(self.images, labels, indices, device)

    @classmethod
    def from_dataset(
        cls,
        images: torch.utils.data.Dataset[Any] | Sequence[Any],
        *,
        size: int | tuple[int, int] | None = None,
        channels: int | None = None,
        class_names: Sequence[str] = (),
        num_classes: int | None = None,
        skip_bad_images: bool = False,
        progress: Progress | None = None,
    ) -> ImageStore:
        """Make a store in memory of your own torch dataset.

        Args:
            images: `(image, label)` pairs or images; PIL images or uint8 tensors `(C, H, W)`.
            size: height and width; by default those of the first image.
            channels: 1 or 3; by default those of the first image.
            class_names: in label order.
            num_classes: number of classes; by default the number of names, or 1 + the largest
                label.
            skip_bad_images: leave unreadable images out.
            progress: called with the number of decoded images and of all images.

        Raises:
            DataError: an image is unreadable, a label out of range, or there is no image.
        """
        # First image.
        if len(images) == 0:  # type: ignore[arg-type]
            raise DataError("the dataset has no images")
        item = _first_readable(images)
        labelled = isinstance(item, (tuple, list))
        first = item[0] if labelled else item
        width, height = _size(first)

        # Shape and classes.
        names = tuple(class_names)
        if not names and labelled and num_classes is None:
            names = tuple(getattr(images, "classes", ()))
        count = len(names) if num_classes is None else num_classes
        natural = ImageSpec(natural_channels(first), height, width, count)

        # Decoding.
        store = cls.from_source(
            ImageSource(images, natural, names),
            size=size,
            channels=channels,
            skip_bad_images=skip_bad_images,
            progress=progress,
        )

        # Number of classes.
        if labelled and num_classes is None and not names:
            if (lowest := int(store.labels.min())) < 0:
                raise DataError(f"labels must count up from 0, and there is a label {lowest}")
            counted = ImageSpec(*store.spec.shape, num_classes=int(store.labels.max()) + 1)
            return cls(store.images, store.labels, counted)
        return store

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
            size: height and width; by default those of the source.
            channels: 1 or 3; by default those of the source.
            skip_bad_images: leave unreadable images out.
            key: what identifies the data (dataset, version, options, split). Without a key the
                store is kept in memory, not in the cache.
            cache_dir: the cache directory; ganzoo's by default.
            progress: called with the number of decoded images and of all images.

        Raises:
            DataError: an image is unreadable, a label out of range, there is no image, or the
                cache cannot be written.
        """
        # Shape.
        size = (source.spec.height, source.spec.width) if size is None else size
        height, width = (size, size) if isinstance(size, int) else size
        channels = source.spec.channels if channels is None else channels
        spec = ImageSpec(channels, height, width, source.spec.num_classes)

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
        text = json.dumps(identity, sort_keys=True, default=str)
        folder = (cache_dir or default_cache_dir()) / "stores" / cache_name(text)
        try:
            images, labels = _on_disk(folder, text, source, spec, skip_bad_images, progress)
        except OSError as error:
            raise DataError(
                f"cannot keep the decoded images in {folder.parent}: {error.strerror or error}. "
                "Set GANZOO_CACHE_DIR to a directory with room"
            ) from error
        return cls(images, labels, spec, source.class_names)


def _first_readable(images: Any) -> Any:
    """Return the first item that can be read; decoding all of them reports the unreadable ones."""
    for index in range(len(images)):
        try:
            return images[index]
        except Exception as error:  # a dataset may raise anything
            last = error
    raise DataError(
        f"none of the {len(images)} images can be read; the last: {type(last).__name__}: {last}"
    ) from last


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
        "an image must be a PIL image or a uint8 tensor (C, H, W), not "
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
            spec.shape,
            skip_bad_images=skip_bad_images,
            unreadable=unreadable,
            progress=progress,
        )
    )
    _warn_of_unreadable(unreadable)
    images = torch.from_numpy(np.stack([pixels for pixels, _ in pairs]))
    return images, torch.tensor([label for _, label in pairs], dtype=torch.int64)


def _on_disk(
    folder: Path,
    identity: str,
    source: ImageSource,
    spec: ImageSpec,
    skip_bad_images: bool,
    progress: Progress | None,
) -> tuple[Tensor, Tensor]:
    """Open the store in a folder; build it first if it is not there."""
    # Open it without a lock: a shared cache may be read-only.
    store = _open(folder, spec)
    if store is not None:
        return store

    # Build it, unless another process has done so meanwhile.
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):  # the system releases it if this process is killed
        store = _open(folder, spec)
        if store is None:
            for leftover in (folder, *folder.parent.glob(f".{folder.name}.*")):
                shutil.rmtree(leftover, ignore_errors=True)
            _build(folder, identity, source, spec, skip_bad_images, progress)
            store = _open(folder, spec)
    if store is None:
        raise DataError(f"the image store {folder} was changed while it was built")
    return store


def _build(
    folder: Path,
    identity: str,
    source: ImageSource,
    spec: ImageSpec,
    skip_bad_images: bool,
    progress: Progress | None,
) -> None:
    """Decode all images into a temporary folder and rename it."""
    unreadable: list[str] = []
    labels: list[int] = []
    with building_folder(folder) as temporary:
        # Pixels: written, for on a full disk writing to a memory map crashes the process.
        with (temporary / "images.u8").open("wb") as file:
            for pixels, label in read(
                source,
                spec.shape,
                skip_bad_images=skip_bad_images,
                unreadable=unreadable,
                progress=progress,
            ):
                file.write(pixels.tobytes())
                labels.append(label)
            _sync(file)

        # Labels.
        with (temporary / "labels.i64").open("wb") as file:
            file.write(np.asarray(labels, dtype="<i8").tobytes())
            _sync(file)

        # Description.
        about = {"count": len(labels), "bad": unreadable, "identity": json.loads(identity)}
        (temporary / "store.json").write_text(json.dumps(about, indent=1), encoding="utf-8")


def _sync(file: BinaryIO) -> None:
    """Wait until a file is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def _open(folder: Path, spec: ImageSpec) -> tuple[Tensor, Tensor] | None:
    """Open a store; None if there is none or it is damaged."""
    try:
        about = json.loads((folder / "store.json").read_text(encoding="utf-8"))
        count = int(about["count"])
        shape = (count, spec.height, spec.width, spec.channels)
        sizes = [(folder / name).stat().st_size for name in ("images.u8", "labels.i64")]
        if sizes != [int(np.prod(shape)), 8 * count]:
            return None
        images = _memory_map(folder / "images.u8", shape)
        labels = np.fromfile(folder / "labels.i64", dtype="<i8")
    except (OSError, ValueError, KeyError, TypeError):
        return None
    _warn_of_unreadable(about.get("bad", []))
    return images, torch.from_numpy(labels)


def _memory_map(file: Path, shape: tuple[int, ...]) -> Tensor:
    """Memory-map a file as a uint8 tensor: the system loads pages on use and may drop them."""
    try:
        # copy on write: torch requires writable memory, and writes do not reach the file
        return torch.from_numpy(np.memmap(file, np.uint8, "c", shape=shape))
    except OSError as error:
        if error.errno != errno.ENOMEM:
            raise
    with warnings.catch_warnings():  # the system reserves no memory for copies of so large a file
        warnings.filterwarnings("ignore", ".*not writable")
        return torch.from_numpy(np.memmap(file, np.uint8, "r", shape=shape))


def _warn_of_unreadable(unreadable: list[str]) -> None:
    if unreadable:
        message = (
            f"{len(unreadable)} unreadable image(s) are left out, the first is {unreadable[0]}"
        )
        warnings.warn(GanzooWarning(message), stacklevel=4)
