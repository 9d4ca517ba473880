"""What a penalty promises, on either side of the game."""

from __future__ import annotations

from dataclasses import dataclass, field
from unittest import SkipTest

import torch
from torch import Tensor, nn

from ganzoo.interfaces.critic import Batch
from ganzoo.interfaces.penalty import GeneratorPenalty, Penalty
from ganzoo.testing.core import Bench, Promises, expect
from ganzoo.testing.stands import (
    IMAGE,
    Linear,
    Painter,
    Smooth,
    critic_of,
    labels_of,
    noise,
)

N = 6
CLOSE = 1e-5
TOLERATED = 0.03
"""Of a gradient's length, by which one in bfloat16 may differ."""

DRAWS = 16
"""Random numbers are drawn so often where their mean counts."""


@dataclass(frozen=True)
class Setting:
    """The networks and images a penalty is tried on.

    Attributes:
        discriminator: what it is to regularize, or what its generator plays against.
        real: a batch of images.
        fake: another; a penalty on the generator sees `generator(z)` instead.
        generator: what a penalty on the generator is to regularize.
        precision: that the networks run in.
    """

    discriminator: nn.Module = field(default_factory=Smooth)
    real: Batch = field(default_factory=lambda: noise(N, seed=1))
    fake: Batch = field(default_factory=lambda: noise(N, seed=2))
    generator: Painter = field(default_factory=Painter)
    precision: str = "fp32"


class PenaltyBench(Bench):
    """A penalty under test."""

    def value(self, setting: Setting, *, seed: int = 3) -> Tensor:
        """A fresh penalty's value, its random numbers the same for the same seed."""
        dtype = setting.real.images.dtype
        try:
            return self._value_of(self.make().to(dtype), setting, seed)
        except RuntimeError:  # one that does its sums in float32 whatever it is given
            return self._value_of(self.make(), setting, seed)

    def _value_of(self, penalty: Penalty | GeneratorPenalty, setting: Setting, seed: int) -> Tensor:
        critic = critic_of(setting.discriminator, precision=setting.precision)
        torch.default_generator.manual_seed(seed)
        if isinstance(penalty, Penalty):
            return penalty.penalty(critic, setting.real, setting.fake)
        setting.discriminator.requires_grad_(False)
        real = setting.real
        z = torch.randn(len(real), Painter.latent_dim, generator=torch.Generator().manual_seed(4))
        z = z.to(real.images.dtype)
        with critic.execution.autocast(setting.precision):
            images = setting.generator(z)
        fake = Batch(images.to(real.images.dtype), real.labels)
        return penalty.penalty(setting.generator, critic, z, fake, real)

    def of_discriminator(self) -> Penalty:
        """A fresh penalty, where it is one on the discriminator."""
        penalty = self.make()
        if not isinstance(penalty, Penalty):
            raise SkipTest("it is a penalty on the generator")
        return penalty

    def regularized(self, setting: Setting) -> nn.Module:
        """The network whose gradient it is to give."""
        on_discriminator = isinstance(self.make(), Penalty)
        return setting.discriminator if on_discriminator else setting.generator


promise = Promises(PenaltyBench)


@promise(mend="take a mean over the batch, so that no dimension is left")
def scalar(bench: PenaltyBench) -> None:
    """It is a scalar of one number."""
    shape = tuple(bench.value(Setting()).shape)
    expect(shape == (), f"its shape is {shape}")


@promise(mend="penalize a square or a norm; a penalty below zero is a reward")
def non_negative(bench: PenaltyBench) -> None:
    """It is never below zero."""
    for norm in (0.0, 0.3, 1.0, 3.0, 10.0):
        value = bench.value(Setting(Linear(norm))).mean().item()
        expect(value >= -CLOSE, f"{value:.4g} for a linear critic of gradient norm {norm:g}")
    value = bench.value(Setting()).mean().item()
    expect(value >= -CLOSE, f"{value:.4g} for a small smooth critic")


@promise(
    mend="take each image's norm over all its channels and pixels "
    "(`gradient.flatten(1).norm(dim=1)`), and measure it from the paper's target"
)
def zero_where_declared(bench: PenaltyBench) -> None:
    """It is zero for a linear critic of its `zero_at_gradient_norm`, and not for every other."""
    rest = bench.of_discriminator().zero_at_gradient_norm()
    if rest is None:
        raise SkipTest("its zero_at_gradient_norm() names no norm; define it if the paper has one")
    value = bench.value(Setting(Linear(rest))).mean().item()
    expect(
        abs(value) <= CLOSE,
        f"{value:.4g} for a linear critic of gradient norm {rest:g}, where it is to be 0",
    )
    beyond = [rest + more for more in (2, 20, 200)]
    values = [bench.value(Setting(Linear(norm))).mean().item() for norm in beyond]
    expect(
        max(values) > 10 * CLOSE,
        f"{max(values):.4g} for one of norm {beyond[-1]:g} as well: it penalizes nothing",
    )


