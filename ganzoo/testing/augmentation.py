"""Promises of an augmentation of what the discriminator sees."""

from __future__ import annotations

from unittest import SkipTest

import torch
from torch import Tensor

from ganzoo.errors import Unsupported
from ganzoo.execution.micro_batches import split_batch
from ganzoo.execution.random_draws import draws_of_whole_batch
from ganzoo.interfaces.augmentation import Augmentation
from ganzoo.interfaces.schedule import Progress
from ganzoo.testing.core import Bench, Promises, expect
from ganzoo.testing.stand_ins import uniform_images
from ganzoo.testing.state import expect_trained

N = 6
"""Images in a batch."""

SHAPES = ((1, 16, 16), (3, 16, 16), (3, 9, 14))
"""Shapes of images that are tested: grey, colour, and of odd sides."""

UPDATES = 40
"""Discriminator updates with high real scores, after which an adaptive augmentation is on."""


class AugmentationBench(Bench):
    """An augmentation under test."""

    def adapted(self) -> Augmentation:
        """Make it, late in a training in which the discriminator wins: it is at work then."""
        augmentation: Augmentation = self.make()
        augmentation.at(Progress(step=100_000, images=10_000_000))
        scores = torch.full((10_000,), 5.0)
        for _ in range(UPDATES):
            with torch.no_grad():
                augmentation.after_discriminator_step(scores, -scores)
        return augmentation

    def images(self, shape: tuple[int, int, int] = SHAPES[1], n: int = N) -> Tensor:
        """Smooth images `(n, *shape)` in [-1, 1], all different."""
        coarse = uniform_images(n, (shape[0], 4, 4), seed=1)
        return torch.nn.functional.interpolate(coarse, shape[1:], mode="bilinear")


def _augmented(augmentation: Augmentation, images: Tensor, *, seed: int = 3) -> Tensor:
    """Augmented images, the same each time for an augmentation whose state does not change.

    Raises:
        SkipTest: it does not keep shape and data type, which another check reports.
    """
    torch.default_generator.manual_seed(seed)
    augmented = augmentation(images)
    if not _is_like(augmented, images):
        raise SkipTest("it does not keep the shape; the check 'keeps_the_shape' says how")
    return augmented  # type: ignore[no-any-return]


def _is_like(augmented: object, images: Tensor) -> bool:
    """Whether the result has the shape and the data type of the images."""
    return (
        isinstance(augmented, Tensor)
        and augmented.shape == images.shape
        and augmented.dtype == images.dtype
    )


promise = Promises(AugmentationBench)


@promise(
    mend="return a tensor of the input's shape and dtype; pad after a shift or rotation, and make "
    "constants with `torch.tensor(…).to(images)`"
)
def keeps_the_shape(bench: AugmentationBench) -> None:
    """Grey and colour images of any size keep their shape and data type."""
    augmentation = bench.adapted()
    for shape in SHAPES:
        for dtype in (torch.float32, torch.float64):
            images = bench.images(shape).to(dtype)
            augmented = augmentation(images)
            expect(isinstance(augmented, Tensor), f"it returns a {type(augmented).__name__}")
            seen = f"{tuple(augmented.shape)} of {augmented.dtype}"
            same = _is_like(augmented, images)
            expect(same, f"images {tuple(images.shape)} of {dtype} become {seen}")
            expect(augmented.isfinite().all(), "it makes values that are not finite")


@promise(
    mend="draw a number for each image (`torch.rand(len(images), 1, 1, 1)`), and take means over "
    "the pixels of an image, not over the batch"
)
def each_image_by_itself(bench: AugmentationBench) -> None:
    """What becomes of an image does not depend on the other images of its batch."""
    augmentation, images = bench.adapted(), bench.images()
    others = torch.cat([images[:1], -images[1:].flip(0)])
    first, second = (_augmented(augmentation, batch)[0] for batch in (images, others))
    expect(
        torch.allclose(first, second, atol=1e-5),
        f"the first image changes by {(first - second).abs().max().item():.2g} with the others",
    )


@promise(mend="draw a number for each image: `torch.rand(len(images), 1, 1, 1)`")
def randomness_is_each_images_own(bench: AugmentationBench) -> None:
    """If it is random, equal images of a batch become different ones."""
    augmentation = bench.adapted()
    images = bench.images(n=1).expand(24, -1, -1, -1)
    one, other = (_augmented(augmentation, images, seed=seed) for seed in (1, 2))
    if torch.equal(one, other):
        raise SkipTest("it is not random, with these options and at this strength")
    same = torch.allclose(one, one[:1].expand_as(one), atol=1e-6)
    expect(not same, "all images of a batch are changed by the same random number")


