"""Sources: where each of the two image sets comes from, and how images are drawn from it.

A source gives two disjoint sets of the same size: the images shown and those held out. Of a
reference the second is what the floor is measured with. Knows nothing of metrics.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ganzoo.data.pixels import to_uint8
from ganzoo.data.store import ImageStore
from ganzoo.discovery import registry
from ganzoo.discovery.host import PluginHost
from ganzoo.errors import DataError, UsageError
from ganzoo.interfaces.dataset import Dataset, ImageSource, ImageSpec
from ganzoo.interfaces.metric import ImageSet
from ganzoo.randomness import derive


class Source(ABC):
    """One side of a comparison.

    Attributes:
        title: what it is, for people.
        split: of a dataset; empty for anything else.
        count: how many images can be shown; None where as many as one likes.
        reserve: how many can be shown while as many others are held out; None likewise.
        identity: a hash of what the images are, for what is kept about them; empty where nothing
            may be kept.
        held_out_as: where the images held out come from, in words.
        step: of the checkpoint that generates them; None for anything else.
    """

    title: str
    split: str = ""
    count: int | None = None
    reserve: int | None = None
    identity: str = ""
    held_out_as: str = ""
    step: int | None = None

    @property
    @abstractmethod
    def spec(self) -> ImageSpec:
        """The shape its images are drawn in, and the number of classes."""

    @abstractmethod
    def draw(self, n: int, *, seed: int, like: Tensor | None = None) -> ImageSet:
        """The images shown.

        Args:
            n: how many, at most `count`.
            seed: which.
            like: labels `(n,)` that a conditional generator is to draw images of.
        """

    @abstractmethod
    def draw_held_out(self, n: int, *, seed: int, like: Tensor | None = None) -> ImageSet:
        """As many others, at most `reserve`."""

    def whole(self, *, without: int = 0, seed: int = 0) -> ImageSet:
        """All images shown there are, less those that `draw_held_out(without)` takes from them."""
        raise UsageError(f"{self.title} has no end, so it cannot be compared with as a whole")


class Stored(Source):
    """Images of a store, in an order that is shuffled by the seed.

    Args:
        title: what it is, for people.
        images: those to show.
        held_out: those to hold out; half of `images` where None.
        split: of a dataset.
        identity: a hash of what the images are.
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
        """That of the store."""
        return self._images.spec

    def draw(self, n: int, *, seed: int, like: Tensor | None = None) -> ImageSet:
        """The first of the shuffled order."""
        return _taken(self._images, self._order(self._images, seed)[:n])

    def draw_held_out(self, n: int, *, seed: int, like: Tensor | None = None) -> ImageSet:
        """From the images to hold out; where there are none, the last of the shuffled order."""
        if self._held_out is not None:
            return _taken(self._held_out, self._order(self._held_out, seed)[:n])
        return _taken(self._images, self._order(self._images, seed).flip(0)[:n])

    def whole(self, *, without: int = 0, seed: int = 0) -> ImageSet:
        """All of them, or all but the last of the shuffled order."""
        keep = len(self._images) - (without if self._held_out is None else 0)
        return _taken(self._images, self._order(self._images, seed)[:keep])

    @staticmethod
    def _order(store: ImageStore, seed: int) -> Tensor:
        rng = torch.Generator().manual_seed(derive(seed, "evaluation"))
        return torch.randperm(len(store), generator=rng)


def _taken(store: ImageStore, indices: Tensor) -> ImageSet:
    pixels = store.images.index_select(0, indices).permute(0, 3, 1, 2).contiguous()
    classes = store.spec.num_classes
    labels = store.labels.index_select(0, indices) if classes else None
    return ImageSet(images=pixels, labels=labels, num_classes=classes)


def checked_uint8(images: Tensor) -> Tensor:
    """Images in [-1, 1] as 8 bits, the way they would be written to a file.

    Raises:
        UsageError: a value is not finite, or the tensor holds no images.
    """
    if images.ndim != 4:
        raise UsageError(f"images are (N, C, H, W); got a tensor of shape {tuple(images.shape)}")
    if images.dtype == torch.uint8:
        return images
    if not images.is_floating_point() or not images.isfinite().all():
        raise UsageError("images must be uint8, or finite numbers in [-1, 1]")
    return to_uint8(images)


def store_of(images: Tensor, labels: Tensor | None = None) -> ImageStore:
    """A store of images `(N, C, H, W)`, uint8 or in [-1, 1]."""
    pixels = checked_uint8(images).permute(0, 2, 3, 1).contiguous()
    _, height, width, channels = pixels.shape
    classes = 0 if labels is None else int(labels.max()) + 1
    labels = torch.zeros(len(pixels), dtype=torch.int64) if labels is None else labels
    return ImageStore(pixels, labels, ImageSpec(channels, height, width, classes))


class Split:
    """A split of a dataset, not decoded yet.

    Args:
        name: of the dataset.
        split: `"train"` where empty.
        options: of the dataset.
        host: where to look for its plugin.
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

    def decoded(self, spec: ImageSpec) -> Stored:
        """Its images in a shape, and those of the test split beside them where it has one."""
        held_out: ImageSource | None = None
        if self.split != "test":
            try:
                held_out = self.dataset.open("test")
            except (UsageError, DataError):  # the usual case: then halves are compared
                held_out = None
        about = {
            "dataset": self.component.qualified_name,
            "version": self.component.plugin.version,
            "options": self.options,
        }
        fingerprints = [self.source.fingerprint, held_out.fingerprint if held_out else None]
        text = json.dumps([about, self.split, fingerprints, spec.shape, self.skip_bad_images])
        return Stored(
            f"{self.component.spec.name} ({self.split})",
            self._store(self.source, spec, {**about, "split": self.split}),
            self._store(held_out, spec, {**about, "split": "test"}) if held_out else None,
            split=self.split,
            identity=hashlib.sha256(text.encode()).hexdigest(),
        )

    def _store(self, source: ImageSource, spec: ImageSpec, key: Mapping[str, Any]) -> ImageStore:
        """Of the same key as training has, so what is decoded already is found."""
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
            key=key,
        )
