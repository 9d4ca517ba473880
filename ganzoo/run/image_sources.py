"""Image sources: opens both sides of an evaluation, a run, folder, dataset or images in memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from ganzoo.config import RunConfig, differences
from ganzoo.data.pixels import Range, from_uint8, to_uint8
from ganzoo.data.store import ImageStore
from ganzoo.discovery import registry
from ganzoo.discovery.host import PluginHost
from ganzoo.errors import GanzooError, GanzooWarning, UsageError, setting
from ganzoo.evaluation.sources import Folder, Source, Split, Stored, store_of
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.metric import ImageSet
from ganzoo.randomness import derive
from ganzoo.run import journal
from ganzoo.run.run import Run
from ganzoo.sampling import Conditions

Images = Run | Source | ImageStore | Tensor | str | Path | Mapping[str, Any]
"""Images that can be compared: see `ganzoo.evaluate`."""


class Sampled(Source):
    """Images of a generator; held-out images are of other z.

    Args:
        title: for people.
        spec: shape of the images, and classes or condition.
        sample: `sample(n, seed=…, labels=…)` draws images.
        conditional: whether it takes labels.
        kept: number of conditions that are used in turn where none are given; None for classes.
    """

    def __init__(
        self,
        title: str,
        spec: ImageSpec,
        sample: Callable[..., Tensor],
        *,
        conditional: bool,
        kept: int | None = None,
    ) -> None:
        self.title, self.held_out_as = title, f"other images of {title}"
        self._spec, self._sample, self._conditional, self._kept = spec, sample, conditional, kept

    @property
    def spec(self) -> ImageSpec:
        """Shape of the images, and classes or condition."""
        return self._spec

    def draw(self, n: int, *, seed: int, like: Tensor | None = None) -> ImageSet:
        """Sample images; a conditional generator gets the labels or conditions of the reference."""
        # Conditions of the reference, if they are of the generator's kind; else its own in turn.
        classes, labels = self._spec.num_classes if self._conditional else 0, None
        if (
            self._conditional
            and like is not None
            and like.shape == (n, *self._spec.condition_shape)
        ):
            labels = from_uint8(like) if like.ndim == 4 else like
        elif classes:
            labels = Conditions(self._spec).in_turn(n)
        elif self._kept is not None and self._kept < n:
            kind = self._spec.condition_kind
            message = (
                f"the other side has no {kind} for each image, so {n:,} images of {self.title} are "
                f"made from the {self._kept:,} {kind}s that the run keeps. Compare it with a "
                "dataset of the same kind"
            )
            warnings.warn(GanzooWarning(message), stacklevel=2)

        # Images.
        images = generated_uint8(self._sample(n, seed=seed, labels=labels), self.title)
        return ImageSet(images=images, labels=labels if classes else None, num_classes=classes)

    def draw_held_out(self, n: int, *, seed: int, like: Tensor | None = None) -> ImageSet:
        """Sample images of other z."""
        return self.draw(n, seed=derive(seed, "held out"), like=like)


class Generated(Sampled):
    """Images of a run's averaged generator."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.step = run.manifest.step
        self.trained_with = frozenset(run.manifest.trained_with)
        conditions = run.sampler.conditions
        refined = "" if run.refined_by is None else f", refined by {run.refined_by!r}"
        super().__init__(
            f"{run.path} at step {self.step:,}{refined}",
            run.manifest.image,
            run.sample,
            conditional=conditions is not None,
            kept=None if conditions is None or conditions.kept is None else len(conditions.kept),
        )


def generated_uint8(images: Tensor, title: str) -> Tensor:
    """Round a generator's images to uint8; what it makes outside [-1, 1] is clamped, as in a file.

    Raises:
        GanzooError: a value is not finite: the generator has diverged.
    """
    if not images.isfinite().all():
        raise GanzooError(f"the images of {title} are not finite; try an earlier checkpoint")
    return to_uint8(images)


