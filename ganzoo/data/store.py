"""The image store: a whole split decoded once to uint8, and batches of it on a device.

On disk it is one raw file of pixels and one of labels, memory-mapped and so shared between
processes, in a folder whose name is a hash of all that determines it. It is built under a lock in
a temporary folder and renamed: there whole or not at all.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from PIL import Image
from torch import Tensor

from ganzoo.data.cache import cache_dir as default_cache_dir
from ganzoo.data.decode import natural_channels
from ganzoo.data.loading import Indices, Loader, Prefetched, Resident, fits
from ganzoo.data.pixels import to_images
from ganzoo.data.reading import Progress, read
from ganzoo.errors import DataError
from ganzoo.files import building_folder
from ganzoo.interfaces.critic import Batch
from ganzoo.interfaces.dataset import ImageSource, ImageSpec

FORMAT = 1
"""Part of every key: raise it when decoding changes, and every store is built anew."""


class ImageStore:
    """All images of a split at the training shape.

    Args:
        images: uint8 `(N, H, W, C)`.
        labels: int64 `(N,)`; zeros where there are none.
        spec: their shape and number of classes.
        class_names: in label order; empty where there are none.
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
        """The images at some indices, on a device.

        Args:
            indices: int64 `(N,)`, on the CPU.
            device: where the batch is wanted.

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
        """See `ganzoo.data.loading.Images`; nothing is random in reading a store."""
        if device.type == "cpu":
            return lambda k: self.batch(indices(k), device)
        labels = self.labels if self.spec.num_classes else None
        kind = Resident if fits(self.images.numel(), device, on_device) else Prefetched
        return kind(self.images, labels, indices, device)

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
        """A store in memory of one's own torch dataset, which needs no registration.

        Args:
            images: of `(image, label)` or bare images; PIL or uint8 `(C, H, W)`.
            size: height and width; those of the first image where None.
            channels: 1 or 3; those of the first image where None.
            class_names: in label order.
            num_classes: of the labels; counted where neither it nor the names are given.
            skip_bad_images: leave unreadable images out.
            progress: called with images done and images in all.

        Raises:
            DataError: an image is unreadable, a label out of range, or there is no image.
        """
        if len(images) == 0:  # type: ignore[arg-type]
            raise DataError("the dataset has no images")
        item = _first_readable(images)
        labelled = isinstance(item, (tuple, list))
        first = item[0] if labelled else item
        if not isinstance(first, Image.Image) and not (
            isinstance(first, Tensor) and first.ndim == 3
        ):
            raise DataError(
                "an image must be a PIL image or a uint8 tensor (C, H, W), not "
                f"{type(first).__name__} of shape {getattr(first, 'shape', 'unknown')}"
            )
        width, height = (
            first.shape[:0:-1] if isinstance(first, Tensor) else first.size
        )  # a tensor is (C, H, W)
        own = getattr(images, "classes", ()) if labelled and num_classes is None else ()
        names = tuple(class_names or own)
        count = len(names) if num_classes is None else num_classes
        natural = ImageSpec(natural_channels(first), height, width, count)
        store = cls.from_source(
            ImageSource(images, natural, names),
            size=size,
            channels=channels,
            skip_bad_images=skip_bad_images,
            progress=progress,
        )
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
        """The store of an opened dataset.

        Args:
            source: the opened dataset.
            size: height and width; the source's own where None.
            channels: 1 or 3; the source's own where None.
            skip_bad_images: leave unreadable images out.
            key: what identifies the data (dataset, version, options, split). With one the store
                is kept in the cache and found there again; without, it is in memory.
            cache_dir: the cache directory; ganzoo's where None.
            progress: called with images done and images in all, while decoding.

        Raises:
            DataError: an image is unreadable, a label out of range, there is no image, or the
                cache cannot be written.
        """
        size = (source.spec.height, source.spec.width) if size is None else size
        height, width = (size, size) if isinstance(size, int) else size
        channels = source.spec.channels if channels is None else channels
        spec = ImageSpec(channels, height, width, source.spec.num_classes)
        if key is None:
            return cls(
                *_in_memory(source, spec, skip_bad_images, progress), spec, source.class_names
            )
        identity = {
            **key,
            "fingerprint": source.fingerprint,
            "shape": spec.shape,
            "skip_bad_images": skip_bad_images,
            "format": FORMAT,
        }
        text = json.dumps(identity, sort_keys=True, default=str)
        folder = (cache_dir or default_cache_dir()) / "stores"
        folder = folder / hashlib.sha256(text.encode()).hexdigest()[:32]
        try:
            images, labels = _on_disk(folder, text, source, spec, skip_bad_images, progress)
        except OSError as error:
            raise DataError(
                f"cannot keep the decoded images in {folder.parent}: {error.strerror or error}. "
                "Set GANZOO_CACHE_DIR to a directory with room"
            ) from error
        return cls(images, labels, spec, source.class_names)


def _first_readable(images: Any) -> Any:
    """The first item that can be had; those that cannot are told of when all are read."""
    for index in range(len(images)):
        try:
            return images[index]
        except Exception as error:  # whatever a dataset may raise
            last = error
    raise DataError(
        f"none of the {len(images)} images can be read; the last: {type(last).__name__}: {last}"
    ) from last


def _in_memory(
    source: ImageSource, spec: ImageSpec, skip_bad_images: bool, progress: Progress | None
) -> tuple[Tensor, Tensor]:
    bad: list[str] = []
    pairs = list(
        read(source, spec.shape, skip_bad_images=skip_bad_images, bad=bad, progress=progress)
    )
    _tell_of_bad(bad)
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
    if (found := _open(folder, spec)) is not None:  # no lock: a shared cache may be read-only
        return found
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):  # the system releases it if we are killed
        if (found := _open(folder, spec)) is None:
            shutil.rmtree(folder, ignore_errors=True)
            for leftover in folder.parent.glob(f".{folder.name}.*"):
                shutil.rmtree(leftover, ignore_errors=True)
            _build(folder, identity, source, spec, skip_bad_images, progress)
            found = _open(folder, spec)
            if found is None:
                raise DataError(f"the image store {folder} was changed while it was built")
    return found


def _build(
    folder: Path,
    identity: str,
    source: ImageSource,
    spec: ImageSpec,
    skip_bad_images: bool,
    progress: Progress | None,
) -> None:
    """Decode everything into a temporary folder and rename it."""
    bad: list[str] = []
    labels: list[int] = []
    with building_folder(folder) as temporary:
        # written, not mapped: on a full disk a write is an error, a mapped page is a crash
        with (temporary / "images.u8").open("wb") as file:
            for pixels, label in read(
                source, spec.shape, skip_bad_images=skip_bad_images, bad=bad, progress=progress
            ):
                file.write(pixels.tobytes())
                labels.append(label)
            file.flush()
            os.fsync(file.fileno())
        with (temporary / "labels.i64").open("wb") as file:
            file.write(np.asarray(labels, dtype="<i8").tobytes())
            file.flush()
            os.fsync(file.fileno())
        about = {"count": len(labels), "bad": bad, "identity": json.loads(identity)}
        (temporary / "store.json").write_text(json.dumps(about, indent=1), encoding="utf-8")


def _open(folder: Path, spec: ImageSpec) -> tuple[Tensor, Tensor] | None:
    """Map a store into memory; None where there is none, or what is there is not whole."""
    try:
        about = json.loads((folder / "store.json").read_text(encoding="utf-8"))
        count = int(about["count"])
        shape = (count, spec.height, spec.width, spec.channels)
        sizes = [(folder / name).stat().st_size for name in ("images.u8", "labels.i64")]
        if sizes != [int(np.prod(shape)), 8 * count]:
            return None
        images = _mapped(folder / "images.u8", shape)
        labels = np.fromfile(folder / "labels.i64", dtype="<i8")
    except (OSError, ValueError, KeyError, TypeError):
        return None
    _tell_of_bad(about.get("bad", []))
    return images, torch.from_numpy(labels)


def _mapped(file: Path, shape: tuple[int, ...]) -> Tensor:
    """A file as a tensor, of which only what is looked at is in memory, and may be left again."""
    try:
        # copy on write: torch wants writable memory, and nobody's writes reach the file
        return torch.from_numpy(np.memmap(file, np.uint8, "c", shape=shape))
    except OSError as error:
        if error.errno != errno.ENOMEM:
            raise
    with warnings.catch_warnings():  # the system promises no room for copies of so large a file
        warnings.filterwarnings("ignore", ".*not writable")
        return torch.from_numpy(np.memmap(file, np.uint8, "r", shape=shape))


def _tell_of_bad(bad: list[str]) -> None:
    if bad:
        warnings.warn(
            f"{len(bad)} unreadable image(s) are left out, the first is {bad[0]}", stacklevel=4
        )
