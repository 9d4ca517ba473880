"""Loading: batches of images onto a device, ahead of time where that saves waiting.

What makes up a batch is not known here: a loader is given a function from k to indices.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import torch
from torch import Tensor

from ganzoo.data.pixels import to_images
from ganzoo.interfaces.critic import Batch
from ganzoo.interfaces.dataset import ImageSpec

Indices = Callable[[int], Tensor]
"""From the number of a batch to its images: int64 `(N,)`, on the CPU."""

Loader = Callable[[int], Batch]
"""From the number of a batch to the batch, on the device."""


class Images(Protocol):
    """What can be trained on: a store, or a stream where that would be too large."""

    @property
    def spec(self) -> ImageSpec:
        """Their shape and number of classes."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """In label order; empty where there are none."""

    def __len__(self) -> int: ...

    def loader(
        self, indices: Indices, device: torch.device, *, seed: int, on_device: str
    ) -> Loader:
        """What loads the batches of a run.

        Args:
            indices: of each batch.
            device: where batches are wanted.
            seed: for what is random in reading an image.
            on_device: `"on"`, `"off"` or `"auto"`: whether to keep all images there.
        """


SHARE = 4
"""Of the free memory of a device, the part that images may take: a fourth."""


def fits(size: int, device: torch.device, asked: str) -> bool:
    """Whether so many bytes of images are to be kept on a device.

    Where images are on the CPU already it makes no difference, and the answer is no.
    """
    if device.type == "cpu" or asked == "off":
        return False
    if asked == "on":
        return True
    if device.type != "cuda":  # torch does not say how much is free there
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return size * SHARE <= free


class Resident:
    """All images are on the device, and a batch is a selection there.

    Args:
        images: uint8 `(N, H, W, C)`.
        labels: int64 `(N,)`; None where there are none.
        indices: of each batch.
        device: where.
    """

    def __init__(
        self, images: Tensor, labels: Tensor | None, indices: Indices, device: torch.device
    ) -> None:
        self.images = images.to(device)
        self.labels = None if labels is None else labels.to(device)
        self.indices = indices

    def __call__(self, k: int) -> Batch:
        """The k-th batch."""
        chosen = self.indices(k).to(self.images.device, non_blocking=True)
        labels = None if self.labels is None else self.labels.index_select(0, chosen)
        return Batch(to_images(self.images.index_select(0, chosen)), labels)


AHEAD = 2
"""Batches prepared beyond the one that was asked for."""


class Prefetched:
    """Batches are gathered by a thread and sent to the device while it works on those before.

    Args:
        images: uint8 `(N, H, W, C)`, on the CPU.
        labels: int64 `(N,)`; None where there are none.
        indices: of each batch.
        device: where batches are wanted.
    """

    def __init__(
        self, images: Tensor, labels: Tensor | None, indices: Indices, device: torch.device
    ) -> None:
        self.images, self.labels, self.indices, self.device = images, labels, indices, device
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ganzoo-batches")
        self._coming: dict[int, Future[tuple[Tensor, Tensor | None]]] = {}

    def __call__(self, k: int) -> Batch:
        """The k-th batch; those that follow are begun."""
        wanted = range(k, k + AHEAD + 1)
        self._coming = {n: self._coming.get(n) or self._begin(n) for n in wanted}
        pixels, labels = self._coming.pop(k).result()
        return Batch(to_images(pixels), labels)

    def _begin(self, k: int) -> Future[tuple[Tensor, Tensor | None]]:
        # which images they are is worked out here: the order is no matter for two threads
        return self._thread.submit(self._gather, self.indices(k))

    def _gather(self, chosen: Tensor) -> tuple[Tensor, Tensor | None]:
        pixels = self._sent(self.images.index_select(0, chosen))
        labels = None if self.labels is None else self._sent(self.labels.index_select(0, chosen))
        return pixels, labels

    def _sent(self, tensor: Tensor) -> Tensor:
        if self.device.type == "cuda":
            tensor = tensor.pin_memory()
        return tensor.to(self.device, non_blocking=True)
