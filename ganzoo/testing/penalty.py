"""Promises of a penalty on the discriminator or on the generator."""

from __future__ import annotations

from unittest import SkipTest

import torch
from torch import Tensor, nn

from ganzoo.execution.micro_batches import MicroBatch, split_batch
from ganzoo.interfaces.critic import Batch
from ganzoo.interfaces.penalty import Penalty
from ganzoo.testing.core import Promises, expect
from ganzoo.testing.penalty_inputs import WHOLE, Inputs, N, PenaltyBench
from ganzoo.testing.stand_ins import (
    IMAGE,
    LinearDiscriminator,
    SmoothDiscriminator,
    SmoothGenerator,
    WithOutputs,
    critic_of,
    fakes_of,
    labels_of,
    noise_batch,
)

SINGLE_IMAGES = split_batch(N, N, rank=0, world_size=1)

CLOSE = 1e-5
"""Difference up to which values count as equal."""

TOLERATED = 0.03
"""Relative error that a gradient may have in bfloat16."""

DRAWS = 16
"""Repetitions over which the value of a random penalty is averaged."""


promise = Promises(PenaltyBench)


@promise(mend="take a mean over the batch, so that no dimension is left")
def scalar(bench: PenaltyBench) -> None:
    """It is a scalar."""
    shape = tuple(bench.value(Inputs()).shape)
    expect(shape == (), f"its shape is {shape}")


@promise(mend="penalize a square or a norm; a penalty below zero is a reward")
def non_negative(bench: PenaltyBench) -> None:
    """It is never below zero."""
    for norm in (0.0, 0.3, 1.0, 3.0, 10.0):
        value = bench.value(Inputs(LinearDiscriminator(norm))).mean().item()
        expect(value >= -CLOSE, f"{value:.4g} for a linear critic of gradient norm {norm:g}")
    value = bench.value(Inputs()).mean().item()
    expect(value >= -CLOSE, f"{value:.4g} for a small smooth critic")


@promise(
    mend="take each image's norm over all its channels and pixels "
    "(`gradient.flatten(1).norm(dim=1)`), and measure it from the paper's target"
)
def zero_where_declared(bench: PenaltyBench) -> None:
    """It is zero for a linear critic of its `zero_at_gradient_norm`, and not for all others."""
    norm = bench.of_discriminator().zero_at_gradient_norm()
    if norm is None:
        raise SkipTest("its zero_at_gradient_norm() names no norm; define it if the paper has one")
    value = bench.value(Inputs(LinearDiscriminator(norm))).mean().item()
    expect(
        abs(value) <= CLOSE,
        f"{value:.4g} for a linear critic of gradient norm {norm:g}, where it is to be 0",
    )
    larger = [norm + more for more in (2, 20, 200)]
    values = [bench.value(Inputs(LinearDiscriminator(n))).mean().item() for n in larger]
    expect(
        max(values) > 10 * CLOSE,
        f"{max(values):.4g} for one of norm {larger[-1]:g} as well: it penalizes nothing",
    )


@promise(mend="reduce over the pixels of each image first and take the mean over the batch last")
def per_sample(bench: PenaltyBench) -> None:
    """The penalty of a batch is the mean of the penalties of its images one by one."""
    if not bench.of_discriminator().demands().forbids_batch_statistics:
        raise SkipTest("it does not demand scores that depend on one image alone")

    # Every image has a contrast of its own, so that a statistic of the batch is none of its images.
    contrast = torch.linspace(0.1, 1, N)[:, None, None, None]
    real, fake = (
        Batch(contrast * noise_batch(N, seed=seed).images, labels_of(N)) for seed in (5, 6)
    )
    for scale in (1.0, 10.0):
        inputs = Inputs(SmoothDiscriminator(scale), real, fake)

        def value(micro_batch: MicroBatch, seed: int, inputs: Inputs = inputs) -> float:
            return bench.value(inputs, seed=seed, micro_batch=micro_batch).mean().item()

        # The whole batch, and each image alone with the random numbers it has in the batch.
        whole = torch.tensor([value(WHOLE, seed) for seed in range(DRAWS)])
        alone = torch.tensor(
            [[value(single, seed) for single in SINGLE_IMAGES] for seed in range(DRAWS)]
        ).mean(1)

        # Equal, up to 5 standard errors if it draws numbers in another way.
        error = 5 * (whole - alone).std().item() / DRAWS**0.5
        expect(
            abs(whole.mean() - alone.mean()) <= 1e-3 * (alone.mean().abs() + 0.01) + error,
            f"{whole.mean():.5g} for {N} images and {alone.mean():.5g} on average for each alone, "
            f"with a small smooth critic",
        )