@promise(mend="reduce over the pixels of each image first and take the mean over the batch last")
def per_sample(bench: PenaltyBench) -> None:
    """The penalty of a batch is the mean of the penalties of its images one by one."""
    if not bench.of_discriminator().demands().forbids_batch_statistics:
        raise SkipTest("it does not ask for scores that are each image's own")
    # Each image lies far inside one of two regions in which the critic's gradient is constant, so
    # that it matters little where at random it is looked at.
    signs = torch.tensor([1.0, -1.0, 1.0, 1.0, -1.0, 1.0])[:N, None, None, None]
    images = 0.8 * signs + 0.05 * noise(N, seed=5).images
    for norm in (1.5, 4.0):
        critic = Linear(norm, leak=0.2)

        def of(some: slice, seed: int, critic: nn.Module = critic) -> float:
            batch = Batch(images[some], labels_of(N)[some])
            return bench.value(Setting(critic, batch, batch), seed=seed).mean().item()

        whole = torch.tensor([of(slice(N), seed) for seed in range(DRAWS)])
        alone = torch.tensor(
            [[of(slice(k, k + 1), seed) for k in range(N)] for seed in range(DRAWS)]
        ).mean(1)
        chance = 5 * (whole - alone).std().item() / DRAWS**0.5  # 0 if nothing is drawn
        expect(
            abs(whole.mean() - alone.mean()) <= 1e-3 * (alone.mean().abs() + 0.01) + chance,
            f"{whole.mean():.5g} for {N} images and {alone.mean():.5g} on average for each alone, "
            f"with a critic of gradient norms {norm:g} and {0.2 * norm:g}",
        )


@promise(mend="draw one number for each image: `torch.rand_like(images[:, :1, :1, :1])`")
def randomness_is_each_images_own(bench: PenaltyBench) -> None:
    """Where it draws points at random, it draws another for each image of a batch."""
    penalty = bench.of_discriminator()
    ones = torch.ones(N, *IMAGE.shape)
    real, fake = Batch(0.9 * ones, labels_of(N)), Batch(-0.9 * ones, labels_of(N))
    seen: list[list[Tensor]] = []
    for seed in (1, 2):
        spy = Spy(Smooth())
        torch.default_generator.manual_seed(seed)
        penalty.penalty(critic_of(spy), real, fake)
        seen.append(spy.seen)
    for first, second in zip(*seen, strict=False):
        drawn = first.shape == second.shape and not torch.equal(first, second)
        if drawn and len(first) > 1:
            alike = torch.equal(first, first[:1].expand_as(first))
            expect(not alike, "all images of a batch are moved by the same random number")


@promise(mend="return `ganzoo.Demands(forbids_batch_statistics=True)` from `demands()`")
def forbids_batch_statistics(bench: PenaltyBench) -> None:
    """Where it differentiates scores by images, it forbids statistics that would mix them."""
    penalty = bench.of_discriminator()
    spy = Spy(Smooth())
    penalty.penalty(critic_of(spy), noise(N, seed=1), noise(N, seed=2))
    differentiates = any(images.requires_grad for images in spy.seen)
    expect(
        penalty.demands().forbids_batch_statistics or not differentiates,
        "it shows the critic images that require a gradient, and its demands() forbid nothing",
    )


@promise(
    mend="use `ganzoo.image_gradient`, or torch.autograd.grad with create_graph=True, and "
    "neither `.item()`, `.detach()`, `.data` nor torch.no_grad() on the way"
)
def differentiable_twice(bench: PenaltyBench) -> None:
    """Its gradient by the network's parameters is that of finite differences in float64."""
    double = torch.float64
    real, fake = noise(N, seed=1, dtype=double), noise(N, seed=2, dtype=double)
    # what a penalty keeps, as a moving average, moves with the parameters but has no gradient
    tolerance = 0.2 if list(bench.make().buffers()) else 1e-2
    some = False
    for scale in (1.0, 10.0, 100.0):  # one-sided penalties are flat for flat critics
        setting = Setting(Smooth(scale).double(), real, fake, Painter().double())
        value = bench.value(setting).mean()
        expect(
            value.requires_grad,
            "its value carries no graph: it would be logged and would train nothing",
        )
        torch.autograd.backward(value)
        for name, parameter in bench.regularized(setting).named_parameters():
            source = torch.Generator().manual_seed(6)
            way = torch.randn(parameter.shape, dtype=double, generator=source)
            analytic = 0.0 if parameter.grad is None else (parameter.grad * way).sum().item()
            numeric = _slope(bench, setting, parameter, way)
            expect(
                abs(analytic - numeric) <= tolerance * (abs(numeric) + 1e-2),
                f"the derivative by '{name}' along some direction is {analytic:.5g}, by finite "
                f"differences {numeric:.5g}",
            )
            some = some or abs(analytic) > 1e-8
    expect(some, "it does not depend on the network's parameters at all")


