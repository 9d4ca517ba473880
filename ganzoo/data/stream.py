"""The image stream: datasets too large for an image store are decoded during training, by workers.

Batches have the same order and the same bits as those of a store, for any number of workers and
from any batch on.
"""

from __future__ import annotations

import random
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ganzoo.data.conditions import Array, batch_of
from ganzoo.data.decode import Pixels, decoded_spec
from ganzoo.data.loading import Indices, Loader
from ganzoo.data.reading import Decoded, Decoder, cpus
from ganzoo.data.workers import refuse_script_run_again, workers_may_start
from ganzoo.errors import DataError, GanzooWarning, setting
from ganzoo.interfaces.critic import Batch
from ganzoo.interfaces.dataset import ImageSource

Draw = tuple[int, int]
"""An image of a run: the number of images before it in the run, and its index in the dataset."""


class ImageStream:
    """All images of a split at the training shape, decoded batch by batch.

    Args:
        source: the opened dataset. Its images must be picklable where workers are spawned.
        size: height and width in pixels.
        channels: 1 or 3.
        skip_bad_images: replace an unreadable image by the next readable one.
        workers: processes that decode, by default one for each CPU; 0 decodes in this process.

    Raises:
        UsageError: `size` or `channels` is below 1.
    """

    def __init__(
        self,
        source: ImageSource,
        *,
        size: tuple[int, int],
        channels: int,
        skip_bad_images: bool = False,
        workers: int | None = None,
    ) -> None:
        refuse_script_run_again()
        self.source = source
        self.spec = decoded_spec(source.spec, size, channels)
        self.class_names = source.class_names
        self.skip_bad_images = skip_bad_images
        self.workers = cpus() if workers is None else workers

    def __len__(self) -> int:
        return len(self.source.images)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return f"ImageStream({len(self):,} images of {self.spec}, {self.workers} workers)"

    def batch(self, indices: Tensor, device: torch.device | str = "cpu") -> Batch:
        """Decode images by index, in this process, and copy them to a device; see `ImageStore`.

        Raises:
            UsageError: the images cannot have this number of channels.
            DataError: an image is unreadable, or a condition not what the source says.
        """
        decoded = _BatchDecoder(self, seed=0)[[(index, index) for index in indices.tolist()]]
        return _batch(decoded, self, torch.device(device))

    def loader(
        self, indices: Indices, device: torch.device, *, seed: int, on_device: str = "auto"
    ) -> Loader:
        """Return the loader of a run's batches; `on_device` is not used: a stream keeps nothing."""
        return _StreamLoader(self, indices, device, seed)


class DecodedBatch(NamedTuple):
    """A batch from a worker; with an `error` there are no pixels."""

    pixels: Tensor
    conditions: Tensor
    unreadable: list[str]
    error: str = ""


class _BatchDecoder(Dataset[DecodedBatch]):
    """Decodes whole batches. Random transforms depend on the seed and the draw alone."""

    def __init__(self, stream: ImageStream, seed: int) -> None:
        self.decoder = Decoder(stream.source.images, stream.spec)
        self.source, self.skip_bad_images, self.seed = stream.source, stream.skip_bad_images, seed

    def __getitem__(self, draws: list[Draw]) -> DecodedBatch:
        unreadable: list[str] = []
        pixels: list[Pixels] = []
        conditions: list[Array] = []

        # Decode each image with random numbers of its own.
        for position, index in draws:
            with _seeded(self.seed, position):
                image = self._readable(index, unreadable)
            if image is None or image.pixels is None or image.condition is None:
                error = self._error(image, unreadable)
                return DecodedBatch(torch.empty(0), torch.empty(0), unreadable, error)
            pixels.append(image.pixels)
            conditions.append(image.condition)

        stacked = [torch.from_numpy(np.stack(arrays)) for arrays in (pixels, conditions)]
        return DecodedBatch(stacked[0], stacked[1], unreadable)

    def _readable(self, first: int, unreadable: list[str]) -> Decoded | None:
        """Decode an image; with `skip_bad_images`, the next readable one in its place.

        Returns:
            None if there is none; with a complaint if its condition is wrong.
        """
        count = len(self.decoder)
        for index in chain(range(first, count), range(first)):
            image = self.decoder[index]
            if image.pixels is not None or image.complaint:
                return image
            unreadable.append(f"{self.source.locate(index)}: {image.error}")
            if not self.skip_bad_images:
                return None
        return None

    def _error(self, image: Decoded | None, unreadable: list[str]) -> str:
        """Return why a batch cannot be decoded."""
        if image is not None:
            return f"{self.source.locate(image.number)} {image.complaint}"
        if self.skip_bad_images:
            return f"none of the {len(self.decoder)} images can be read; the last: {unreadable[-1]}"
        return (
            f"an image cannot be read: {unreadable[-1]}\n"
            f"{setting('skip_bad_images', True)} replaces it by the next"
        )


