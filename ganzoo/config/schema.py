"""The schema: every setting of a run, with its range, default and description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_serializer,
    field_validator,
)

from ganzoo.errors import UsageError, did_you_mean
from ganzoo.interfaces.options import validated

KeyPath = tuple[str, ...]


class BestBy(NamedTuple):
    """The metric of the log by which checkpoints are compared, and which direction is better.

    Written as text: `NAME`, `NAME:min` or `NAME:max`.
    """

    metric: str
    direction: Literal["min", "max"] = "min"

    def __str__(self) -> str:
        return f"{self.metric}:{self.direction}"

    @classmethod
    def parse(cls, text: str) -> BestBy:
        """From text; raises ValueError where it is none of the three."""
        name, colon, direction = text.partition(":")
        if not name or (colon and direction not in ("min", "max")):
            raise ValueError("should be a metric of the log: NAME, NAME:min or NAME:max")
        return cls(name, "max" if direction == "max" else "min")


class Section(BaseModel):
    """A table of the config: frozen, forbids unknown keys."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_default=True,
        allow_inf_nan=False,
        ser_json_inf_nan="constants",  # TOML can say inf: a component's own options may need it
    )


S = TypeVar("S", bound=Section)


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


def _device_name(value: object) -> object:
    """Accept a `torch.device`, by its name."""
    return str(value) if type(value).__name__ == "device" else value


Pixels = Annotated[int, Field(ge=1, le=4096)]
Size = Annotated[tuple[Pixels, Pixels], BeforeValidator(_parse_size)]
Beta = Annotated[float, Field(ge=0, lt=1)]

Switch = Literal["auto", "on", "off"]
"""A choice that ganzoo makes where the user does not."""


class ImageConfig(Section):
    """The images: shape, augmentation while loading, where they are kept."""

    size: Size | None = Field(
        None,
        description="Height and width in pixels: 32, or 32x64. By default the dataset's own, "
        "moved to the nearest that the architecture can build.",
    )
    channels: int | None = Field(
        None, ge=1, le=64, description="1 for grey, 3 for RGB. By default the dataset's own."
    )
    horizontal_flip: bool = Field(
        False,
        description="Horizontal flip of real images, each with probability 0.5 whenever it is "
        "loaded.",
    )
    store_gib: float = Field(
        64.0,
        ge=0,
        description="Decode all images once and cache them if they take at most this many GiB; "
        "worker processes decode a larger set again in every epoch.",
    )
    skip_bad_images: bool = Field(False, description="Leave out images that cannot be read.")


class TrainingConfig(Section):
    """The optimization: defaults that loss and architecture may replace by their paper's."""

    steps: int = Field(1500, ge=1, description="Number of generator updates.")
    batch_size: int = Field(
        64,
        ge=1,
        description="Global batch size: images in one update, over all processes of data parallel "
        "training.",
    )
    n_critic: int = Field(
        1, ge=1, description="Discriminator updates per generator update, each on a fresh batch."
    )
    reuse_fakes: bool = Field(
        True,
        description="Reuse the fakes of the last discriminator update in the generator update, as "
        "the DCGAN reference does, which saves a forward pass of the generator. If off, the "
        "generator update draws new fakes and a real batch of its own, as the papers write it.",
    )
    conditional: bool = Field(
        False,
        description="Class-conditional training: both networks receive the labels. A loss that "
        "needs labels switches it on.",
    )
    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] = Field(
        "adam", description="Optimizer of both networks."
    )
    generator_lr: float = Field(2e-4, gt=0, description="Learning rate of the generator.")
    discriminator_lr: float = Field(2e-4, gt=0, description="Learning rate of the discriminator.")
    betas: tuple[Beta, Beta] = Field(
        (0.5, 0.999),
        description="Adam's betas. For rmsprop and sgd the first is the momentum, and the second "
        "rmsprop's smoothing constant alpha.",
    )
    ema_decay: float = Field(
        0.999,
        ge=0,
        lt=1,
        description="Decay of the generator's exponential moving average (EMA), from which "
        "samples are drawn; it is warmed up over the first steps. 0 samples the latest weights.",
    )
    seed: int = Field(
        0, ge=0, lt=2**63, description="Random seed of initialization, data order and noise."
    )

    @property
    def batches_per_step(self) -> int:
        """Real batches in a step."""
        return self.n_critic if self.reuse_fakes else self.n_critic + 1


