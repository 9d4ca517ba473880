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

from ganzoo.data.conditions import Array, WrongCondition, to_array
from ganzoo.data.decode import Pixels, to_pixels
from ganzoo.data.depth import largest_sample
from ganzoo.data.workers import workers_may_start
from ganzoo.errors import DataError, GanzooWarning, UsageError, setting
from ganzoo.interfaces.dataset import ImageSource, ImageSpec

Progress = Callable[[int, int], None]
"""Receives the number of images that are decoded, and of all images."""

PROBE = 50
"""Images decoded in this process to estimate the time of all."""

WORKER_THRESHOLD = 10.0
"""Estimated seconds of decoding above which worker processes are started."""

LISTED = 20
"""Reasons that an error about unreadable images lists, and images of each."""


class Decoded(NamedTuple):
    """One image of a dataset with its condition, or why there is none.

    Attributes:
        number: its index.
        pixels: uint8 `(H, W, C)`; None if it is not usable.
        condition: as `to_array` gives it; None likewise.
        error: why the image cannot be read; such images may be left out.
        complaint: what is wrong with its condition, to follow the image's name.
        largest_sample: of a 16-bit image of unknown depth; 0 for others.
    """

    number: int
    pixels: Pixels | None = None
    condition: Array | None = None
    error: str = ""
    complaint: str = ""
    largest_sample: int = 0


class Decoder(Dataset[Decoded]):
    """Decodes images by index, in this process or in a worker. Unreadable images do not raise."""

    def __init__(self, images: Any, spec: ImageSpec) -> None:
        self.images = images
        self.spec = spec

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Decoded:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                item = self.images[index]
                alone = None if self.spec.condition else 0
                image, value = item[:2] if isinstance(item, (tuple, list)) else (item, alone)
                pixels = to_pixels(image, *self.spec.shape)
                condition = to_array(value, self.spec)
                top = largest_sample(image) if isinstance(image, Image.Image) else 0
                return Decoded(index, pixels, condition, largest_sample=top)
        except UsageError:
            raise
        except WrongCondition as wrong:
            return Decoded(index, complaint=str(wrong))
        except Exception as error:  # an image reader may raise anything
            return Decoded(index, error=f"{type(error).__name__}: {error}")


def read(
    source: ImageSource,
    spec: ImageSpec,
    *,
    skip_bad_images: bool,
    unreadable: list[str],
    progress: Progress | None = None,
) -> Iterator[tuple[Pixels, Array]]:
    """Yield `(pixels, condition)` of each readable image, in order.

    Args:
        source: the opened dataset.
        spec: the shape to decode to, and the condition.
        skip_bad_images: leave unreadable images out instead of raising.
        unreadable: receives a line for each unreadable image.
        progress: called every 256 images and at the end.

    Raises:
        DataError: at the end, naming the unreadable images; or a condition is not what the spec
            says; or there is no image at all.
    """
    decoder = Decoder(source.images, spec)
    total, top = len(decoder), 0

    # Decode every image.
    for done, image in enumerate(_in_order(decoder), start=1):
        if progress is not None and (done % 256 == 0 or done == total):
            progress(done, total)
        if image.complaint:
            raise DataError(f"{source.locate(image.number)} {image.complaint}")
        if image.pixels is None or image.condition is None:
            unreadable.append(f"{source.locate(image.number)}: {image.error}")
            continue
        top = max(top, image.largest_sample)
        yield image.pixels, image.condition

    # Report dark and unreadable images.
    if 0 < top < 2**15:
        warnings.warn(GanzooWarning(_too_dark(top)), stacklevel=2)
    if not total:
        raise DataError("the dataset has no images")
    if len(unreadable) == total:
        raise DataError(_listing(unreadable))
    if unreadable and not skip_bad_images:
        advice = f"{setting('skip_bad_images', True)} leaves them out."
        raise DataError(f"{_listing(unreadable)}\n{advice}")


def _too_dark(top: int) -> str:
    """A warning of 16-bit images that use less than half of their range."""
    return (
        f"the 16-bit images use values up to {top:,} of 65,535 only, so they are dark. If that is "
        "their full range, save them with 8 bits; grey ones in an image folder are read right with "
        f"data.bits={top.bit_length()}"
    )


def _listing(unreadable: list[str]) -> str:
    """The unreadable images, those with the same reason in one line."""
    # Images by reason.
    reasons: dict[str, list[str]] = {}
    for line in unreadable:
        place, _, reason = line.partition(": ")
        reasons.setdefault(reason, []).append(place)

    # A line for each reason.
    lines = [f"{len(unreadable)} image(s) cannot be read:"]
    for reason, places in list(reasons.items())[:LISTED]:
        more = f" and {len(places) - LISTED:,} more" if len(places) > LISTED else ""
        lines.append(f"  {', '.join(places[:LISTED])}{more}: {reason}")
    if len(reasons) > LISTED:
        lines.append(f"  and more, for {len(reasons) - LISTED:,} other reasons")
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
    if expected < WORKER_THRESHOLD or not workers_may_start():
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
