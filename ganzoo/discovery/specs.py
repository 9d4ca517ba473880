"""The typed descriptors that plugins return from their hooks. Imports neither torch nor pydantic.

A descriptor gives a component's name, summary and the place of its code. So `ganzoo list` shows
every component without importing it: the code of `factory` and `options` is imported on first use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

HOOK_API_VERSION = 1
"""The version of the plugin contract this ganzoo speaks; see `docs/stability.md`."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TARGET = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_FILE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[\w-]+(/[\w-]+)*\.toml")


@dataclass(frozen=True, kw_only=True)
class ComponentSpec:
    """The descriptor of a component, with the fields that every kind has.

    Attributes:
        name: how users choose it: lower-case words and digits joined by hyphens (`"wgan-gp"`).
        factory: `"package.module:Class"`, called with one validated options object.
        options: `"package.module:Class"` of a `ganzoo.Options` subclass that imports no torch;
            empty where the component has none.
        summary: one sentence for `ganzoo list`.
        reference: the paper or page it implements, as one would cite it.
        family: the group in which `ganzoo list` shows it: `"class-conditional"`.
        api_version: the hook API it was written for; the first where it says nothing.

    Raises:
        ValueError: for a malformed name, factory, options path, reference, family or api_version,
            or an empty summary.
    """

    name: str
    factory: str
    summary: str
    options: str = ""
    reference: str = ""
    family: str = ""
    api_version: int = 1

    kind: ClassVar[str] = ""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise ValueError(
                "name must be lower-case words joined by hyphens, like 'wgan-gp'; "
                f"got {self.name!r}"
            )
        self._check_targets()
        if not isinstance(self.summary, str) or not self.summary.strip():
            raise ValueError(f"summary of {self.name!r} is empty; write one sentence")
        for field in ("reference", "family"):
            if not isinstance(value := getattr(self, field), str):
                raise ValueError(f"{field} of {self.name!r} must be text; got {value!r}")
        if not isinstance(self.api_version, int):
            raise ValueError(
                f"api_version of {self.name!r} must be a whole number; got {self.api_version!r}"
            )

    def _check_targets(self) -> None:
        for field in ("factory", "options"):
            value = getattr(self, field)
            if (field == "factory" or value != "") and not (
                isinstance(value, str) and _TARGET.fullmatch(value)
            ):
                raise ValueError(
                    f"{field} of {self.name!r} must look like 'package.module:Name'; got {value!r}"
                )


class ArchitectureSpec(ComponentSpec):
    """A generator and a discriminator: `factory` makes a `ganzoo.Architecture`."""

    kind = "architecture"


class LossSpec(ComponentSpec):
    """An adversarial objective: `factory` makes a `ganzoo.Loss`."""

    kind = "loss"


class PenaltySpec(ComponentSpec):
    """A regularizer usable with any loss: `factory` makes a `ganzoo.Penalty`."""

    kind = "penalty"


class AugmentationSpec(ComponentSpec):
    """A transform of what the discriminator sees: `factory` makes a `ganzoo.Augmentation`."""

    kind = "augmentation"


class ConstraintSpec(ComponentSpec):
    """What weights have to satisfy: `factory` makes a `ganzoo.Constraint`."""

    kind = "constraint"


@dataclass(frozen=True, kw_only=True)
class DatasetSpec(ComponentSpec):
    """A source of images: `factory` makes a `ganzoo.Dataset`.

    Attributes:
        starter: the dataset to train on if a user names none: small, without a download. Of
            several, ganzoo's own is used, with a warning.
    """

    starter: bool = False

    kind: ClassVar[str] = "dataset"


class ObserverSpec(ComponentSpec):
    """Something that watches runs (a logger, say): `factory` makes a `ganzoo.Observer`."""

    kind = "observer"


