"""The schema: every setting of a run, with its range, default and description."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    field_serializer,
    field_validator,
)

from ganzoo.interfaces.options import NumbersAreNumbers
from ganzoo.interfaces.schedule import Progress, Scheduled

MOST_STEPS = 1_000_000_000
MOST_IMAGES = 1_000_000
MOST_THREADS = 1024
"""Upper bounds of counts: larger ones are typing errors, and crash in torch or fill the memory."""


class BestBy(NamedTuple):
    """The metric of the log by which checkpoints are compared, and which direction is better.

    Written as text: `NAME`, `NAME:min` or `NAME:max`.
    """

    metric: str
    direction: Literal["min", "max"] = "min"

    def __str__(self) -> str:
        return f"{self.metric}:{self.direction}"

    @classmethod
    def parse(cls, text: object) -> BestBy:
        """From text; raises ValueError where it is none of the three."""
        name, colon, direction = text.partition(":") if isinstance(text, str) else ("", "", "")
        if not name or (colon and direction not in ("min", "max")):
            raise ValueError("should be a metric of the log: NAME, NAME:min or NAME:max")
        return cls(name, "max" if direction == "max" else "min")


class Section(NumbersAreNumbers):
    """A table of the config: frozen, forbids unknown keys."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_default=True,
        allow_inf_nan=False,
        ser_json_inf_nan="constants",  # TOML can say inf: a component's own options may need it
    )


def _parse_size(value: object) -> object:
    """Accept 32, "32", "32x64" (height x width) and [32, 64]."""
    if isinstance(value, str):
        parts = value.lower().split("x")
        if not all(re.fullmatch(r"\s*[0-9]{1,9}\s*", part) for part in parts):
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
Beta = Annotated[Scheduled, Field(ge=0, lt=1)]
Betas = tuple[Beta, Beta]
Epsilon = Annotated[float, Field(gt=0, le=1)]
WeightDecay = Annotated[float, Field(ge=0, le=1)]
GradNorm = Annotated[float, Field(gt=0)]


def _not_zero(value: object) -> object:
    if value == 0:
        raise ValueError("should be greater than 0, or a schedule")
    return value


LearningRate = Annotated[Scheduled, Field(ge=0), AfterValidator(_not_zero)]

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
        le=1_000_000,
        description="Decode all images once and cache them if they take at most this many GiB; "
        "worker processes decode a larger set again in every epoch.",
    )
    skip_bad_images: bool = Field(False, description="Leave out images that cannot be read.")


