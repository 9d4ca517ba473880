"""Promises of a dataset about its images."""

from __future__ import annotations

import io
import pickle
import tempfile
import typing
from collections.abc import Iterator
from operator import index
from pathlib import Path
from typing import Any
from unittest import SkipTest

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganzoo.data.conditions import WrongCondition, to_array
from ganzoo.data.decode import natural_channels, to_pixels
from ganzoo.discovery import registry
from ganzoo.errors import DataError, UsageError
from ganzoo.interfaces.dataset import Dataset, ImageSource, Picture
from ganzoo.testing.core import Bench, Broken, Promises, expect, in_a_line

TESTED_IMAGES = 200
"""Images of a dataset that are decoded, evenly spread."""

TESTED_LABELS = 1000
"""Labels of a dataset that are read, evenly spread."""


class DatasetBench(Bench):
    """A dataset under test. It downloads nothing: a `download` option is False by default."""

    def create(self, **options: Any) -> Any:
        """See `Bench.create`."""
        fields = registry.options_model(self.component).model_fields
        if "download" in fields and "download" not in self.options:
            options = {"download": False, **options}
        return super().create(**options)

    def open(self) -> ImageSource:
        """Open the training split.

        Raises:
            SkipTest: its files are not here and no options name them; or it is empty, which the
                check `length` reports.
        """
        source = self.open_even_if_empty()
        if not _count(source):
            raise SkipTest("it has no images; the check 'length' says so")
        return source

    def open_even_if_empty(self) -> ImageSource:
        """Open the training split, which may be empty.

        Raises:
            SkipTest: its files are not here and no options name them.
        """
        dataset: Dataset = self.make()
        try:
            return dataset.open("train")
        except DataError as error:
            if self.options:
                raise
            raise SkipTest(
                f"its files are not here, and nothing is downloaded to check it ({error}); give "
                f'the kit the options that find them: options={{"{self.name}": {{…}}}}'
            ) from None

    def path_options(self) -> list[str]:
        """Names of the options that are paths."""
        fields = registry.options_model(self.component).model_fields
        return [name for name, field in fields.items() if _is_path(field.annotation)]


promise = Promises(DatasetBench)


