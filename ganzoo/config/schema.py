"""The schema: every setting of a run, with its range, default and description."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

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
    flip: bool = Field(
        False, description="Mirror each real image, left to right, half of the times it is shown."
    )
    store_gib: float = Field(
        64.0,
        ge=0,
        description="Size in GiB up to which all images are decoded once and kept in the cache; a "
        "larger set is decoded anew each time, by worker processes.",
    )
    skip_bad: bool = Field(False, description="Train without images that cannot be read.")


Switch = Literal["auto", "on", "off"]
"""Something that ganzoo chooses where the user does not."""


class TrainingConfig(Section):
    """The optimization: defaults that loss and architecture may replace by their paper's."""

    steps: int = Field(1500, ge=1, description="Generator updates.")
    batch_size: int = Field(
        64, ge=1, description="Images in one update, of all processes together."
    )
    accumulate: int = Field(
        1,
        ge=1,
        description="Equal parts in which a batch is worked off, one after the other: a batch "
        "that does not fit into memory at once.",
    )
    n_critic: int = Field(
        1, ge=1, description="Discriminator updates per generator update, each on a fresh batch."
    )
    reuse_fakes: bool = Field(
        True,
        description="Judge in the generator's update the fakes of the last discriminator update, "
        "as the DCGAN reference does, which saves a generator pass; otherwise new ones, as the "
        "papers' algorithms are written, on a real batch of their own.",
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

    @property
    def batches_per_step(self) -> int:
        """Real batches in a step."""
        return self.n_critic if self.reuse_fakes else self.n_critic + 1


class ExecutionConfig(Section):
    """How it is computed; never what."""

    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, mps, …")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        "auto", description="Of the networks; losses, norms and weights stay float32."
    )
    penalty_precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto",
        description="Of the networks inside penalties; auto is bf16 where the networks are and "
        "the penalty is known to tolerate it.",
    )
    compile: Switch = Field(
        "auto",
        description="Compile each side's loss, penalties included, with torch.compile; auto is "
        "off where it is not known to pay.",
    )
    cuda_graphs: Switch = Field(
        "auto",
        description="Record a step as one CUDA graph and replay it; auto is off where it is not "
        "known to pay.",
    )
    channels_last: Switch = Field(
        "auto", description="Keep images and weights channels last in memory; auto does."
    )
    fused: Switch = Field(
        "auto", description="Optimizers in one pass over the weights; auto where torch has it."
    )
    rearrange: Switch = Field(
        "auto",
        description="Compute convolutions that torch is slow at in another way; auto does on CPUs.",
    )
    keep_memory: Switch = Field(
        "auto",
        description="Keep memory that one step frees for the next, up to 2 GiB; auto does on CPUs "
        "where the C library can.",
    )
    data_on_device: Switch = Field(
        "auto",
        description="Keep all decoded images on the accelerator; auto does where they take at "
        "most a fourth of its free memory.",
    )
    workers: int | None = Field(
        None,
        ge=0,
        description="Processes that decode a set too large to be kept; as many as CPUs if unset.",
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
    keep_best: str | None = Field(
        None,
        description="Keep the best checkpoint by a metric of the log too: NAME, or NAME:max "
        "where more is better.",
    )

    @field_validator("keep_best")
    @classmethod
    def _name_and_direction(cls, value: str | None) -> str | None:
        name, colon, direction = ("NAME" if value is None else value).partition(":")
        if not name or (colon and direction not in ("min", "max")):
            raise ValueError("should be a metric of the log: NAME, NAME:min or NAME:max")
        return value


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

SHORTCUTS: dict[str, KeyPath] = {
    **{key: ("training", key) for key in TrainingConfig.model_fields},
    **{key: ("execution", key) for key in ExecutionConfig.model_fields},
    **{key: ("logging", key) for key in LoggingConfig.model_fields},
    "size": ("image", "size"),
    "channels": ("image", "channels"),
    "flip": ("image", "flip"),
    "store_gib": ("image", "store_gib"),
    "skip_bad_images": ("image", "skip_bad"),
}
"""Flat names of the config's leaves, the same for `ganzoo.train(...)` and the command line."""