@dataclass(frozen=True, kw_only=True)
class MetricSpec(ComponentSpec):
    """A comparison of two sets of images: `factory` makes a `ganzoo.Metric`.

    Attributes:
        starter: measure it if a user names no metric.
        tracks_training: measure it during training if a user names no metric: a number that is
            cheap enough to be computed again and again.
    """

    starter: bool = False
    tracks_training: bool = False

    kind: ClassVar[str] = "metric"


@dataclass(frozen=True, kw_only=True)
class ExtractorSpec(ComponentSpec):
    """From images to features, for metrics to compare: `factory` makes a `ganzoo.Extractor`.

    Attributes:
        starter: the extractor to use if a user names none. Of several, ganzoo's own is
            used, with a warning.
        classifies: it is a `ganzoo.Classifier` of the dataset's own classes, for metrics that need
            one.
    """

    starter: bool = False
    classifies: bool = False

    kind: ClassVar[str] = "extractor"


@dataclass(frozen=True, kw_only=True)
class RecipeSpec(ComponentSpec):
    """Settings under a name, for `ganzoo train --recipe NAME`: a TOML file in the package.

    It has neither `factory` nor `options`. The file is a config like any other, and need not be
    complete; its comments are for people, and `ganzoo show recipe NAME` prints them.

    Attributes:
        file: `"package:folder/name.toml"`, read when the recipe is first used.

    Raises:
        ValueError: as for every descriptor; a malformed file; a factory or options are given.
    """

    file: str
    factory: str = ""

    kind: ClassVar[str] = "recipe"

    def _check_targets(self) -> None:
        if not isinstance(self.file, str) or not _FILE.fullmatch(self.file):
            raise ValueError(
                f"file of {self.name!r} must look like 'package:recipes/name.toml'; "
                f"got {self.file!r}"
            )
        if self.factory or self.options:
            raise ValueError(f"the recipe {self.name!r} has a file, and no factory or options")


class CommandSpec(ComponentSpec):
    """A subcommand of `ganzoo`: `factory` names a `click.Command` or `click.Group`, made already.

    `summary` is its line in `ganzoo --help`, for which the command itself is not imported.
    """

    kind = "command"


@dataclass(frozen=True)
class Kind:
    """A kind of component: its names in the singular and plural, its section in a config.

    A run (or, for metrics and extractors, an evaluation) has one component of a kind, or, where
    `several`, any number of them: its section then holds a table for each, by name. Components
    derive from `interface`, a class in `ganzoo.interfaces`.
    """

    name: str
    plural: str
    section: str
    spec: type[ComponentSpec]
    interface: str = ""
    several: bool = False

    @property
    def hook(self) -> str:
        """The plugin hook that yields this kind's descriptors."""
        return f"ganzoo_{self.plural}"


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "architecture", "architectures", "arch", ArchitectureSpec, "architecture:Architecture"
        ),
        Kind("loss", "losses", "loss", LossSpec, "loss:Loss"),
        Kind("penalty", "penalties", "penalty", PenaltySpec, "penalty:Regularizer", several=True),
        Kind(
            "augmentation",
            "augmentations",
            "augment",
            AugmentationSpec,
            "augmentation:Augmentation",
            several=True,
        ),
        Kind(
            "constraint",
            "constraints",
            "constraint",
            ConstraintSpec,
            "constraint:Constraint",
            several=True,
        ),
        Kind("dataset", "datasets", "data", DatasetSpec, "dataset:Dataset"),
        Kind("observer", "observers", "observer", ObserverSpec, "observer:Observer", several=True),
        Kind("metric", "metrics", "metric", MetricSpec, "metric:Metric", several=True),
        Kind("extractor", "extractors", "extractor", ExtractorSpec, "extractor:Extractor"),
    )
}
"""The kinds of components."""

LISTED: dict[str, Kind] = {**KINDS, "recipe": Kind("recipe", "recipes", "", RecipeSpec)}
"""Everything a user chooses by name: components and recipes."""

PROVIDED: tuple[Kind, ...] = (*LISTED.values(), Kind("command", "commands", "", CommandSpec))
"""Everything that plugins provide: components, recipes and commands."""