@promise(
    mend="return ganzoo.ImageSource(images, spec, class_names) from `open`, images with "
    "`__len__` and `__getitem__`"
)
def length(bench: DatasetBench) -> None:
    """Its length is above zero, and each index below it has an `(image, condition)`."""
    source = bench.open_even_if_empty()
    expect(isinstance(source, ImageSource), f"open() gives a {type(source).__name__}")
    count = _count(source)
    expect(count > 0, "its length is 0")
    for k in (0, count // 2, count - 1):
        try:
            item = source.images[k]
        except Exception as error:  # a dataset may raise anything
            raise Broken(f"its length is {count}, but image {k} raises {error!r}") from error
        pair = isinstance(item, (tuple, list)) and len(item) == 2
        expect(pair, f"image {k} is a {type(item).__name__}, no (image, condition)")


@promise(
    mend="sort file names, seed what is drawn from the options, and derive the fingerprint "
    "from the content alone"
)
def stable_order(bench: DatasetBench) -> None:
    """Opened or read again it has the same items in the same order, with one fingerprint."""
    first, second = bench.open(), bench.open()
    counts = _count(first), _count(second)
    expect(counts[0] == counts[1], f"it has {counts[0]} images, opened again {counts[1]}")
    for k in _spread(counts[0], TESTED_IMAGES):
        content = _content(first.images[k])
        expect(content == _content(first.images[k]), f"image {k}, read twice, differs")
        expect(content == _content(second.images[k]), f"image {k}, opened again, is another")
    expect(isinstance(first.fingerprint, str), "its fingerprint is no text")
    expect(first.fingerprint == second.fingerprint, "opened again it has another fingerprint")


@promise(mend="count labels from 0, as ints, and set ImageSpec(num_classes=…) to their number")
def labels_in_range(bench: DatasetBench) -> None:
    """Labels are integers from 0 up to the number of classes in its spec."""
    source = bench.open()
    classes = source.spec.num_classes
    if source.spec.condition is not None:
        raise SkipTest("its images have no classes")
    for k in _spread(_count(source), TESTED_LABELS):
        label = source.images[k][1]
        try:
            number = index(label)
        except TypeError:
            raise Broken(f"the label of image {k} is {label!r}, a {type(label).__name__}") from None
        if classes:
            expect(
                0 <= number < classes,
                f"the label of image {k} is {number}, its spec has {classes} classes",
            )


@promise(
    mend="set ImageSpec(condition=…) to ganzoo.Vector of the vectors' length, or to ganzoo.Picture "
    "of the pictures' channels; return finite floats, or a picture of the image's size"
)
def conditions_as_specified(bench: DatasetBench) -> None:
    """If its spec has a condition, each image comes with a vector or picture of that kind."""
    source = bench.open()
    spec = source.spec
    if spec.condition is None:
        raise SkipTest("its images have no condition, or classes")
    most_channels = 0
    for k in _spread(_count(source), TESTED_IMAGES):
        image, condition = source.images[k][:2]
        what = f"image {k} ({source.locate(k)})"
        try:
            to_array(condition, spec)
        except WrongCondition as wrong:
            raise Broken(f"{what} {wrong}") from None
        if isinstance(spec.condition, Picture):
            most_channels = max(most_channels, natural_channels(condition))
            sizes = [_shape(picture)[1:] for picture in (image, condition)]
            expect(sizes[0] == sizes[1], f"{what} is {sizes[0]}, and its condition {sizes[1]}")
    if isinstance(spec.condition, Picture):
        seen = f"its pictures have {most_channels} channel(s), its spec {spec.condition.channels}"
        expect(most_channels == spec.condition.channels, seen)


@promise(mend="give ImageSource one name for each class, in label order; without labels none")
def class_names(bench: DatasetBench) -> None:
    """Each class has a name of its own, for `--class NAME`."""
    source = bench.open()
    names, classes = source.class_names, source.spec.num_classes
    expect(len(names) == classes, f"{len(names)} names for {classes} classes")
    wrong = [name for name in names if not (isinstance(name, str) and name.strip())]
    expect(not wrong, f"{wrong[:1]} is no name")
    repeated = sorted({name for name in names if names.count(name) > 1})
    expect(not repeated, f"two classes are called {', '.join(repeated)}")


@promise(mend="keep no lambda, open file or local class in the images; open files in `__getitem__`")
def picklable(bench: DatasetBench) -> None:
    """Its images can be pickled for worker processes, and are the same afterwards."""
    images = bench.open().images
    before = _content(images[0])
    try:
        copy = _through_pickle(images)
    except Exception as error:  # pickling may raise anything
        raise Broken(f"pickling its images raises {in_a_line(error)}") from error
    expect(_content(copy[0]) == before, "image 0 is another after pickling")


@promise(
    mend="set the channels of ImageSpec to 1 for grey images, 3 for coloured ones; return PIL "
    "images or uint8 tensors (C, H, W)"
)
def honest_spec(bench: DatasetBench) -> None:
    """Each image can be decoded to its spec, whose channels are those of the images."""
    source = bench.open()
    spec = source.spec
    most_channels = 0
    for k in _spread(_count(source), TESTED_IMAGES):
        # Type.
        image = source.images[k][0]
        what = f"image {k} ({source.locate(k)})"
        is_image = isinstance(image, (Image.Image, Tensor))
        expect(is_image, f"{what} is a {type(image).__name__}, no PIL image and no tensor")

        # Decoding.
        try:
            to_pixels(image, *spec.shape)
        except Exception as error:  # an image reader may raise anything
            raise Broken(f"{what} cannot be decoded to {spec}: {in_a_line(error)}") from error

        # Shape.
        most_channels = max(most_channels, natural_channels(image))
        if not source.resizable:
            shape = _shape(image)
            expect(shape == spec.shape, f"{what} is {shape}, its spec {spec}, and not resizable")
    expect(
        most_channels == spec.channels,
        f"its images have {most_channels} channel(s), its spec {spec.channels}",
    )


@promise(mend="raise ganzoo.UsageError from `open`, naming the splits there are")
def unknown_split(bench: DatasetBench) -> None:
    """For an unknown split it raises a UsageError that names it."""
    dataset: Dataset = _with_paths(bench)
    try:
        dataset.open("no-such-split")
    except UsageError as error:
        expect("no-such-split" in str(error), f"the error does not name it: {error}")
    except DataError as error:
        raise Broken(f"it raises a DataError: {error}") from None
    else:
        raise Broken("it opens the split 'no-such-split'")


@promise(
    mend="check in `open` that files exist, and raise ganzoo.DataError with the path and how to "
    "get them; read nothing in the constructor"
)
def clear_errors(bench: DatasetBench) -> None:
    """If files are missing, it can be made, and `open` raises a DataError with their path."""
    names = bench.path_options()
    if not names:
        raise SkipTest("none of its options is a path")
    with tempfile.TemporaryDirectory() as folder:
        missing = Path(folder) / "not-there"
        dataset: Dataset = bench.make(**dict.fromkeys(names, missing))
        try:
            dataset.open("train")
        except (DataError, UsageError) as error:
            named = "not-there" in str(error)
            expect(named, f"the error does not name the missing {missing}: {error}")
        except Exception as error:  # a dataset may raise anything
            seen = f"with a missing {' and '.join(names)}, it raises {in_a_line(error)}"
            raise Broken(seen) from error
        else:
            raise Broken(f"it opens, though its {' and '.join(names)} is not there")


@promise(mend="return a uint8 tensor (3, H, W) from `render`, or None for the usual grid")
def rendering(bench: DatasetBench) -> None:
    """If it renders a batch itself, that is a uint8 picture `(3, H, W)`."""
    dataset: Dataset = _with_paths(bench)
    if type(dataset).render is Dataset.render:
        raise SkipTest("it leaves drawing to the usual grid")
    spec = bench.open().spec
    picture = dataset.render(torch.zeros(4, *spec.shape))
    if picture is not None:
        expect(
            picture.dtype == torch.uint8 and picture.ndim == 3 and picture.shape[0] == 3,
            f"it is {picture.dtype} of shape {tuple(picture.shape)}",
        )


def _with_paths(bench: DatasetBench) -> Dataset:
    """Make a dataset that is not read, so its required paths need not exist."""
    required = bench.missing_options()
    paths = {name: Path("not-there") for name in bench.path_options() if name in required}
    dataset: Dataset = bench.make(**paths)
    return dataset


def _is_path(annotation: object) -> bool:
    return annotation is Path or Path in typing.get_args(annotation)


def _count(source: ImageSource) -> int:
    return len(source.images)  # type: ignore[arg-type]


def _shape(image: Image.Image | Tensor) -> tuple[int, ...]:
    if isinstance(image, Tensor):
        return tuple(image.shape)
    return (natural_channels(image), image.height, image.width)


def _spread(count: int, most: int) -> Iterator[int]:
    """Yield at most `most` indices, evenly spread, the first and the last included."""
    return iter(sorted({round(k * (count - 1) / max(1, most - 1)) for k in range(most)}))


def _content(item: Any) -> tuple[Any, ...]:
    """The content of an item, for comparison."""
    arrays = [part.numpy() if isinstance(part, Tensor) else np.asarray(part) for part in item[:2]]
    return tuple((array.shape, str(array.dtype), array.tobytes()) for array in arrays)


def _through_pickle(images: Any) -> Any:
    """Pickle images and back, without the tensors: workers get those in shared memory."""
    tensors: list[Tensor] = []

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing: object) -> int | None:
            if not isinstance(thing, Tensor):
                return None
            tensors.append(thing)
            return len(tensors) - 1

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, number: int) -> Tensor:
            return tensors[number]

    stream = io.BytesIO()
    Pickler(stream).dump(images)
    stream.seek(0)
    return Unpickler(stream).load()
