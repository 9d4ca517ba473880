"""Batches of real images in an order that is a pure function of (seed, position)."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.data.store import ImageStore
from ganzoo.engine.randomness import derive
from ganzoo.interfaces.values import Batch


class Batches:
    """The endless sequence of real batches of a run.

    Each epoch is a fresh permutation of the whole set; batches run on across its end, so none is
    short and any batch size works. Batch k is found without going through those before it.

    Args:
        store: the images.
        batch_size: images in a batch.
        seed: the run's seed.
        device: where batches are put.
    """

    def __init__(self, store: ImageStore, batch_size: int, seed: int, device: torch.device) -> None:
        self.store = store
        self.batch_size = batch_size
        self.seed = seed
        self.device = device
        self._epoch = -1
        self._order = torch.empty(0, dtype=torch.int64)

    def __getitem__(self, k: int) -> Batch:
        """The k-th batch, k from 0."""
        return self.store.batch(self.indices(k), self.device)

    def indices(self, k: int) -> Tensor:
        """Which images are in the k-th batch: int64 `(batch_size,)`."""
        start, parts, missing = k * self.batch_size, [], self.batch_size
        while missing:
            epoch, offset = divmod(start, len(self.store))
            part = self._permutation(epoch)[offset : offset + missing]
            parts.append(part)
            start, missing = start + len(part), missing - len(part)
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _permutation(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(derive(self.seed, "epoch", epoch))
            self._order = torch.randperm(len(self.store), generator=generator)
            self._epoch = epoch
        return self._order