def open_both(
    a: Images,
    b: Images | None,
    *,
    skip_bad_images: bool,
    value_range: Range | None = None,
    device: str,
    host: PluginHost | None,
) -> tuple[Source, Source]:
    """Open sample and reference as sources of images of one shape.

    The shape of a run or of images in memory is fixed. A dataset or a folder is decoded to the
    shape of the other side; two of these to the shape of the reference.

    Raises:
        UsageError: something cannot be compared, or the shapes differ.
    """
    # Resolve both sides.
    if value_range is not None and not isinstance(a, Tensor) and not isinstance(b, Tensor):
        raise UsageError(
            "value_range says how images in memory are read, and neither side is a tensor; leave "
            "it out"
        )
    opener = _Opener(skip_bad_images, value_range, device, host)
    sample = opener.open(a)
    if b is None:
        if not isinstance(sample, Generated):
            raise UsageError(
                "only a run has images to be compared with (its training images); name a "
                f"reference: {setting('against', 'DATASET')}, a folder or a run"
            )
        reference: Source | Split | Folder = opener.training_images(sample.run)
    else:
        reference = opener.open(b)

    # Choose the shape: fixed, or that of a dataset.
    shapes = [side.spec for side in (sample, reference) if isinstance(side, Source)]
    if not shapes:
        shapes = [side.source.spec for side in (reference, sample) if isinstance(side, Split)]
    spec = shapes[0] if shapes else None

    # Decode.
    opened_b = _decoded(reference, spec)
    opened_a = _decoded(sample, spec or opened_b.spec)
    if opened_a.spec.shape != opened_b.spec.shape:
        raise UsageError(
            f"{opened_a.title} has images of {opened_a.spec}, and {opened_b.title} of "
            f"{opened_b.spec}; only images of one shape are compared"
        )
    return opened_a, opened_b


def _decoded(side: Source | Split | Folder, spec: ImageSpec | None) -> Source:
    """Decode a dataset or a folder to a shape."""
    match side:
        case Source():
            return side
        case Folder():
            return side.decoded(spec)
        case Split():
            return side.decoded(spec or side.source.spec)


@dataclass(frozen=True)
class _Opener:
    """Opens one side of a comparison."""

    skip_bad_images: bool
    value_range: Range | None
    device: str
    host: PluginHost | None

    def open(self, images: Images) -> Source | Split | Folder:
        """Open a run, images in memory, a dataset or a path."""
        match images:
            case Source():
                return images
            case Run():
                return Generated(images)
            case ImageStore():
                return Stored("images in memory", images)
            case Tensor():
                return Stored("images in memory", store_of(images, value_range=self.value_range))
            case Mapping():
                if "name" not in images:
                    raise UsageError("a dataset is given as a name, or as a dict with a name")
                own = ("name", "split", "skip_bad_images")
                return self._split(
                    str(images["name"]),
                    str(images.get("split", "")),
                    {key: value for key, value in images.items() if key not in own},
                    skip_bad_images=bool(images.get("skip_bad_images", False)),
                )
            case Path() | str():
                return self._named(images)
        raise UsageError(
            f"a {type(images).__name__} cannot be compared; use a run, a checkpoint, a folder of "
            "images, the name of a dataset, or images (N, C, H, W)"
        )

    def training_images(self, run: Run) -> Split:
        """Open the images that a run was trained on.

        Raises:
            UsageError: its config was edited since, and names others.
        """
        # Compare the config with the journal.
        session = journal.latest_beginning(run.events())
        try:
            trained = RunConfig.model_validate((session or {})["config"])
        except (KeyError, ValueError):  # a run that died at its start, or a damaged journal
            trained = run.config
        changes = [
            f"{'.'.join(path)} is {now} and was {before}"
            for path, (before, now) in differences(trained, run.config).items()
            if path[0] == "data" or path == ("image", "skip_bad_images")
        ]
        if changes:
            raise UsageError(
                f"{run.directory.config} names other images than {run.path} was trained on: "
                f"{', '.join(changes)}. Undo the edit, or name the reference: "
                f"{setting('against', 'DATASET')}"
            )

        # Open them.
        data, image = run.config.data, run.config.image
        run.dataset  # noqa: B018  # if its plugin is missing, the error says what to install
        return self._split(data.name, "", data.options, skip_bad_images=image.skip_bad_images)

    def _named(self, name: str | Path) -> Source | Split | Folder:
        """Open an existing path, or else a dataset by its name."""
        # A run, a checkpoint or a folder.
        path = Path(name)
        if (path / "config.toml").is_file():
            return Generated(Run(path, device=self.device, host=self.host))
        if (path / "manifest.json").is_file():
            run = path.absolute().parents[1]
            if not path.name.isdigit() or not (run / "config.toml").is_file():
                raise UsageError(f"{path} is a checkpoint without its run; keep it inside the run")
            return Generated(Run(run, step=int(path.name), device=self.device, host=self.host))
        if path.is_dir():
            return Folder(path, skip_bad_images=self.skip_bad_images)
        if path.exists() or isinstance(name, Path):
            raise UsageError(f"{path} is not a folder of images or a run")

        # A dataset.
        dataset, _, split = name.partition(":")
        try:
            return self._split(dataset, split)
        except registry.UnknownComponent as error:
            raise UsageError(
                f"'{name}' is no run, no checkpoint, no folder of images, and {error}"
            ) from None

    def _split(
        self,
        name: str,
        split: str,
        options: Mapping[str, Any] | None = None,
        *,
        skip_bad_images: bool = False,
    ) -> Split:
        skip = skip_bad_images or self.skip_bad_images
        return Split(name, split, options, host=self.host, skip_bad_images=skip)
