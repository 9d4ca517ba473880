"""RunConfig: one validated tree, the same as TOML, as command-line flags and as Python.

Values come in layers (flags, a config file, a loss's paper, an engine default); each keeps the
origin it came from. This file knows what a config *is*; `ganzoo.engine.compose` knows how the
components fill what the user left open. It imports no torch.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import tomlkit
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from ganzoo.errors import GanzooError, UsageError, did_you_mean

KeyPath = tuple[str, ...]


class Section(BaseModel):
    """A table of the config: frozen, forbids unknown keys."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_default=True,
        allow_inf_nan=False,
        ser_json_inf_nan="constants",  # TOML can say inf: a component's own options may need it
    )


class ComponentChoice(BaseModel):
    """Which component to use; every other key is one of its own options."""

    model_config = ConfigDict(extra="allow", frozen=True, ser_json_inf_nan="constants")

    name: str = Field(description="Name of the component, or distribution/name.")

    @property
    def options(self) -> dict[str, Any]:
        """The component's options as given."""
        return dict(self.model_extra or {})


def _parse_size(value: object) -> object:
    """Accept 32, "32", "32x64" (height x width) and [32, 64]."""
    if isinstance(value, str):
        parts = value.lower().split("x")
        if not all(part.strip().isdigit() for part in parts):
            raise ValueError("should be a number of pixels like 32, or height x width like 32x64")
        value = [int(part) for part in parts]
    if isinstance(value, int):
        value = [value]
    if isinstance(value, list) and len(value) == 1:
        value = value * 2
    return value


Pixels = Annotated[int, Field(ge=1, le=4096)]


class ImageConfig(Section):
    """The shape to train at."""

    size: Annotated[tuple[Pixels, Pixels] | None, BeforeValidator(_parse_size)] = Field(
        None,
        description="Height and width in pixels; one number for a square. By default the "
        "dataset's own, moved to what the architecture can build.",
    )
    channels: int | None = Field(
        None, ge=1, le=64, description="1 for grey, 3 for RGB. By default the dataset's own."
    )
    skip_bad: bool = Field(False, description="Train without images that cannot be read.")


class TrainingConfig(Section):
    """The optimization: defaults that loss and architecture may replace by their paper's."""

    steps: int = Field(1500, ge=1, description="Generator updates.")
    batch_size: int = Field(64, ge=1, description="Images in one update.")
    n_critic: int = Field(
        1, ge=1, description="Discriminator updates per generator update, each on a fresh batch."
    )
    conditional: bool = Field(False, description="Give both networks the class labels.")
    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] = Field(
        "adam", description="Optimizer of both networks."
    )
    generator_lr: float = Field(2e-4, gt=0, description="Learning rate of the generator.")
    discriminator_lr: float = Field(2e-4, gt=0, description="Learning rate of the discriminator.")
    betas: tuple[
        Annotated[float, Field(ge=0, lt=1)],
        Annotated[float, Field(ge=0, lt=1)],
    ] = Field(
        (0.5, 0.999),
        description="Adam's decay rates. For rmsprop and sgd the first is the momentum, and the "
        "second rmsprop's smoothing.",
    )
    ema_decay: float = Field(
        0.999,
        ge=0,
        lt=1,
        description="Decay of the generator's moving average, which is what is sampled; warmed "
        "up over the first steps. 0 samples the latest weights.",
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Everything random follows from it.")


class ExecutionConfig(Section):
    """How it is computed; never what."""

    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, mps, …")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="Of the networks; losses, norms and weights stay float32."
    )
    penalty_precision: Literal["fp32", "bf16"] = Field(
        "fp32", description="Of the networks inside penalties."
    )
    threads: int | None = Field(None, ge=1, description="CPU threads; torch's choice if unset.")


class LoggingConfig(Section):
    """What a run writes, and how often (in steps)."""

    log_every: int = Field(20, ge=1, description="Steps between lines of metrics.jsonl.")
    sample_every: int = Field(200, ge=1, description="Steps between sample grids.")
    sample_count: int = Field(64, ge=1, le=4096, description="Images in a sample grid.")
    checkpoint_every: int = Field(1000, ge=1, description="Steps between checkpoints.")


