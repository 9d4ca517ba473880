"""Loaders: batches of images on the training device, prefetched where that saves time.

A loader gets a function from the batch number to indices; it does not choose the images itself.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import torch
from torch import Tensor

from ganzoo.data.conditions import batch_of
from ganzoo.interfaces.critic import Batch
from ganzoo.interfaces.dataset import ImageSpec

Indices = Callable[[int], Tensor]
"""Maps the number of a batch to the indices of its images: int64 `(N,)`, on the CPU."""

Loader = Callable[[int], Batch]
"""Maps the number of a batch to the batch, on the device."""

MEMORY_FRACTION = 1 / 4
"""Fraction of a device's free memory that images may use."""

PREFETCH = 2
"""Batches prepared beyond the current one."""


class Images(Protocol):
    """Real images to train on: an image store, or an image stream for larger datasets."""

    @property
    def spec(self) -> ImageSpec:
        """Shape of the images, and classes or condition."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names in label order; empty for images without labels."""

    def __len__(self) -> int: ...

    def batch(self, indices: Tensor, device: torch.device | str = "cpu") -> Batch:
        """Select images with their conditions by index: see `ImageStore.batch`."""

    def loader(
        self, indices: Indices, device: torch.device, *, seed: int, on_device: str
    ) -> Loader:
        """Return the loader of a run's batches; it raises `DataError` for unreadable images.

        Args:
            indices: the images of each batch.
            device: where batches are put.
            seed: of random transforms of the dataset.
            on_device: keep all images on the device: `"on"`, `"off"` or `"auto"`.
        """


def fits(size: int, device: torch.device, on_device: str) -> bool:
    """Decide whether all images are kept on the device.

    False for the CPU, where the images are already.

    Args:
        size: of all images, in bytes.
        device: where batches are put.
        on_device: `"on"`, `"off"`, or `"auto"`: keep images that fit into `MEMORY_FRACTION` of the
            free memory.
    """
    if device.type == "cpu" or on_device == "off":
        return False
    if on_device == "on":
        return True
    if device.type != "cuda":  # torch does not report the free memory of other devices
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return size <= free * MEMORY_FRACTION


class Resident:
    """Keeps all images on the device and selects batches there.

    Args:
        images: uint8 `(N, H, W, C)`.
        labels: classes `(N,)`, vectors `(N, D)`, pictures as the images are; or None.
        indices: the images of each batch.
        device: where the images are kept.
    """

    def __init__(
        self, images: Tensor, labels: Tensor | None, indices: Indices, device: torch.device
    ) -> None:
        self.images = images.to(device)
        self.labels = None if labels is None else labels.to(device)
        self.indices = indices

    def __call__(self, k: int) -> Batch:
        """Return the k-th batch."""
        rows = self.indices(k).to(self.images.device, non_blocking=True)
        labels = None if self.labels is None else self.labels.index_select(0, rows)
        return batch_of(self.images.index_select(0, rows), labels)


class Prefetched:
    """Prefetches batches in a thread: the next ones are copied while the device trains.

    Args:
        images: uint8 `(N, H, W, C)`, on the CPU.
        labels: classes `(N,)`, vectors `(N, D)`, pictures as the images are; or None.
        indices: the images of each batch.
        device: where batches are put.
    """

    def __init__(
        self, images: Tensor, labels: Tensor | None, indices: Indices, device: torch.device
    ) -> None:
        self.images, self.labels, self.indices, self.device = images, labels, indices, device
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ganzoo-batches")
        self._pending: dict[int, Future[tuple[Tensor, Tensor | None]]] = {}

    def __call__(self, k: int) -> Batch:
        """Return the k-th batch and start loading the next ones."""
        numbers = range(k, k + PREFETCH + 1)
        self._pending = {n: self._pending.get(n) or self._submit(n) for n in numbers}
        return batch_of(*self._pending.pop(k).result())

    def _submit(self, k: int) -> Future[tuple[Tensor, Tensor | None]]:
        """Start loading a batch. Indices are computed here: `indices` need not be thread-safe."""
        return self._thread.submit(self._gather, self.indices(k))

    def _gather(self, rows: Tensor) -> tuple[Tensor, Tensor | None]:
        """Select a batch and copy it to the device, in the thread."""
        pixels = self._to_device(self.images.index_select(0, rows))
        labels = None if self.labels is None else self._to_device(self.labels.index_select(0, rows))
        return pixels, labels

    def _to_device(self, tensor: Tensor) -> Tensor:
        if self.device.type == "cuda":
            tensor = tensor.pin_memory()
        return tensor.to(self.device, non_blocking=True)