class ExecutionConfig(Section):
    """How it is computed; never what."""

    device: Annotated[str, BeforeValidator(_device_name)] = Field(
        "auto", description="auto, cpu, cuda, cuda:1, mps, …"
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        "auto",
        description="Mixed precision: the networks run in this data type under autocast; weights, "
        "losses and norms stay float32.",
    )
    penalty_precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto",
        description="Precision of the networks inside penalties; auto is bf16 where the networks "
        "run in bf16 and the penalty is known to tolerate it.",
    )
    grad_accum_steps: int = Field(
        1,
        ge=1,
        description="Gradient accumulation: split each batch into this many micro-batches, one "
        "after the other, to fit a large batch into memory.",
    )
    compile: Switch = Field(
        "auto",
        description="Compile the objective of each network, penalties included, with "
        "torch.compile; auto is off.",
    )
    cuda_graphs: Switch = Field(
        "auto", description="Capture a step as one CUDA graph and replay it; auto is off."
    )
    channels_last: Switch = Field(
        "auto", description="channels_last memory format of images and weights; auto is on."
    )
    fused: Switch = Field(
        "auto", description="Fused optimizer kernels; auto uses them where torch has them."
    )
    data_on_device: Switch = Field(
        "auto",
        description="Keep all decoded images in the accelerator's memory; auto does if they take "
        "at most a quarter of what is free.",
    )
    workers: int | None = Field(
        None,
        ge=0,
        description="Worker processes that decode a set too large to cache; one per CPU if unset.",
    )
    threads: int | None = Field(None, ge=1, description="CPU threads; torch's choice if unset.")


class LoggingConfig(Section):
    """What a run writes, and how often (in steps)."""

    log_every: int = Field(20, ge=1, description="Steps between lines of metrics.jsonl.")
    sample_every: int = Field(200, ge=1, description="Steps between sample grids.")
    sample_count: int = Field(64, ge=1, le=4096, description="Images in a sample grid.")
    checkpoint_every: int = Field(1000, ge=1, description="Steps between checkpoints.")
    keep: int | None = Field(
        None, ge=1, description="Keep the last K checkpoints (and the best); all if unset."
    )
    keep_best: BestBy | None = Field(
        None,
        description="Also keep the checkpoint that is best by a metric of the log: NAME, or "
        "NAME:max where higher is better.",
    )
    eval_every: int | None = Field(
        None,
        ge=1,
        description="Evaluate the averaged generator every N steps, into the log; keep_best can "
        "name the numbers. Not at all if unset.",
    )
    eval_metrics: tuple[str, ...] = Field(
        (),
        description="Metrics to evaluate during training; if empty, those that are made for it.",
    )
    eval_extractor: str | None = Field(
        None, description="Feature extractor of these metrics; that of `ganzoo evaluate` if unset."
    )
    eval_images: int = Field(1000, ge=2, description="Real and generated images compared.")

    @field_validator("keep_best", mode="before")
    @classmethod
    def _parse_keep_best(cls, value: object) -> object:
        return BestBy.parse(value) if isinstance(value, str) else value

    @field_serializer("keep_best", when_used="json")
    def _write_keep_best(self, value: BestBy | None) -> str | None:
        return None if value is None else str(value)


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
    observer: dict[str, dict[str, Any]] = Field(
        default={}, description="Observers by name, each with its options."
    )

    @field_validator("arch", "loss", "data", mode="before")
    @classmethod
    def _name_alone(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value


SEVERAL = ("penalty", "observer")
"""Sections that hold a table for each component, by name."""

SECTIONS: dict[str, type[Section]] = {
    "image": ImageConfig,
    "training": TrainingConfig,
    "execution": ExecutionConfig,
    "logging": LoggingConfig,
}
"""Sections of plain settings, in the order in which help and reference show them."""

SETTINGS: dict[str, KeyPath] = {
    name: (section, name) for section, model in SECTIONS.items() for name in model.model_fields
}
"""Every plain setting by its flat name: an argument of `ganzoo.train`, and a flag."""


def sorted_settings(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Flat settings, `{"batch_size": 32, "device": "cpu"}`, by section; None counts as not given.

    Raises:
        UsageError: there is no setting of this name.
    """
    sections: dict[str, dict[str, Any]] = {}
    for name, value in settings.items():
        if name not in SETTINGS:
            raise UsageError(
                f"no setting '{name}'.{did_you_mean(name, SETTINGS)} "
                f"There are {', '.join(sorted(SETTINGS))}."
            )
        if value is not None:
            section, _ = SETTINGS[name]
            sections.setdefault(section, {})[name] = value
    return sections


def merged(model: type[S], *layers: Section | Mapping[str, Any] | None) -> S:
    """A section from several layers, the strongest last; what none sets has its default.

    Raises:
        UsageError: a line for each value that is unknown or out of range.
    """
    values: dict[str, Any] = {}
    for layer in layers:
        if isinstance(layer, Section):
            layer = layer.model_dump(exclude_unset=True)
        values |= layer or {}
    return validated(model, values)