@promise(mend="draw one number for each image: `torch.rand_like(images[:, :1, :1, :1])`")
def randomness_is_each_images_own(bench: PenaltyBench) -> None:
    """If it draws random points, it draws another for each image of a batch."""
    penalty = bench.of_discriminator()
    ones = torch.ones(N, *IMAGE.shape)
    real, fake = Batch(0.9 * ones, labels_of(N)), Batch(-0.9 * ones, labels_of(N))
    recorded = [_images_seen(penalty, real, fake, seed=seed) for seed in (1, 2)]

    # Images that differ between seeds must differ within the batch.
    for first, second in zip(*recorded, strict=False):
        random = first.shape == second.shape and not torch.equal(first, second)
        if random and len(first) > 1:
            equal = torch.equal(first, first[:1].expand_as(first))
            expect(not equal, "all images of a batch are moved by the same random number")


@promise(mend="return `ganzoo.Demands(forbids_batch_statistics=True)` from `demands()`")
def forbids_batch_statistics(bench: PenaltyBench) -> None:
    """If it differentiates scores by images, it forbids statistics that would mix images."""
    penalty = bench.of_discriminator()
    seen = _images_seen(penalty, noise_batch(N, seed=1), noise_batch(N, seed=2), seed=0)
    differentiates = any(images.requires_grad for images in seen)
    expect(
        penalty.demands().forbids_batch_statistics or not differentiates,
        "it shows the critic images that require a gradient, and its demands() forbid nothing",
    )


@promise(
    mend="use `ganzoo.image_gradient`, or torch.autograd.grad with create_graph=True, and "
    "neither `.item()`, `.detach()`, `.data` nor torch.no_grad() before the result"
)
def differentiable_twice(bench: PenaltyBench) -> None:
    """Its gradient with respect to the parameters equals finite differences in float64."""
    double = torch.float64
    real, fake = noise_batch(N, seed=1, dtype=double), noise_batch(N, seed=2, dtype=double)
    # a buffer, such as a moving average, depends on the parameters but has no gradient
    tolerance = 0.2 if list(bench.make().buffers()) else 1e-2
    depends = False
    for scale in (1.0, 10.0, 100.0):  # one-sided penalties are zero for flat critics
        # Gradient.
        discriminator, generator = SmoothDiscriminator(scale).double(), SmoothGenerator().double()
        inputs = Inputs(discriminator, real, fake, generator)
        value = bench.value(inputs).mean()
        expect(
            value.requires_grad,
            "its value carries no graph: it would be logged and would train nothing",
        )
        torch.autograd.backward(value)

        # Slope along a direction of each parameter.
        for name, parameter in bench.regularized(inputs).named_parameters():
            rng = torch.Generator().manual_seed(6)
            direction = torch.randn(parameter.shape, dtype=double, generator=rng)
            analytic = 0.0
            if parameter.grad is not None:
                analytic = (parameter.grad * direction).sum().item()
            numeric = _slope(bench, inputs, parameter, direction)
            expect(
                abs(analytic - numeric) <= tolerance * (abs(numeric) + 1e-2),
                f"the derivative by '{name}' along some direction is {analytic:.5g}, by finite "
                f"differences {numeric:.5g}",
            )
            depends = depends or abs(analytic) > 1e-8
    expect(depends, "it does not depend on the network's parameters at all")