@contextmanager
def _seeded(seed: int, position: int) -> Iterator[None]:
    """Seed the random numbers of one image; afterwards restore the training process's own."""
    # Save the states and seed.
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    image_seed = hash((seed, position)) % 2**32
    random.seed(image_seed)
    np.random.seed(image_seed)  # a dataset's own transforms may use it
    torch.default_generator.manual_seed(image_seed)
    try:
        yield
    finally:
        # Restore the states.
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


class _StreamLoader:
    """Loads batches in order; for another batch than the next, it restarts the workers there."""

    def __init__(
        self, stream: ImageStream, indices: Indices, device: torch.device, seed: int
    ) -> None:
        self.stream, self.indices, self.device = stream, indices, device
        self.dataset = _BatchDecoder(stream, seed)
        self._next = -1
        self._batches: Iterator[DecodedBatch] = iter(())
        self._shut_down = weakref.finalize(self, _shut_down_workers, self._batches)
        self._warned = False

    def __call__(self, k: int) -> Batch:
        """Return the k-th batch."""
        # Decode.
        if k != self._next:
            self._start(k)
        decoded = next(self._batches)
        batch = _batch(decoded, self.stream, self.device)
        self._next = k + 1

        # Warn of unreadable images, once.
        if decoded.unreadable and not self._warned:
            self._warned = True
            first = decoded.unreadable[0]
            message = f"unreadable images are replaced by the next; the first is {first}"
            warnings.warn(GanzooWarning(message), stacklevel=2)
        return batch

    def _start(self, k: int) -> None:
        """Start workers at the k-th batch."""
        self._shut_down()
        workers = self.stream.workers
        loader: DataLoader[DecodedBatch] = DataLoader(
            self.dataset,
            sampler=_draws(self.indices, k),
            batch_size=None,  # the sampler yields whole batches
            num_workers=workers if workers and workers_may_start() else 0,
            pin_memory=self.device.type == "cuda",
            generator=torch.Generator(),  # without it, DataLoader draws from the default generator
        )
        self._batches = iter(loader)
        self._shut_down = weakref.finalize(self, _shut_down_workers, self._batches)


def _batch(decoded: DecodedBatch, stream: ImageStream, device: torch.device) -> Batch:
    """Copy a decoded batch to the device.

    Raises:
        DataError: it could not be decoded.
    """
    if decoded.error:
        raise DataError(decoded.error)
    conditions = None
    if stream.spec.condition_kind != "none":
        conditions = decoded.conditions.to(device, non_blocking=True)
    return batch_of(decoded.pixels.to(device, non_blocking=True), conditions)


def _draws(indices: Indices, k: int) -> Iterator[list[Draw]]:
    """Yield the draws of each batch from the k-th on."""
    while True:
        rows = indices(k)
        yield list(enumerate(rows.tolist(), start=k * len(rows)))
        k += 1


def _shut_down_workers(batches: Iterator[DecodedBatch]) -> None:
    """Shut the workers down now: torch's garbage collection would wait five seconds for them."""
    shut_down = getattr(batches, "_shutdown_workers", None)
    if shut_down is not None:
        shut_down()
