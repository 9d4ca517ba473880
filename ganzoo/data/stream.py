"""The image stream: sets too large to be decoded once and kept are decoded anew by workers.

Batches come in the same order as from a store and are the same to the bit, whatever the number of
workers, from whichever batch one begins.
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

from ganzoo.data.loading import Indices, Loader
from ganzoo.data.pixels import to_images
from ganzoo.data.reading import Decoded, Decoder, cpus, out_of_range
from ganzoo.errors import DataError, setting
from ganzoo.interfaces.critic import Batch
from ganzoo.interfaces.dataset import ImageSource, ImageSpec

Place = tuple[int, int]
"""Of an image in a run: how many came before it, and its number in the set."""


class ImageStream:
    """All images of a split at the training shape, decoded when they are wanted.

    Args:
        source: the opened dataset. Its images must be picklable where workers are spawned.
        size: height and width.
        channels: 1 or 3.
        skip_bad_images: put the next readable image in the place of an unreadable one.
        workers: processes that decode; 0 decodes in this one. As many as CPUs where None.
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
        self.source = source
        self.spec = ImageSpec(channels, *size, num_classes=source.spec.num_classes)
        self.class_names = source.class_names
        self.skip_bad_images = skip_bad_images
        self.workers = cpus() if workers is None else workers

    def __len__(self) -> int:
        return len(self.source.images)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return f"ImageStream({len(self):,} images of {self.spec}, {self.workers} workers)"

    def loader(
        self, indices: Indices, device: torch.device, *, seed: int, on_device: str = "auto"
    ) -> Loader:
        """See `ganzoo.data.loading.Images`; images are never all kept on a device."""
        return _Streaming(self, indices, device, seed)


class Read(NamedTuple):
    """A batch as a worker hands it over, or, in `error`, why there is none."""

    pixels: Tensor
    labels: Tensor
    bad: list[str]
    error: str = ""


class _Reading(Dataset[Read]):
    """Decodes whole batches. What is random in it follows from seed and place."""

    def __init__(self, stream: ImageStream, seed: int) -> None:
        self.decoder = Decoder(stream.source.images, *stream.spec.shape)
        self.source, self.skip_bad_images, self.seed = stream.source, stream.skip_bad_images, seed

    def __getitem__(self, places: list[Place]) -> Read:
        bad: list[str] = []
        found = []
        for position, number in places:
            with _chance(self.seed, position):
                image = self._readable(number, bad)
            if image is None:
                return Read(torch.empty(0), torch.empty(0), bad, self._complaint(bad))
            if complaint := out_of_range(image, self.source):
                return Read(torch.empty(0), torch.empty(0), bad, complaint)
            found.append(image)
        pixels = torch.from_numpy(np.stack([image.pixels for image in found]))  # type: ignore[misc]
        return Read(pixels, torch.tensor([image.label for image in found]), bad)

    def _readable(self, first: int, bad: list[str]) -> Decoded | None:
        """The image, or, where that is allowed, the first after it that can be read."""
        count = len(self.decoder)
        for number in chain(range(first, count), range(first)):
            image = self.decoder[number]
            if image.pixels is not None:
                return image
            bad.append(f"{self.source.locate(number)}: {image.error}")
            if not self.skip_bad_images:
                return None
        return None

    def _complaint(self, bad: list[str]) -> str:
        if self.skip_bad_images:
            return f"none of the {len(self.decoder)} images can be read; the last: {bad[-1]}"
        return (
            f"an image cannot be read: {bad[-1]}\n"
            f"{setting('skip_bad_images', True)} takes the next in its place"
        )


@contextmanager
def _chance(seed: int, position: int) -> Iterator[None]:
    """Randomness of one image's own; in the training process it leaves no trace."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    chance = hash((seed, position)) % 2**32
    random.seed(chance)
    np.random.seed(chance)  # what a dataset's own transforms may draw from
    torch.default_generator.manual_seed(chance)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


class _Streaming:
    """Loads batches one after the other; asked for another than the next, it begins there."""

    def __init__(
        self, stream: ImageStream, indices: Indices, device: torch.device, seed: int
    ) -> None:
        self.stream, self.indices, self.device = stream, indices, device
        self.dataset = _Reading(stream, seed)
        self._next = -1
        self._batches: Iterator[Read] = iter(())
        self._end = weakref.finalize(self, _send_home, self._batches)
        self._told = False

    def __call__(self, k: int) -> Batch:
        """The k-th batch."""
        if k != self._next:
            self._begin(k)
        pixels, labels, bad, error = next(self._batches)
        if error:
            raise DataError(error)
        self._next = k + 1
        if bad and not self._told:
            self._told = True
            warnings.warn(
                f"unreadable images are replaced by the next; the first is {bad[0]}", stacklevel=2
            )
        images = to_images(pixels.to(self.device, non_blocking=True))
        if not self.stream.spec.num_classes:
            return Batch(images)
        return Batch(images, labels.to(self.device, non_blocking=True))

    def _begin(self, k: int) -> None:
        self._end()
        loader: DataLoader[Read] = DataLoader(
            self.dataset,
            sampler=_places(self.indices, k),
            batch_size=None,  # an index is a whole batch
            num_workers=self.stream.workers,
            pin_memory=self.device.type == "cuda",
            generator=torch.Generator(),  # or it would draw a number from training's
        )
        self._batches = iter(loader)
        self._end = weakref.finalize(self, _send_home, self._batches)


def _places(indices: Indices, k: int) -> Iterator[list[Place]]:
    while True:
        chosen = indices(k)
        yield list(enumerate(chosen.tolist(), start=k * len(chosen)))
        k += 1


def _send_home(batches: Iterator[Read]) -> None:
    """End the workers now: left to the garbage collector, torch waits five seconds for them."""
    end = getattr(batches, "_shutdown_workers", None)
    if end is not None:
        end()