@promise(
    mend="use torch.linalg.vector_norm, whose derivative at zero is zero, or add 1e-12 under "
    "the square root"
)
def finite_at_zero_gradient(bench: PenaltyBench) -> None:
    """Value and gradient are finite for constant networks, as some are at initialization."""
    inputs = Inputs(LinearDiscriminator(0.0), generator=SmoothGenerator(constant=True))
    value = bench.value(inputs).mean()
    expect(value.isfinite(), f"its value is {value.item()}")
    _expect_finite_gradients(bench, inputs, value, "its gradient")


@promise(
    mend="take norms, differences and means in float32; difference quotients of scores "
    "cancel in bfloat16, a gradient does not"
)
def bfloat16_autocast(bench: PenaltyBench) -> None:
    """With networks in bfloat16 it is finite, and close to its value in float32."""
    expected = bench.value(Inputs()).mean().item()
    inputs = Inputs(precision="bf16")
    value = bench.value(inputs).mean()
    expect(value.isfinite(), f"it is {value.item()} in bfloat16")
    expect(
        abs(value.item() - expected) <= 0.1 * abs(expected) + 0.01,
        f"it is {value.item():.4g} in bfloat16 and {expected:.4g} in float32",
    )
    _expect_finite_gradients(bench, inputs, value, "in bfloat16 its gradient")


@promise(
    mend="leave `tolerates_bfloat16` off; the difference of two close numbers, as of a norm and "
    "its target, loses its precision in bfloat16"
)
def tolerance_of_bfloat16(bench: PenaltyBench) -> None:
    """If it claims so, its gradient with the network in bfloat16 is within 3 % of float32's."""
    if not bench.make().tolerates_bfloat16:
        raise SkipTest("its tolerates_bfloat16 is off: it runs in float32 unless a user says so")
    for scale in (1.0, 10.0, 100.0):
        single = _gradient(bench, Inputs(SmoothDiscriminator(scale)))
        half = _gradient(bench, Inputs(SmoothDiscriminator(scale), precision="bf16"))
        size, error = single.norm().item(), (half - single).norm().item()
        expect(
            error <= TOLERATED * size + CLOSE,
            f"it differs by {error / max(size, 1e-30):.1%} for a small smooth critic",
        )


class RecordingDiscriminator(SmoothDiscriminator):
    """A smooth discriminator that records the images it is called with."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[Tensor] = []

    def forward(self, images: Tensor) -> Tensor:
        """Images `(N, C, H, W)` to scores `(N,)`."""
        self.images.append(images)
        return super().forward(images)


def _images_seen(penalty: Penalty, real: Batch, fake: Batch, *, seed: int) -> list[Tensor]:
    """Images that a penalty passes to the critic."""
    discriminator = RecordingDiscriminator()
    torch.default_generator.manual_seed(seed)
    wrapped = WithOutputs(discriminator, penalty.demands().outputs)
    penalty.penalty(critic_of(wrapped), real, fakes_of(fake))
    return discriminator.images


def _gradient(bench: PenaltyBench, inputs: Inputs) -> Tensor:
    """Gradient with respect to all parameters of the regularized network, as one vector."""
    torch.autograd.backward(bench.value(inputs).mean())
    gradients = [p.grad for p in bench.regularized(inputs).parameters() if p.grad is not None]
    return torch.cat([gradient.flatten() for gradient in gradients])


def _expect_finite_gradients(bench: PenaltyBench, inputs: Inputs, value: Tensor, what: str) -> None:
    """Expect finite gradients of a penalty's value in the network that it regularizes."""
    if value.requires_grad:
        torch.autograd.backward(value)
    for name, parameter in bench.regularized(inputs).named_parameters():
        finite = parameter.grad is None or parameter.grad.isfinite().all()
        expect(finite, f"{what} by '{name}' is not finite")


def _slope(
    bench: PenaltyBench, inputs: Inputs, parameter: nn.Parameter, direction: Tensor
) -> float:
    """Central difference of a penalty along a direction of a parameter."""
    step = 1e-5  # outputs of the stand-in oscillate; float32 has no digits for less
    values = []
    for sign in (1, -1):
        with torch.no_grad():
            parameter.add_(direction, alpha=sign * step)
        values.append(bench.value(inputs).mean().item())
        with torch.no_grad():
            parameter.sub_(direction, alpha=sign * step)
    return (values[0] - values[1]) / (2 * step)
