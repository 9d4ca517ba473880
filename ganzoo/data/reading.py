"""Reading a dataset once: every image decoded in order, in worker processes if it takes long.

`store.py` decides where the pixels are kept.
"""

from __future__ import annotations

import os
import pickle
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from PIL import Image
from torch.utils.data import DataLoader, Dataset, Subset

from ganzoo.data.decode import Pixels, to_pixels
from ganzoo.errors import DataError, GanzooWarning, UsageError, setting
from ganzoo.interfaces.dataset import ImageSource

Progress = Callable[[int, int], None]
"""Receives the number of images that are decoded, and of all images."""

PROBE = 50
"""Images decoded in this process to estimate the time of all."""

WORKER_THRESHOLD = 10.0
"""Estimated seconds of decoding above which worker processes are started."""

LISTED = 20
"""Unreadable images that an error lists."""


class Decoded(NamedTuple):
    """One image of a dataset: its pixels, or None and the reason."""

    number: int
    pixels: Pixels | None
    label: int
    error: str


class Decoder(Dataset[Decoded]):
    """Decodes images by index, in this process or in a worker. Unreadable images do not raise."""

    def __init__(self, images: Any, channels: int, height: int, width: int) -> None:
        self.images = images
        self.shape = (channels, height, width)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Decoded:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                item = self.images[index]
                image, label = item[:2] if isinstance(item, (tuple, list)) else (item, 0)
                return Decoded(index, to_pixels(image, *self.shape), int(label), "")
        except UsageError:
            raise
        except Exception as error:  # an image reader may raise anything
            return Decoded(index, None, 0, f"{type(error).__name__}: {error}")


def read(
    source: ImageSource,
    shape: tuple[int, int, int],
    *,
    skip_bad_images: bool,
    unreadable: list[str],
    progress: Progress | None = None,
) -> Iterator[tuple[Pixels, int]]:
    """Yield `(pixels, label)` of each readable image, in order.

    Args:
        source: the opened dataset.
        shape: `(channels, height, width)` to decode to.
        skip_bad_images: leave unreadable images out instead of raising.
        unreadable: receives a line for each unreadable image.
        progress: called every 256 images and at the end.

    Raises:
        DataError: at the end, naming the unreadable images; or a label is out of range; or there
            is no image at all.
    """
    decoder = Decoder(source.images, *shape)
    total = len(decoder)

    # Decode every image.
    for done, image in enumerate(_in_order(decoder), start=1):
        if progress is not None and (done % 256 == 0 or done == total):
            progress(done, total)
        if image.pixels is None:
            unreadable.append(f"{source.locate(image.number)}: {image.error}")
            continue
        if complaint := out_of_range(image, source):
            raise DataError(complaint)
        yield image.pixels, image.label

    # Report unreadable images.
    if not total:
        raise DataError("the dataset has no images")
    if len(unreadable) == total:
        raise DataError(_listing(unreadable))
    if unreadable and not skip_bad_images:
        advice = f"{setting('skip_bad_images', True)} leaves them out."
        raise DataError(f"{_listing(unreadable)}\n{advice}")


def out_of_range(image: Decoded, source: ImageSource) -> str:
    """Return an error message if the image's label is out of range, else an empty string."""
    classes = source.spec.num_classes
    if not classes or 0 <= image.label < classes:
        return ""
    return (
        f"{source.locate(image.number)} has label {image.label}, but the dataset says it has "
        f"{classes} classes, 0 to {classes - 1}"
    )


def _listing(unreadable: list[str]) -> str:
    lines = [f"{len(unreadable)} image(s) cannot be read:"]
    lines += [f"  {line}" for line in unreadable[:LISTED]]
    if len(unreadable) > LISTED:
        lines.append(f"  and {len(unreadable) - LISTED} more")
    return "\n".join(lines)


def _in_order(decoder: Decoder) -> Iterator[Decoded]:
    """Decode every image, in worker processes if that takes longer than `WORKER_THRESHOLD`."""
    # Decode a few images and estimate the time of the rest.
    start, probed = time.perf_counter(), min(PROBE, len(decoder))
    for index in range(probed):
        yield decoder[index]
    rest = range(probed, len(decoder))
    expected = (time.perf_counter() - start) / max(1, probed) * len(rest)

    # Decode the rest in this process.
    if expected < WORKER_THRESHOLD:
        yield from (decoder[index] for index in rest)
        return

    # Decode the rest in workers; if these fail, in this process.
    done = probed
    try:
        for image in _by_workers(decoder, rest):
            done = image.number + 1
            yield image
    except (pickle.PicklingError, AttributeError, TypeError, RuntimeError) as error:
        message = f"decoding in one process, since workers failed: {error}"
        warnings.warn(GanzooWarning(message), stacklevel=2)
        yield from (decoder[index] for index in range(done, len(decoder)))


def cpus() -> int:
    """Return the number of CPUs this process may use: a container or job queue may limit it."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _by_workers(decoder: Decoder, indices: range) -> Iterator[Decoded]:
    loader = DataLoader(
        Subset(decoder, indices),
        batch_size=64,
        num_workers=cpus(),
        collate_fn=list,
    )
    return chain.from_iterable(loader)
