"""Sources: where the images of an evaluation come from, and how they are drawn.

A source draws two disjoint sets of the same size: images to compare and held-out images. The
held-out images of the reference give the floor.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo.data.folder import FolderImages, open_folder
from ganzoo.data.pixels import Range, checked_uint8
from ganzoo.data.store import ImageStore
from ganzoo.discovery import registry
from ganzoo.discovery.host import PluginHost
from ganzoo.errors import DataError, GanzooWarning, UsageError
from ganzoo.interfaces.dataset import Dataset, ImageSource, ImageSpec
from ganzoo.interfaces.metric import ImageSet
from ganzoo.randomness import derive


class Source(ABC):
    """Images of one side of an evaluation: the sample or the reference.

    Attributes:
        title: for people: `"emoji (train)"`.
        split: of a dataset; empty for other sources.
        count: number of images that can be drawn; None if unlimited.
        reserve: number of images that can be drawn if as many are held out; None if unlimited.
        identity: a hash of the images, by which their features are cached; empty if they must not
            be cached.
        held_out_as: for people, where the held-out images come from.
        step: training step of the checkpoint that generates them; None for other sources.
        trained_with: pretrained networks that its training used, as their `Extractor.display`.
    """

    title: str
    split: str = ""
    count: int | None = None
    reserve: int | None = None
    identity: str = ""
    held_out_as: str = ""
    step: int | None = None
    trained_with: frozenset[str] = frozenset()

    @property
    @abstractmethod
    def spec(self) -> ImageSpec:
        """Shape of the images and number of classes."""

    @abstractmethod
    def draw(self, n: int, *, seed: int, like: Tensor | None = None) -> ImageSet:
        """Draw n images.

        Args:
            n: at most `count`.
            seed: random seed of the choice.
            like: labels `(n,)` of the images that a conditional generator draws, or the conditions
                of other images: `ImageSet.conditions`.
        """

    @abstractmethod
    def draw_held_out(self, n: int, *, seed: int, like: Tensor | None = None) -> ImageSet:
        """Draw n held-out images, none of which `draw` returns; n is at most `reserve`."""

    def whole(self, *, without: int = 0, seed: int = 0) -> ImageSet:
        """Return all images, except those that `draw_held_out(without, seed=seed)` returns."""
        raise UsageError(f"{self.title} has no end, so it cannot be compared with as a whole")


class Stored(Source):
    """Images of a store, shuffled by the seed.

    Args:
        title: for people.
        images: to draw from.
        held_out: to draw held-out images from; half of `images` if None.
        split: of a dataset.
        identity: a hash of the images.
    """

    def __init__(
        self,
        title: str,
        images: ImageStore,
        held_out: ImageStore | None = None,
        *,
        split: str = "",
        identity: str = "",
    ) -> None:
        self.title, self.split, self.identity = title, split, identity
        self._images, self._held_out = images, held_out
        self.count = len(images)
        self.reserve = len(images) // 2 if held_out is None else min(len(images), len(held_out))
        self.held_out_as = (
            f"the other half of {title}" if held_out is None else f"the test split of {title}"
        )

    @property
    def spec(self) -> ImageSpec:
        """Shape of the images and number of classes."""
        return self._images.spec

    def draw(self, n: int, *, seed: int, like: Tensor | None = None) -> ImageSet:
        """Draw the first images of the shuffled order."""
        return _selected(self._images, self._order(self._images, seed)[:n])

    def draw_held_out(self, n: int, *, seed: int, like: Tensor | None = None) -> ImageSet:
        """Draw held-out images; of a store without any, the last of the shuffled order."""
        if self._held_out is not None:
            return _selected(self._held_out, self._order(self._held_out, seed)[:n])
        return _selected(self._images, self._order(self._images, seed).flip(0)[:n])

    def whole(self, *, without: int = 0, seed: int = 0) -> ImageSet:
        """Return all images, or all but the last of the shuffled order."""
        count = len(self._images) - (without if self._held_out is None else 0)
        return _selected(self._images, self._order(self._images, seed)[:count])

    @staticmethod
    def _order(store: ImageStore, seed: int) -> Tensor:
        rng = torch.Generator().manual_seed(derive(seed, "evaluation"))
        return torch.randperm(len(store), generator=rng)


def _selected(store: ImageStore, indices: Tensor) -> ImageSet:
    pixels = store.select(indices).permute(0, 3, 1, 2).contiguous()
    classes, labels = store.spec.num_classes, store.conditions
    labels = None if labels is None else labels.index_select(0, indices)
    if classes:
        return ImageSet(images=pixels, labels=labels, num_classes=classes)
    if labels is not None and labels.ndim == 4:
        labels = labels.permute(0, 3, 1, 2)
    return ImageSet(images=pixels, conditions=labels)


def store_of(
    images: Tensor, labels: Tensor | None = None, value_range: Range | None = None
) -> ImageStore:
    """Make a store of images `(N, C, H, W)`, uint8, in [-1, 1] or in the declared range."""
    pixels = checked_uint8(images, value_range).permute(0, 2, 3, 1).contiguous()
    _, height, width, channels = pixels.shape
    classes = 0 if labels is None else int(labels.max()) + 1
    labels = torch.zeros(len(pixels), dtype=torch.int64) if labels is None else labels
    return ImageStore(pixels, labels, ImageSpec(channels, height, width, classes))


class Folder:
    """The images of a folder, found by the rule of training; its split test is held out.

    Args:
        path: of the folder.
        skip_bad_images: leave unreadable images out.
    """

    def __init__(self, path: Path, *, skip_bad_images: bool = False) -> None:
        self.path, self.skip_bad_images = path, skip_bad_images
        self.source = open_folder(path)
        try:
            self._test_source: ImageSource | None = open_folder(path, "test")
        except UsageError:  # most folders have no splits
            self._test_source = None

    def decoded(self, spec: ImageSpec | None) -> Stored:
        """Decode the images to a shape, by default the most common size, in colour if any is."""
        # Shape.
        images = self.source.images
        if spec is None and isinstance(images, FolderImages) and len(images.sizes) > 1:
            height, width = self.source.spec.height, self.source.spec.width
            message = (
                f"{self.path} has images of {len(images.sizes):,} sizes; all are measured at the "
                f"most common, {height}x{width} (height x width), which "
                f"{images.sizes[height, width]:,} of {len(images):,} have"
            )
            warnings.warn(GanzooWarning(message), stacklevel=2)
        spec = spec or self.source.spec

        # Images.
        store = self._store(self.source, spec)
        if self._test_source is None:
            return Stored(str(self.path), store)
        held_out = self._store(self._test_source, spec)
        return Stored(str(self.path), store, held_out, split="train")

    def _store(self, source: ImageSource, spec: ImageSpec) -> ImageStore:
        """Decode without labels: the classes need not be those of the other side."""
        unlabelled = replace(source, spec=replace(source.spec, num_classes=0), class_names=())
        return ImageStore.from_source(
            unlabelled,
            size=(spec.height, spec.width),
            channels=spec.channels,
            skip_bad_images=self.skip_bad_images,
        )


class Split:
    """A split of a dataset, opened and decoded on use.

    Args:
        name: of the dataset.
        split: `"train"` if empty.
        options: of the dataset.
        host: the plugins to choose from; the installed ones if None.
        skip_bad_images: leave unreadable images out.
    """

    def __init__(
        self,
        name: str,
        split: str = "",
        options: Mapping[str, Any] | None = None,
        *,
        host: PluginHost | None = None,
        skip_bad_images: bool = False,
    ) -> None:
        self.component = registry.find("dataset", name, host=host)
        validated = registry.validate_options(self.component, options or {})
        self.dataset: Dataset = registry.build(self.component, validated)
        self.options = validated.model_dump(mode="json", exclude_none=True)
        self.split = split or "train"
        self.skip_bad_images = skip_bad_images

    @cached_property
    def source(self) -> ImageSource:
        """The opened split."""
        return self.dataset.open(self.split)

    @cached_property
    def _test_source(self) -> ImageSource | None:
        """The opened test split; None if this is it, or the dataset has none."""
        if self.split == "test":
            return None
        try:
            return self.dataset.open("test")
        except (UsageError, DataError):  # most datasets have no test split
            return None

    def decoded(self, spec: ImageSpec) -> Stored:
        """Decode the images to a shape. The test split, if there is one, is held out."""
        # Identity of the images, for the feature cache.
        test = self._test_source
        fingerprints = [self.source.fingerprint, test.fingerprint if test else None]
        facts = [self._dataset_key, self.split, fingerprints, spec.shape, self.skip_bad_images]
        identity = hashlib.sha256(json.dumps(facts).encode()).hexdigest()

        # Images.
        images = self.store(spec)
        held_out = self._store(test, "test", spec) if test else None
        title = f"{self.component.spec.name} ({self.split})"
        return Stored(title, images, held_out, split=self.split, identity=identity)

    def store(self, spec: ImageSpec) -> ImageStore:
        """Decode the images to a shape, or open the store that training has cached."""
        return self._store(self.source, self.split, spec)

    @property
    def _dataset_key(self) -> dict[str, Any]:
        return {
            "dataset": self.component.qualified_name,
            "version": self.component.plugin.version,
            "options": self.options,
        }

    def _store(self, source: ImageSource, split: str, spec: ImageSpec) -> ImageStore:
        """Open the store of a split, under the key that training uses."""
        natural = source.spec
        if not source.resizable and natural.shape != spec.shape:
            raise UsageError(
                f"{self.component.spec.name} has only its own shape {natural}, and cannot be "
                f"compared with images of {spec}"
            )
        return ImageStore.from_source(
            source,
            size=(spec.height, spec.width),
            channels=spec.channels,
            skip_bad_images=self.skip_bad_images,
            key={**self._dataset_key, "split": split},
        )
