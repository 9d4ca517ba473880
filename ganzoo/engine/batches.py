"""Batches of real images in an order that is a pure function of (seed, position)."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.config import Switch
from ganzoo.data.loading import Images
from ganzoo.engine.randomness import derive
from ganzoo.interfaces.values import Batch

EVERY = slice(None)


class Order:
    """Which images make up the k-th batch: each epoch is a fresh permutation of the whole set.

    Batches run on across an epoch's end, so none is short and any batch size works.

    Args:
        count: images in the set.
        batch_size: images in a batch.
        seed: the run's seed.
        rows: those of a batch that are wanted.
    """

    def __init__(self, count: int, batch_size: int, seed: int, rows: slice = EVERY) -> None:
        self.count, self.batch_size, self.seed, self.rows = count, batch_size, seed, rows
        self._epoch = -1
        self._order = torch.empty(0, dtype=torch.int64)

    def __call__(self, k: int) -> Tensor:
        """Numbers of images in the k-th batch: int64, one for each of the rows."""
        start, parts, missing = k * self.batch_size, [], self.batch_size
        while missing:
            epoch, offset = divmod(start, self.count)
            part = self._permutation(epoch)[offset : offset + missing]
            parts.append(part)
            start, missing = start + len(part), missing - len(part)
        return torch.cat(parts)[self.rows]

    def _permutation(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(derive(self.seed, "epoch", epoch))
            self._order = torch.randperm(self.count, generator=generator)
            self._epoch = epoch
        return self._order


class Batches:
    """The endless sequence of real batches of a run; batch k is found without those before it.

    Args:
        images: a store or a stream of them.
        batch_size: images in a batch.
        seed: the run's seed.
        device: where batches are put.
        rows: of each batch that are wanted here; all if not given.
        flip: mirror each image, left to right, with a probability of one half.
        on_device: whether to keep all images on the device: `"auto"`, `"on"` or `"off"`.
    """

    def __init__(
        self,
        images: Images,
        batch_size: int,
        seed: int,
        device: torch.device,
        *,
        rows: slice = EVERY,
        flip: bool = False,
        on_device: Switch = "auto",
    ) -> None:
        self.images = images
        self.seed = seed
        self.flip = flip
        self.indices = Order(len(images), batch_size, seed, rows)
        self._load = images.loader(self.indices, device, seed=seed, on_device=on_device)

    def __getitem__(self, k: int) -> Batch:
        """The k-th batch, k from 0."""
        batch = self._load(k)
        return batch.with_images(self._mirrored(batch.images, k)) if self.flip else batch

    def _mirrored(self, images: Tensor, k: int) -> Tensor:
        """Each image `(C, H, W)` or its mirror image, as a coin falls that is its own."""
        coins = torch.Generator().manual_seed(derive(self.seed, "flip", k))
        heads = torch.rand(self.indices.batch_size, 1, 1, 1, generator=coins) < 0.5
        heads = heads[self.indices.rows]
        return torch.where(heads.to(images.device, non_blocking=True), images.flip(3), images)
