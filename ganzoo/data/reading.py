"""Reading a whole source once: every image decoded in order, the unreadable ones collected.

Knows nothing of files and caches; `store.py` decides where the pixels go.
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
from ganzoo.errors import DataError, UsageError, setting
from ganzoo.interfaces.dataset import ImageSource

Progress = Callable[[int, int], None]

PROBE = 50
"""Images decoded before it is known whether workers would pay."""

PATIENCE = 10.0
"""Seconds of decoding in this process, above which workers are started."""

SHOWN = 20
"""Unreadable images listed in an error."""


class Decoded(NamedTuple):
    """One image of the source: its pixels, or why there are none."""

    number: int
    pixels: Pixels | None
    label: int
    error: str


class Decoder(Dataset[Decoded]):
    """Decodes by index, in this process or in a worker; an unreadable image raises nothing."""

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
        except Exception as error:  # whatever a file format's reader may raise
            return Decoded(index, None, 0, f"{type(error).__name__}: {error}")


def read(
    source: ImageSource,
    shape: tuple[int, int, int],
    *,
    skip_bad_images: bool,
    bad: list[str],
    progress: Progress | None = None,
) -> Iterator[tuple[Pixels, int]]:
    """Yield `(pixels, label)` of each readable image, in order.

    Args:
        source: the opened dataset.
        shape: `(channels, height, width)` to decode to.
        skip_bad_images: leave unreadable images out instead of stopping.
        bad: filled with a line for each unreadable image.
        progress: called now and then with images done and images in all.

    Raises:
        DataError: at the end, naming every unreadable image; or a label is out of range; or there
            is no image at all.
    """
    decoder = Decoder(source.images, *shape)
    total = len(decoder)
    for done, image in enumerate(_in_order(decoder), start=1):
        if progress is not None and (done % 256 == 0 or done == total):
            progress(done, total)
        if image.pixels is None:
            bad.append(f"{source.locate(image.number)}: {image.error}")
            continue
        if complaint := out_of_range(image, source):
            raise DataError(complaint)
        yield image.pixels, image.label
    if len(bad) == total:
        raise DataError(_complaint(bad) if bad else "the dataset has no images")
    if bad and not skip_bad_images:
        raise DataError(f"{_complaint(bad)}\n{setting('skip_bad_images', True)} leaves them out.")


def out_of_range(image: Decoded, source: ImageSource) -> str:
    """What is wrong with an image's label; empty where nothing is."""
    classes = source.spec.num_classes
    if not classes or 0 <= image.label < classes:
        return ""
    return (
        f"{source.locate(image.number)} has label {image.label}, but the dataset says it has "
        f"{classes} classes, 0 to {classes - 1}"
    )


def _complaint(bad: list[str]) -> str:
    lines = [f"{len(bad)} image(s) cannot be read:", *(f"  {line}" for line in bad[:SHOWN])]
    if len(bad) > SHOWN:
        lines.append(f"  and {len(bad) - SHOWN} more")
    return "\n".join(lines)


def _in_order(decoder: Decoder) -> Iterator[Decoded]:
    """Every image in order: in this process, or in workers where that is worth starting them."""
    start, probed = time.perf_counter(), min(PROBE, len(decoder))
    for index in range(probed):
        yield decoder[index]
    rest = range(probed, len(decoder))
    expected = (time.perf_counter() - start) / max(1, probed) * len(rest)
    if expected < PATIENCE:
        yield from (decoder[index] for index in rest)
        return
    done = probed
    try:
        for image in _by_workers(decoder, rest):
            done = image.number + 1
            yield image
    except (pickle.PicklingError, AttributeError, TypeError, RuntimeError) as error:
        warnings.warn(f"decoding in one process, since workers failed: {error}", stacklevel=2)
        yield from (decoder[index] for index in range(done, len(decoder)))


def cpus() -> int:
    """CPUs this process may use: in containers and job queues often fewer than there are."""
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