@promise(
    mend="draw from torch, by elementwise functions whose first dimension is `len(images)` "
    "(torch.rand, torch.randn, torch.bernoulli); not by torch.randperm, numpy or random"
)
def micro_batches(bench: AugmentationBench) -> None:
    """An image in a micro-batch becomes what it becomes in the whole batch."""
    augmentation = bench.adapted()
    images = bench.images(n=1).expand(N, -1, -1, -1)
    whole = _augmented(augmentation, images)
    parts = []
    for part in split_batch(N, 2, rank=0, world_size=1):
        with draws_of_whole_batch(part):
            parts.append(_augmented(augmentation, images[part.rows]))
    change = (torch.cat(parts) - whole).abs().max().item()
    expect(change <= 1e-5, f"images change by {change:.2g} where a batch is divided")


@promise(
    mend="compute with differentiable functions of the images, without `.detach()`, `.round()`, "
    "PIL or torch.no_grad()"
)
def differentiable(bench: AugmentationBench) -> None:
    """Its gradient by the images is that of finite differences, in float64."""
    augmentation, images = bench.adapted(), bench.images().double().requires_grad_()
    rng = torch.Generator().manual_seed(6)
    cotangent, direction = (
        torch.randn(images.shape, generator=rng, dtype=images.dtype) for _ in range(2)
    )

    # Gradient.
    value = (_augmented(augmentation, images) * cotangent).sum()
    expect(value.requires_grad, "the generator gets no gradient through it")
    (gradient,) = torch.autograd.grad(value, images)
    analytic = (gradient * direction).sum().item()

    # Slope.
    step, values = 1e-5, []
    with torch.no_grad():
        for sign in (1, -1):
            moved = _augmented(augmentation, images + sign * step * direction)
            values.append((moved * cotangent).sum().item())
    numeric = (values[0] - values[1]) / (2 * step)
    expect(
        abs(analytic - numeric) <= 1e-3 * (abs(numeric) + 1),
        f"the derivative along some direction is {analytic:.5g}, by finite differences "
        f"{numeric:.5g}",
    )


@promise(
    mend="avoid torch.nn.functional.grid_sample, which has no second derivative: gather pixels and "
    "weight them"
)
def differentiable_twice(bench: AugmentationBench) -> None:
    """A gradient penalty can be taken through it: the gradient by the images has a gradient."""
    augmentation, images = bench.adapted(), bench.images().requires_grad_()
    weight = torch.ones(images.shape[1:], requires_grad=True)
    scores = (_augmented(augmentation, images) * weight).tanh().sum()
    (gradient,) = torch.autograd.grad(scores, images, create_graph=True)
    expect(gradient.requires_grad, "the gradient by the images carries no graph")
    (second,) = torch.autograd.grad(gradient.square().sum(), weight)
    expect(second.isfinite().all(), "the gradient of the penalty is not finite")


@promise(mend="keep numbers that change from step to step as tensors with `register_buffer`")
def state_round_trip(bench: AugmentationBench) -> None:
    """One that loads another's state_dict continues as that one does."""
    augmentation, loaded, images = bench.adapted(), bench.make(), bench.images()
    loaded.load_state_dict(augmentation.state_dict())
    for each in (augmentation, loaded):
        each.at(Progress(step=100_001, images=10_000_100))
    for seed in (1, 2):
        expected, actual = (_augmented(each, images, seed=seed) for each in (augmentation, loaded))
        expect(torch.equal(expected, actual), "after load_state_dict it augments differently")
        scores = torch.linspace(-1, 1, 8)
        for each in (augmentation, loaded):
            with torch.no_grad():
                each.after_discriminator_step(scores, scores)


@promise(
    mend="make a constant a buffer (`register_buffer`) or freeze it (`requires_grad_(False)`); "
    "adapt a strength in `after_discriminator_step`"
)
def parameters_are_trained(bench: AugmentationBench) -> None:
    """It has no parameters that require gradients: no optimizer would train them."""
    expect_trained(bench.make())


@promise(mend="return tensors without a graph from `after_discriminator_step`, by name")
def logs_scalars(bench: AugmentationBench) -> None:
    """What it logs after a discriminator update are scalars; it may be told no scores."""
    augmentation: Augmentation = bench.make()
    for scores in (torch.linspace(-1, 1, N), None):
        try:
            with torch.no_grad():
                logged = augmentation.after_discriminator_step(scores, scores)
        except Unsupported:  # an adaptive one cannot do without
            if scores is not None:
                raise
            continue
        for name, value in logged.items():
            scalar = isinstance(value, Tensor) and value.ndim == 0
            expect(scalar, f"'{name}' is {type(value).__name__}, no scalar tensor")
