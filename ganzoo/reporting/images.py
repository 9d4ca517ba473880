"""Images of a report: inlined, bounded in number and size, and each part allowed to fail alone."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from PIL import Image
from torch import Tensor

from ganzoo.data.store import ImageStore
from ganzoo.errors import UsageError
from ganzoo.evaluation.sources import Split
from ganzoo.run import Run
from ganzoo.run.pictures import grid

FRAMES = 40
"""Pictures of a timeline or a walk, at most."""

WEIGHT = 3_000_000
"""Bytes of a timeline's or a walk's pictures, at most: of more, evenly fewer are kept."""

LONGEST = 1024
"""Pixels of a picture's longer side, at most."""

WALKS, STOPS, STEPS_BETWEEN = 8, 3, 10

NEIGHBOURS = 8
"""Generated images that are shown with their nearest training images."""

SEARCHED = 20_000
"""Training images searched, at most; of more, evenly chosen ones."""

CHUNK = 1024

ROWS = 4
"""Images of each class."""

COLUMNS = 20
"""Classes shown, at most."""

T = TypeVar("T")


@dataclass(frozen=True)
class Frame:
    """A picture as a data URI, and what it is of."""

    label: str
    uri: str


@dataclass(frozen=True)
class Film:
    """Frames in order, and how many there were before they were thinned out."""

    frames: tuple[Frame, ...]
    total: int


@dataclass(frozen=True)
class Neighbours:
    """A row of generated images above a row of the nearest training images.

    Attributes:
        uri: the picture.
        count: columns.
        searched: training images compared with.
        total: training images there are.
        distances: root mean square difference of each pair, of pixels in [0, 1].
    """

    uri: str
    count: int
    searched: int
    total: int
    distances: tuple[float, ...]


def thinned(items: Sequence[T], at_most: int) -> list[T]:
    """Evenly fewer of a sequence, the first and the last always among them."""
    if len(items) <= at_most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (at_most - 1))] for i in range(at_most)]


def timeline(run: Run) -> Film:
    """The sample grids that training drew. One that cannot be read is left out.

    Raises:
        UsageError: there is none.
    """
    files = sorted(p for p in run.directory.samples.glob("*.png") if p.stem.isdigit())
    frames = []
    for file in thinned(files, FRAMES):
        try:
            with Image.open(file) as image:
                frames.append(Frame(str(int(file.stem)), _uri(image.convert("RGB"))))
        except (OSError, ValueError, Image.DecompressionBombError):
            continue
    if not frames:
        raise UsageError("there are no readable sample grids yet")
    return Film(tuple(_light(frames)), len(files))


def walk(run: Run) -> Film:
    """A closed walk through latent space."""
    pictures = run.interpolate(WALKS, stops=STOPS, frames=STEPS_BETWEEN)
    frames = [
        Frame(str(k), _uri(_as_image(run.picture(images, 4)))) for k, images in enumerate(pictures)
    ]
    return Film(tuple(_light(frames)), len(frames))


def class_grid(run: Run) -> tuple[str, tuple[str, ...]]:
    """A column a class, with the names of the columns.

    Raises:
        UsageError: the run is not conditional.
    """
    classes = min(run.num_classes, COLUMNS)
    if not classes:
        raise UsageError("the run is unconditional: it knows no classes")
    labels = torch.arange(ROWS * classes) % classes
    names = run.manifest.class_names or tuple(map(str, range(run.num_classes)))
    images = run.sample(len(labels), labels=labels)
    return _uri(_as_image(run.picture(images, classes))), tuple(names[:classes])


def neighbours(run: Run) -> Neighbours:
    """The training images that are nearest to some generated ones, pixel by pixel.

    Raises:
        UsageError: the images are points, for which this says nothing.
        DataError: the training images are not there.
    """
    fakes = run.sample(NEIGHBOURS)
    if run.dataset.render(fakes) is not None:
        raise UsageError("the data are no pictures, so the nearest of them says nothing")
    store = _training_images(run)
    chosen = torch.tensor(thinned(range(len(store)), SEARCHED))
    flat = fakes.flatten(1)
    nearest, distance = torch.zeros(len(fakes), dtype=torch.int64), torch.full((len(fakes),), 1e30)
    for start in range(0, len(chosen), CHUNK):
        part = chosen[start : start + CHUNK]
        found, at = torch.cdist(flat, store.batch(part).images.flatten(1)).min(dim=1)
        closer = found < distance
        nearest[closer], distance[closer] = part[at[closer]], found[closer]
    both = torch.cat([fakes, store.batch(nearest).images])
    scale = 2 * flat.shape[1] ** 0.5  # pixels lie in [-1, 1]
    return Neighbours(
        _uri(_as_image(grid(both, NEIGHBOURS))),
        len(fakes),
        len(chosen),
        len(store),
        tuple((distance / scale).tolist()),
    )


def _training_images(run: Run) -> ImageStore:
    """Under the key that training used, so that what was decoded then is found."""
    choice, spec = run.config.data, run.manifest.image
    split = Split(choice.name, "train", choice.options)
    return ImageStore.from_source(
        split.source,
        size=(spec.height, spec.width),
        channels=spec.channels,
        skip_bad_images=run.config.image.skip_bad_images,
        key={
            "dataset": split.component.qualified_name,
            "version": split.component.plugin.version,
            "options": choice.options,
            "split": "train",
        },
    )


def _as_image(picture: Tensor) -> Image.Image:
    return Image.fromarray(picture.permute(1, 2, 0).contiguous().numpy())


def _uri(image: Image.Image) -> str:
    """WebP, near to what was drawn; small pictures stay exact."""
    image.thumbnail((LONGEST, LONGEST))
    buffer = io.BytesIO()
    small = image.width * image.height <= 200 * 200
    image.save(buffer, "WEBP", lossless=small, quality=90, method=2)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def _light(frames: Sequence[Frame]) -> list[Frame]:
    kept = list(frames)
    while len(kept) > 2 and sum(len(frame.uri) for frame in kept) > WEIGHT:
        kept = thinned(kept, (len(kept) + 1) // 2)
    return kept