class RunConfig(Section):
    """Everything that determines a run. `ganzoo.train(config)` and `--config FILE` take it."""

    arch: ComponentChoice
    loss: ComponentChoice
    data: ComponentChoice
    penalty: dict[str, dict[str, Any]] = Field(
        default={}, description="Penalties by name, each with its options."
    )
    image: ImageConfig = ImageConfig()
    training: TrainingConfig = TrainingConfig()
    execution: ExecutionConfig = ExecutionConfig()
    logging: LoggingConfig = LoggingConfig()

    @field_validator("arch", "loss", "data", mode="before")
    @classmethod
    def _name_alone(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value


SHORTCUTS: dict[str, KeyPath] = {
    **{key: ("training", key) for key in TrainingConfig.model_fields},
    **{key: ("execution", key) for key in ExecutionConfig.model_fields},
    **{key: ("logging", key) for key in LoggingConfig.model_fields},
    "size": ("image", "size"),
    "channels": ("image", "channels"),
    "skip_bad_images": ("image", "skip_bad"),
}
"""Flat names of the config's leaves, the same for `ganzoo.train(...)` and the command line."""


class Layer(NamedTuple):
    """Values from one origin, as a nested tree; `origin` is shown to people."""

    origin: str
    tree: Mapping[str, Any]


class ConfigTree:
    """Layers merged, the first one given winning, each leaf with its origin."""

    def __init__(self) -> None:
        self.values: dict[KeyPath, Any] = {}
        self.origins: dict[KeyPath, str] = {}
        self._penalties: dict[str, None] = {}

    def add(self, layer: Layer) -> None:
        """Fill what no earlier layer has set."""
        penalties = layer.tree.get("penalty")
        if isinstance(penalties, Mapping):  # else `validate` will say what it should be
            self._penalties.update(dict.fromkeys(map(str, penalties)))
        leaves = dict(_leaves(layer.tree))
        for path, value in leaves.items():
            named = (path[0], "name")
            if self.values.get(named, leaves.get(named)) != leaves.get(named, self.get(*named)):
                continue  # options of a component that an earlier layer replaced by another
            # a table cannot go into a single value that a stronger layer has put in its place
            if not any(path[:depth] in self.values for depth in range(1, len(path) + 1)):
                self.values[path] = value
                self.origins[path] = layer.origin

    def override(self, path: KeyPath, value: Any, origin: str) -> None:
        """Replace a value by what it was resolved to."""
        self.values[path] = value
        self.origins[path] = origin

    def settle(self, prefix: KeyPath, values: Mapping[str, Any], origin: str) -> None:
        """Take validated values: those set already keep their origin, the rest get this one."""
        for path, value in _leaves(values, prefix):
            self.values[path] = value
            self.origins.setdefault(path, origin)

    def get(self, *path: str) -> Any:
        """The value at a path, or None."""
        return self.values.get(path)

    @property
    def penalties(self) -> list[str]:
        """Names of the penalties asked for, in the order they were."""
        return list(self._penalties)

    def options(self, *prefix: str) -> dict[str, Any]:
        """The options below a path: all of a component's but its name."""
        table: Any = self.nested()
        for key in prefix:
            table = table.get(key, {})
        return {key: value for key, value in table.items() if key != "name"}

    def validate(self) -> RunConfig:
        """The whole as a `RunConfig`.

        Raises:
            UsageError: one line for each key that is unknown, missing or out of range, with the
                value, its origin and what is allowed.
        """
        try:
            return RunConfig.model_validate(self.nested())
        except ValidationError as error:
            lines = [self._explain(detail) for detail in error.errors()]
            raise UsageError("\n".join(dict.fromkeys(lines))) from None

    def nested(self) -> dict[str, Any]:
        """The values as one tree of plain dicts."""
        tree: dict[str, Any] = {"penalty": {name: {} for name in self.penalties}}
        for path, value in self.values.items():
            table = tree
            for key in path[:-1]:
                table = table.setdefault(key, {})
            table[path[-1]] = value
        return tree

    def _explain(self, detail: Any) -> str:
        path = tuple(str(part) for part in detail["loc"])
        key = ".".join(path)
        above = [o for p, o in self.origins.items() if p == path[: len(p)]]
        below = [o for p, o in self.origins.items() if path == p[: len(path)]]
        given = "".join(f" (from {origin})" for origin in (above or below)[:1])
        if detail["type"] == "extra_forbidden":
            known = _known_keys(path[:-1])
            return (
                f"no setting '{key}'{given}.{did_you_mean(path[-1], known)} "
                f"Allowed here: {', '.join(known)}."
            )
        if detail["type"] == "missing":
            section = "--" + path[0]
            return f"'{path[0]}' is missing: say {section} NAME; `ganzoo list` shows the names."
        message = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
        if detail["type"] in ("model_type", "dict_type"):
            message = f"should be a table: [{key}] and its keys below, or {key}.KEY = VALUE"
        return f"'{key}' is {detail['input']!r}{given}, but {message}."


def _known_keys(path: KeyPath) -> list[str]:
    model: type[BaseModel] = RunConfig
    for key in path:
        annotation = model.model_fields[key].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return sorted(model.model_fields)


def _leaves(tree: Mapping[str, Any], prefix: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    for key, value in tree.items():
        path = (*prefix, str(key))
        if isinstance(value, Mapping):
            yield from _leaves(value, path)
        elif path in (("arch",), ("loss",), ("data",)):  # arch = "dcgan" is short for its name
            yield (*path, "name"), value
        else:
            yield path, value


def tree_of(path: KeyPath, value: Any) -> dict[str, Any]:
    """`("arch", "latent_dim"), 64` as `{"arch": {"latent_dim": 64}}`."""
    for key in reversed(path):
        value = {key: value}
    return value  # type: ignore[no-any-return]


def parse_assignment(text: str) -> tuple[KeyPath, Any]:
    """`"arch.base_channels=32"` as a path and a value; the value is read as TOML if it can be.

    Raises:
        UsageError: where there is no `=` or no section.
    """
    key, equals, value = text.partition("=")
    path = tuple(part.strip() for part in key.split("."))
    if not equals or len(path) < 2 or not all(path):
        raise UsageError(f"'{text}' is not of the form section.key=value, like arch.latent_dim=64")
    try:
        read = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return path, value.strip()
    if isinstance(read, (date, time)):  # no option is one, but a folder may be called 2024-01-01
        return path, value.strip()
    return path, read


def read_toml(file: Path) -> Layer:
    """A config file as a layer.

    Raises:
        UsageError: it is missing, unreadable or no TOML, with the line.
    """
    try:
        return Layer(file.name, tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the config {file}: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is not valid TOML: {error}") from None


def to_toml(config: RunConfig, origins: Mapping[KeyPath, str]) -> str:
    """The config as TOML, each value with a comment that says where it came from."""
    document = tomlkit.document()
    document.add(tomlkit.comment("Feed it back with `ganzoo train --config`: it says everything."))
    _write_table(document, config.model_dump(mode="json", exclude_none=True), origins, ())
    return tomlkit.dumps(document)


def _write_table(
    table: tomlkit.TOMLDocument | tomlkit.items.Table,
    values: Mapping[str, Any],
    origins: Mapping[KeyPath, str],
    prefix: KeyPath,
) -> None:
    for key, value in values.items():
        path = (*prefix, key)
        if isinstance(value, Mapping):
            child = tomlkit.table()
            _write_table(child, value, origins, path)
            table.add(key, child)
            continue
        item = tomlkit.item(value)
        item.comment(f"from {origins.get(path, 'ganzoo')}")
        table.add(key, item)


def load_config(file: Path) -> RunConfig:
    """The complete config of a finished or running run.

    Raises:
        GanzooError: it is missing or was changed into something invalid.
    """
    tree = ConfigTree()
    try:
        tree.add(read_toml(file))
        return tree.validate()
    except UsageError as error:
        raise GanzooError(str(error)) from None
