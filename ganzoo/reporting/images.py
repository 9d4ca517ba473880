"""Images of a report: inlined in the page, and limited in number and size."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from PIL import Image
from torch import Tensor

from ganzoo.errors import UsageError
from ganzoo.evaluation.sources import Split
from ganzoo.run import Run
from ganzoo.run.pictures import grid, pil_image, reduced

FRAMES = 40
"""Maximum number of frames in a timeline."""

FILM_BYTES = 3_000_000
"""Maximum size of a timeline or a walk; larger ones are thinned evenly."""

MAX_SIDE = 1024
"""Maximum width or height of a picture."""

NEIGHBOURS = 8
"""Generated images that are shown with their nearest training images."""

SEARCHED = 20_000
"""Maximum number of training images that are searched; larger datasets are thinned evenly."""

CHUNK = 1024
"""Training images compared at once."""

ROWS = 4
"""Images of each class."""

STRIP = 8
"""Images of a strip."""

COLUMNS = 20
"""Maximum number of classes."""

T = TypeVar("T")


@dataclass(frozen=True)
class Frame:
    """A picture as a data URI, with its step or number."""

    label: str
    uri: str


@dataclass(frozen=True)
class Film:
    """Frames in order, and their number before they were thinned."""

    frames: tuple[Frame, ...]
    total: int


@dataclass(frozen=True)
class Neighbours:
    """A row of generated images above a row of the nearest training images.

    Attributes:
        uri: the picture.
        count: number of columns.
        searched: number of training images that were searched.
        total: number of training images.
        distances: root mean square difference of each pair, of pixels in [0, 1].
    """

    uri: str
    count: int
    searched: int
    total: int
    distances: tuple[float, ...]


def thinned(items: Sequence[T], at_most: int) -> list[T]:
    """Thin a sequence evenly to `at_most` items; the first and the last stay."""
    if len(items) <= at_most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (at_most - 1))] for i in range(at_most)]


def timeline(run: Run) -> Film:
    """Show the sample grids of the training; unreadable ones are left out.

    Raises:
        UsageError: there is none.
    """
    files = run.directory.sample_grids()
    frames = []
    for file in thinned(files, FRAMES):
        try:
            with Image.open(file) as image:
                frames.append(Frame(str(int(file.stem)), data_uri(reduced(image.convert("RGB")))))
        except (OSError, ValueError, Image.DecompressionBombError):
            continue
    if not frames:
        raise UsageError("there are no readable sample grids yet")
    return Film(tuple(_limited(frames)), len(files))


def walk(run: Run) -> Film:
    """Show eight images that walk through latent space in a closed loop."""
    frames = []
    for k, images in enumerate(run.interpolate(8, stops=3, frames=10)):
        frames.append(Frame(str(k), data_uri(pil_image(run.picture(images, columns=4)))))
    return Film(tuple(_limited(frames)), len(frames))


def strip(run: Run) -> str:
    """Show a row of images: of the same z for all runs of an architecture, class by class."""
    return data_uri(pil_image(run.picture(run.sample(STRIP), columns=STRIP)))


def class_grid(run: Run) -> tuple[str, tuple[str, ...]]:
    """Show a column of images for each class; also returns the names of the columns.

    Raises:
        UsageError: the run is not conditional.
    """
    classes = min(run.num_classes, COLUMNS)
    if not classes:
        raise UsageError("the run is unconditional: it knows no classes")
    labels = torch.arange(ROWS * classes) % classes
    images = run.sample(len(labels), labels=labels)
    names = run.manifest.class_names or tuple(map(str, range(run.num_classes)))
    return data_uri(pil_image(run.picture(images, classes))), tuple(names[:classes])


def neighbours(run: Run) -> Neighbours:
    """Find the training images that are nearest to generated ones, by pixel distance.

    Raises:
        UsageError: the data are points, not pictures.
        DataError: the training images are not there.
    """
    # Generate images.
    fakes = run.sample(NEIGHBOURS)
    refuse_points(run, fakes)
    store = training_images(run).store(run.manifest.image)

    # Search for the nearest of each.
    searched = torch.tensor(thinned(range(len(store)), SEARCHED))
    flat = fakes.flatten(1)
    nearest, distance = torch.zeros(len(fakes), dtype=torch.int64), torch.full((len(fakes),), 1e30)
    for start in range(0, len(searched), CHUNK):
        chunk = searched[start : start + CHUNK]
        chunk_distance, row = torch.cdist(flat, store.batch(chunk).images.flatten(1)).min(dim=1)
        closer = chunk_distance < distance
        nearest[closer], distance[closer] = chunk[row[closer]], chunk_distance[closer]

    # Draw the pairs.
    pairs = torch.cat([fakes, store.batch(nearest).images])
    scale = 2 * flat.shape[1] ** 0.5  # pixels lie in [-1, 1]
    distances = tuple((distance / scale).tolist())
    uri = data_uri(pil_image(grid(pairs, NEIGHBOURS)))
    return Neighbours(uri, len(fakes), len(searched), len(store), distances)


def training_images(run: Run) -> Split:
    """The training images of a run."""
    data, skip = run.config.data, run.config.image.skip_bad_images
    return Split(data.name, options=data.options, skip_bad_images=skip)


def refuse_points(run: Run, images: Tensor) -> None:
    """Refuse a run whose data are points and no pictures.

    Raises:
        UsageError: likewise.
    """
    if run.dataset.render(images) is not None:
        raise UsageError("the data are no pictures, so the nearest of them says nothing")


def data_uri(image: Image.Image, side: int = MAX_SIDE) -> str:
    """Encode a picture, reduced to `side` pixels, as WebP in a data URI."""
    image.thumbnail((side, side))
    buffer = io.BytesIO()
    small = image.width * image.height <= 200 * 200
    image.save(buffer, "WEBP", lossless=small, quality=90, method=2)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def _limited(frames: Sequence[Frame]) -> list[Frame]:
    """Thin frames evenly to at most `FILM_BYTES`."""
    kept = list(frames)
    while len(kept) > 2 and sum(len(frame.uri) for frame in kept) > FILM_BYTES:
        kept = thinned(kept, (len(kept) + 1) // 2)
    return kept