@promise(
    mend="use torch.linalg.vector_norm, whose derivative at zero is zero, or add 1e-12 under "
    "the square root"
)
def finite_at_zero_gradient(bench: PenaltyBench) -> None:
    """Value and gradient are finite for a network that is flat, as some are at initialization."""
    setting = Setting(Linear(0.0), generator=Painter(constant=True))
    value = bench.value(setting).mean()
    expect(value.isfinite(), f"its value is {value.item()}")
    if value.requires_grad:
        torch.autograd.backward(value)
    for name, parameter in bench.regularized(setting).named_parameters():
        finite = parameter.grad is None or parameter.grad.isfinite().all()
        expect(finite, f"its gradient by '{name}' is not finite")


@promise(
    mend="take norms, differences and means in float32; difference quotients of scores "
    "cancel in bfloat16, a gradient does not"
)
def bfloat16_autocast(bench: PenaltyBench) -> None:
    """With networks in bfloat16 it is finite, and close to its value in float32."""
    wanted = bench.value(Setting()).mean().item()
    setting = Setting(precision="bf16")
    value = bench.value(setting).mean()
    expect(value.isfinite(), f"it is {value.item()} in bfloat16")
    expect(
        abs(value.item() - wanted) <= 0.1 * abs(wanted) + 0.01,
        f"it is {value.item():.4g} in bfloat16 and {wanted:.4g} in float32",
    )
    if value.requires_grad:
        torch.autograd.backward(value)
    for name, parameter in bench.regularized(setting).named_parameters():
        finite = parameter.grad is None or parameter.grad.isfinite().all()
        expect(finite, f"in bfloat16 its gradient by '{name}' is not finite")


@promise(
    mend="leave `tolerates_bfloat16` off; a difference of near numbers, as a norm near its target "
    "is, loses in bfloat16 what it needs"
)
def tolerance_of_bfloat16(bench: PenaltyBench) -> None:
    """Where it says so, its gradient with the network in bfloat16 is within 3 % of float32's."""
    if not bench.make().tolerates_bfloat16:
        raise SkipTest("its tolerates_bfloat16 is off: it runs in float32 unless a user says so")
    for scale in (1.0, 10.0, 100.0):
        found: dict[str, Tensor] = {}
        for precision in ("fp32", "bf16"):
            setting = Setting(Smooth(scale), precision=precision)
            torch.autograd.backward(bench.value(setting).mean())
            gradients = [p.grad for p in bench.regularized(setting).parameters()]
            found[precision] = torch.cat([g.flatten() for g in gradients if g is not None])
        size = found["fp32"].norm().item()
        error = (found["bf16"] - found["fp32"]).norm().item()
        expect(
            error <= TOLERATED * size + CLOSE,
            f"it differs by {error / max(size, 1e-30):.1%} for a small smooth critic",
        )


class Spy(nn.Module):
    """Passes images on to a discriminator, and keeps them.

    Args:
        discriminator: gives the scores.
    """

    def __init__(self, discriminator: nn.Module) -> None:
        super().__init__()
        self.discriminator = discriminator
        self.seen: list[Tensor] = []

    def forward(self, images: Tensor) -> Tensor:
        """Images `(N, C, H, W)` to scores `(N,)`."""
        self.seen.append(images)
        scores: Tensor = self.discriminator(images)
        return scores


def _slope(bench: PenaltyBench, setting: Setting, parameter: nn.Parameter, way: Tensor) -> float:
    """The central difference quotient of a penalty as a parameter moves."""
    step = 1e-4
    values = []
    for sign in (1, -1):
        with torch.no_grad():
            parameter.add_(way, alpha=sign * step)
        values.append(bench.value(setting).mean().item())
        with torch.no_grad():
            parameter.sub_(way, alpha=sign * step)
    return (values[0] - values[1]) / (2 * step)
