"""Batches of real images in an order that is a pure function of (seed, position)."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.config import Switch
from ganzoo.data.loading import Images
from ganzoo.interfaces.critic import Batch
from ganzoo.randomness import derive

ALL_ROWS = slice(None)


class Order:
    """The images of the k-th batch: each epoch is a fresh permutation of the whole set.

    Batches run on across the end of an epoch, so none is short and any batch size works.

    Args:
        count: images in the set.
        batch_size: images in a batch.
        seed: the run's random seed.
        rows: the rows of each batch to return.
    """

    def __init__(self, count: int, batch_size: int, seed: int, rows: slice = ALL_ROWS) -> None:
        self.count, self.batch_size, self.seed, self.rows = count, batch_size, seed, rows
        self._epoch = -1
        self._permutation = torch.empty(0, dtype=torch.int64)

    def __call__(self, k: int) -> Tensor:
        """Indices of the images of the k-th batch: int64, one for each of the rows."""
        start, parts, missing = k * self.batch_size, [], self.batch_size
        while missing:
            epoch, offset = divmod(start, self.count)
            part = self._permutation_of(epoch)[offset : offset + missing]
            parts.append(part)
            start, missing = start + len(part), missing - len(part)
        return torch.cat(parts)[self.rows]

    def _permutation_of(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(derive(self.seed, "epoch", epoch))
            self._permutation = torch.randperm(self.count, generator=generator)
            self._epoch = epoch
        return self._permutation


class Batches:
    """The endless sequence of a run's real batches; batch k needs none of those before it.

    Args:
        images: an image store, or a stream.
        batch_size: images in a batch.
        seed: the run's random seed.
        device: where batches are put.
        rows: the rows of each batch to load here; all by default.
        horizontal_flip: flip each image left to right with probability 0.5; its condition with
            it, if that is a picture.
        on_device: keep all images on the device: `"auto"`, `"on"` or `"off"`.
    """

    def __init__(
        self,
        images: Images,
        batch_size: int,
        seed: int,
        device: torch.device,
        *,
        rows: slice = ALL_ROWS,
        horizontal_flip: bool = False,
        on_device: Switch = "auto",
    ) -> None:
        self.seed = seed
        self.horizontal_flip = horizontal_flip
        self.order = Order(len(images), batch_size, seed, rows)
        self._load = images.loader(self.order, device, seed=seed, on_device=on_device)

    def __getitem__(self, k: int) -> Batch:
        """The k-th batch, k from 0."""
        batch = self._load(k)
        return self._flipped(batch, k) if self.horizontal_flip else batch

    def _flipped(self, batch: Batch, k: int) -> Batch:
        """Each image `(C, H, W)` or its mirror image, with probability 0.5 each."""
        generator = torch.Generator().manual_seed(derive(self.seed, "flip", k))
        flip = torch.rand(self.order.batch_size, 1, 1, 1, generator=generator) < 0.5
        flip = flip[self.order.rows].to(batch.images.device, non_blocking=True)

        def flipped(pictures: Tensor) -> Tensor:
            return torch.where(flip, pictures.flip(3), pictures)

        labels = batch.labels
        if labels is not None and labels.ndim == 4:
            labels = flipped(labels)
        return Batch(flipped(batch.images), labels)