class TrainingConfig(Section):
    """The optimization: defaults that loss and architecture may replace by their paper's."""

    steps: int = Field(3000, ge=1, le=MOST_STEPS, description="Number of generator updates.")
    kimg: float | None = Field(
        None,
        gt=0,
        le=MOST_STEPS,
        description="How long to train, in thousands of real images shown to the discriminator, "
        "instead of steps.",
    )
    epochs: float | None = Field(
        None,
        gt=0,
        le=MOST_STEPS,
        description="How long to train, in passes of the discriminator over the dataset, instead "
        "of steps.",
    )
    minutes: float | None = Field(
        None, gt=0, le=MOST_STEPS, description="Minutes to train, unless given steps end it first."
    )
    batch_size: int = Field(
        64,
        ge=1,
        le=MOST_IMAGES,
        description="Global batch size: images in one update, over all processes of data parallel "
        "training.",
    )
    n_critic: int = Field(
        1,
        ge=1,
        le=10_000,
        description="Discriminator updates per generator update, each on a fresh batch.",
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
    optimizer: str = Field(
        "adam",
        description="Optimizer of both networks: the name of a class of torch.optim, in lower "
        "case (adam, adamw, radam, rmsprop, sgd, …).",
    )
    generator_lr: LearningRate = Field(
        2e-4,
        description="Learning rate of the generator: a number, or a schedule like "
        "'2e-4 to 0 over 100000 steps'.",
    )
    discriminator_lr: LearningRate = Field(
        2e-4, description="Learning rate of the discriminator, a number or a schedule."
    )
    betas: Betas = Field(
        (0.5, 0.999),
        description="Adam's betas, numbers or schedules. For optimizers without betas the first is "
        "the momentum, and the second rmsprop's smoothing constant alpha.",
    )
    generator_betas: Betas | None = Field(
        None, description="Betas of the generator's optimizer; betas if unset."
    )
    discriminator_betas: Betas | None = Field(
        None, description="Betas of the discriminator's optimizer; betas if unset."
    )
    eps: Epsilon | None = Field(
        None, description="Epsilon of both optimizers; torch's default if unset."
    )
    generator_eps: Epsilon | None = Field(None, description="Epsilon of the generator's optimizer.")
    discriminator_eps: Epsilon | None = Field(
        None, description="Epsilon of the discriminator's optimizer."
    )
    weight_decay: WeightDecay | None = Field(
        None, description="Weight decay of both optimizers; torch's default if unset."
    )
    generator_weight_decay: WeightDecay | None = Field(
        None, description="Weight decay of the generator's optimizer."
    )
    discriminator_weight_decay: WeightDecay | None = Field(
        None, description="Weight decay of the discriminator's optimizer."
    )
    max_grad_norm: GradNorm | None = Field(
        None,
        description="Gradient clipping: scale the gradient of each update of a network down to "
        "this norm where it is larger. Not at all if unset.",
    )
    generator_max_grad_norm: GradNorm | None = Field(
        None, description="Largest gradient norm of the generator; max_grad_norm if unset."
    )
    discriminator_max_grad_norm: GradNorm | None = Field(
        None, description="Largest gradient norm of the discriminator; max_grad_norm if unset."
    )
    ema_decay: Beta = Field(
        0.999,
        description="Decay per step of the generator's exponential moving average (EMA), from "
        "which samples are drawn; it is warmed up over the first steps. 0 samples the latest "
        "weights.",
    )
    ema_halflife: Annotated[Scheduled, Field(ge=0)] | None = Field(
        None,
        description="Half-life of the EMA in thousands of real images (kimg), instead of "
        "ema_decay; without warm-up.",
    )
    ema_rampup: float | None = Field(
        None,
        gt=0,
        description="With ema_halflife: bound the half-life by this fraction of the images shown "
        "so far (StyleGAN2-ADA: 0.05).",
    )
    ema_start: int = Field(
        0,
        ge=0,
        le=MOST_STEPS,
        description="Step at which averaging starts; until then the EMA is the latest weights.",
    )
    init_from: str | None = Field(
        None,
        description="Run directory whose latest weights to start from, where name and shape fit "
        "(transfer learning, fine-tuning).",
    )
    freeze_layers: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Do not train the first layers with parameters of the discriminator (FreezeD, "
        "Mo et al. 2020, for fine-tuning).",
    )
    seed: int = Field(
        0, ge=0, lt=2**63, description="Random seed of initialization, data order and noise."
    )

    @property
    def length(self) -> str:
        """How long to train, in words: `"2,000 steps"`, `"5 minutes"`, or both."""
        minutes = "" if self.minutes is None else f"{self.minutes:g} minutes"
        steps = "" if minutes and self.steps == MOST_STEPS else f"{self.steps:,} steps"
        return f"{steps} or {minutes}" if steps and minutes else steps or minutes

    @property
    def batches_per_step(self) -> int:
        """Real batches in a step."""
        return self.n_critic if self.reuse_fakes else self.n_critic + 1

    @property
    def images_per_step(self) -> int:
        """Real images that the discriminator is trained on in a step."""
        return self.n_critic * self.batch_size

    def progress(self, step: int) -> Progress:
        """Return the progress after so many steps."""
        return Progress(step, step * self.images_per_step)

    def of_network(self, name: str, network: Literal["generator", "discriminator"]) -> Any:
        """Return an optimizer setting of one network, else of both: `("betas", "generator")`."""
        own = getattr(self, f"{network}_{name}")
        return getattr(self, name) if own is None else own


class ExecutionConfig(Section):
    """How a run is computed: device, precision, compilation, memory, processes."""

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
        le=MOST_IMAGES,
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
        le=MOST_THREADS,
        description="Worker processes that decode a set too large to cache; one per CPU if unset.",
    )
    threads: int | None = Field(
        None, ge=1, le=MOST_THREADS, description="CPU threads; by the networks' size if unset."
    )


class LoggingConfig(Section):
    """What a run writes, and how often (in steps)."""

    log_every: int = Field(
        20, ge=1, le=MOST_STEPS, description="Steps between lines of metrics.jsonl."
    )
    sample_every: int | None = Field(
        None,
        ge=1,
        le=MOST_STEPS,
        description="Steps between sample grids. If unset, grids are drawn at steps 0, 1, 2, 5, "
        "10, 20, 50 and 100, then every 200 steps.",
    )
    sample_count: int = Field(64, ge=1, le=4096, description="Images in a sample grid.")
    checkpoint_every: int = Field(
        1000, ge=1, le=MOST_STEPS, description="Steps between checkpoints."
    )
    keep: int | None = Field(
        None,
        ge=1,
        le=MOST_STEPS,
        description="Keep the last K checkpoints (and the best); all if unset.",
    )
    keep_best: BestBy | None = Field(
        None,
        description="Also keep the checkpoint that is best by a metric of the log: NAME, or "
        "NAME:max where higher is better.",
    )
    eval_every: int | None = Field(
        None,
        ge=1,
        le=MOST_STEPS,
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
    eval_images: int = Field(
        1000, ge=2, le=MOST_IMAGES, description="Real and generated images compared."
    )

    def samples_at(self, step: int) -> bool:
        """Return whether a sample grid is due after so many steps."""
        if self.sample_every is None:
            return step in (1, 2, 5, 10, 20, 50, 100) or step % 200 == 0
        return step % self.sample_every == 0

    @field_validator("keep_best", mode="before")
    @classmethod
    def _parse_keep_best(cls, value: object) -> object:
        return value if value is None or isinstance(value, BestBy) else BestBy.parse(value)

    @field_serializer("keep_best", when_used="json")
    def _write_keep_best(self, value: BestBy | None) -> str | None:
        return None if value is None else str(value)
