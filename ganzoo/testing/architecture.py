"""Promises of an architecture about the outputs of its networks.

Promises about copies, other precisions and the compiler are in `survival.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import get_args
from unittest import SkipTest

import torch
from torch import Tensor

from ganzoo.assembly.demands import check_discriminator
from ganzoo.errors import Unsupported
from ganzoo.interfaces.architecture import Architecture
from ganzoo.interfaces.dataset import ConditionKind, ImageSpec
from ganzoo.interfaces.latent import Latent
from ganzoo.testing.core import Broken, Promises, expect
from ganzoo.testing.networks import (
    BATCH,
    LABELLED,
    SIZES,
    SMALL_BATCH,
    STRICT,
    WITH_LOGITS,
    ArchitectureBench,
    Built,
    builds,
    can_be_called,
    scores_of,
    weighted_sum,
    with_condition,
)
from ganzoo.testing.stand_ins import CLASSES

promise = Promises(ArchitectureBench)

DIFFERENT = 1e-6
"""Difference up to which outputs count as equal."""


@promise(
    mend="derive every layer's size from `image.channels`, `image.height` and `image.width`; "
    "raise ganzoo.Unsupported in `build` for other sizes; return scores as `.flatten()`"
)
def shapes(bench: ArchitectureBench) -> None:
    """Images have the shape that `build` took, for any number of channels.

    Scores are `(N,)`, or several an image.
    """
    tested = 0
    for built in bench.sizes():
        tested += 1
        try:
            _expect_shapes(built, SMALL_BATCH)
        except RuntimeError as error:
            raise Broken(f"networks for {built.image} cannot be called: {error}") from error
    sizes = ", ".join(f"{height}x{width}" for height, width in SIZES)
    expect(tested, f"it refuses {sizes}, grey and coloured")


@promise(
    mend="return from `natural_size` only sizes that `build` takes, as the nearest power of two"
)
def natural_size_is_built(bench: ArchitectureBench) -> None:
    """`natural_size` names a size that it builds, whatever the dataset's own is."""
    architecture: Architecture = bench.make()
    demands, _ = bench.minimal
    for height, width in SIZES[:4]:
        size = architecture.natural_size(height, width)
        kind = bench.minimal[1].condition_kind
        images = [with_condition(ImageSpec(channels, *size), kind) for channels in (3, 1)]
        if not any(builds(architecture, image, demands) for image in images):
            raise Broken(f"natural_size({height}, {width}) is {size}, and it refuses to build that")


@promise(mend="name constraints that are installed, with options in their ranges")
def default_constraints_exist(bench: ArchitectureBench) -> None:
    """Its default constraints are installed, and their options are valid."""
    architecture: Architecture = bench.make()
    bench.expect_installed(constraint=architecture.default_constraints())


@promise(mend="set no dtype in the networks, or torch.float32")
def dtype(bench: ArchitectureBench) -> None:
    """All outputs of the networks are float32 if their input is."""
    for built in chain(filter(can_be_called, bench.sizes()), bench.all_variants()):
        for name, network in built.both:
            for key, value in built.outputs(network, built.input_of(name, SMALL_BATCH)).items():
                seen = f"{key or 'the output'} of the {name} is {value.dtype}"
                expect(value.dtype == torch.float32, seen)


@promise(mend="end the generator in a tanh, or clamp its images in evaluation mode")
def images_in_range(bench: ArchitectureBench) -> None:
    """Images lie in [-1, 1] in evaluation mode, whatever the generator's weights become."""
    for built in chain(filter(can_be_called, bench.sizes()), bench.all_variants()):
        built.eval()
        for factor in (1, 4, 4):  # cumulative
            with torch.no_grad():
                for parameter in built.generator.parameters():
                    parameter.mul_(factor)
            (images,) = built.outputs(built.generator, built.z(SMALL_BATCH)).values()
            if factor > 1 and not images.isfinite().all():
                break  # hidden values overflow: without batch statistics nothing bounds them
            low, high = images.min().item(), images.max().item()
            expect(low >= -1 and high <= 1, f"values from {low:.3g} to {high:.3g}")


@promise(
    mend="keep the batch's dimension (`flatten(1)`, never `squeeze()`), view with -1 in its "
    "place, and let batch norm of vectors fall back to its running statistics for one"
)
def any_batch_size(bench: ArchitectureBench) -> None:
    """Both networks take batches of any size, 1 included, in training and in evaluation."""
    for built in bench.all_variants():
        for n in (1, 2, 5):
            for training in (True, False):
                built.generator.train(training)
                built.discriminator.train(training)
                try:
                    _expect_shapes(built, n)
                except Exception as error:  # a network may raise anything
                    mode = "training" if training else "evaluation"
                    raise Broken(f"for a batch of {n} in {mode}: {error}") from error


@promise(
    mend='name only "none", "classes", "vector" and "picture" in `conditions`, and build networks '
    "for each if Demands(labels=True)"
)
def conditions_are_built(bench: ArchitectureBench) -> None:
    """It builds networks for the vectors and pictures that its `conditions` name."""
    kinds = bench.make().conditions
    unknown = sorted(set(kinds) - set(get_args(ConditionKind)))
    expect(not unknown, f"its conditions name {', '.join(map(repr, unknown))}")
    for kind in kinds - {"none", "classes"}:
        image = bench.smallest(kind, LABELLED)
        expect(image is not None, f"its conditions name '{kind}', and it refuses every image")


@promise(
    mend="put the condition into the generator (embed the class beside z), or refuse "
    "Demands(labels=True) with ganzoo.Unsupported"
)
def labels_change_the_images(bench: ArchitectureBench) -> None:
    """If labels are demanded, one z gives another image for each class, vector or picture."""
    for built in _conditional(bench):

        def images(labels: Tensor, built: Built = built) -> Tensor:
            return built.outputs_of_copy(built.generator, built.z(), labels)[""]

        _expect_conditions_differ(built, images, "image")


@promise(
    mend="put the condition into the discriminator (a projection of the class's embedding, say), "
    "or refuse Demands(labels=True) with ganzoo.Unsupported"
)
def labels_change_the_scores(bench: ArchitectureBench) -> None:
    """If labels are demanded, an image has another score for each class, vector or picture."""
    for built in _conditional(bench):

        def scores(labels: Tensor, built: Built = built) -> Tensor:
            return scores_of(built.outputs_of_copy(built.discriminator, built.noise(), labels))

        _expect_conditions_differ(built, scores, "score")


@promise(
    mend='return {"scores": …, "class_logits": …} if Demands.outputs has class logits and leave '
    "the labels alone, or refuse it with ganzoo.Unsupported"
)
def class_logits(bench: ArchitectureBench) -> None:
    """If class logits are demanded, they are `(N, classes)` and do not depend on the labels."""
    built = bench.build(WITH_LOGITS).perturbed()
    noise = built.noise()
    first, second = (
        built.outputs_of_copy(built.discriminator, noise, torch.full((BATCH,), k)) for k in (0, 1)
    )
    expect("class_logits" in first, f"the discriminator gives {', '.join(first) or 'nothing'}")
    shape = tuple(first["class_logits"].shape)
    expect(shape == (BATCH, CLASSES), f"shape {shape} for {BATCH} images of {CLASSES} classes")
    for key, value in first.items():
        change = (value - second[key]).abs().max().item()
        seen = f"{key} change by {change:.2g} with the labels they are to predict"
        expect(change <= DIFFERENT, seen)


@promise(
    mend="draw every random number from torch (torch.randn, nn.init): training does not seed "
    "numpy and random"
)
def deterministic(bench: ArchitectureBench) -> None:
    """Networks of one torch seed are equal, and so are two outputs of one input and seed."""
    built, rebuilt = bench.build(seed=5), bench.build(seed=5)
    for (name, network), (_, other) in zip(built.both, rebuilt.both, strict=True):
        state, other_state = network.state_dict(), other.state_dict()
        for key, value in state.items():
            same = isinstance(value, Tensor) and torch.equal(value, other_state[key])
            expect(same, f"two builds from one seed differ in '{key}' of the {name}")
        x = built.input_of(name)
        first, second = (built.outputs_of_copy(network, x) for _ in range(2))
        for key, value in first.items():
            same = torch.allclose(value, second[key], atol=1e-4)
            expect(same, f"two calls of the {name} from one seed differ")


@promise(
    mend="use layer, group or instance norm in the discriminator where "
    "`demands.forbids_batch_statistics`, or refuse it with ganzoo.Unsupported"
)
def no_dependence_across_samples(bench: ArchitectureBench) -> None:
    """If batch statistics are forbidden, no score depends on the other images of its batch."""
    built = bench.build(bench.minimal[0] | STRICT).perturbed()
    try:
        check_discriminator(built.discriminator, built.image, built.demands, takes_patches=True)
    except Unsupported as refusal:
        raise Broken(str(refusal)) from None


@promise(
    mend="remove parameters that are not used for these demands, and `detach()`, `.data`, "
    "`round()` and `argmax()` between a parameter and the output"
)
def gradient_reaches_every_parameter(bench: ArchitectureBench) -> None:
    """Each parameter of both networks has a gradient that is finite and not zero."""
    for built in bench.all_variants():
        for name, network in built.both:
            torch.autograd.backward(weighted_sum(built.outputs(network, built.input_of(name))))
            for key, parameter in network.named_parameters():
                if not parameter.requires_grad:
                    continue
                gradient = parameter.grad
                what = f"'{key}' of {built.title(name)}"
                expect(gradient is not None, f"{what} gets no gradient")
                assert gradient is not None
                expect(gradient.isfinite().all(), f"{what} gets a gradient that is not finite")
                expect(gradient.any(), f"{what} gets a gradient of zero")


@promise(
    mend="take the sigmoid, tanh or other activation from the discriminator's end: losses "
    "want raw scores, and apply their own"
)
def scores_are_unbounded(bench: ArchitectureBench) -> None:
    """Scores are raw: they leave every interval on both sides as weights and images grow."""
    low, high = 0.0, 0.0
    for seed in range(8):
        built = bench.build(seed=seed).perturbed()
        for factor in (4, 4, 4, -4, 4, 4):  # cumulative
            with torch.no_grad():
                for parameter in built.discriminator.parameters():
                    parameter.mul_(factor)
                outputs = built.outputs(built.discriminator, 1000 * built.noise())
            scores = scores_of(outputs).nan_to_num(0.0)
            low, high = min(low, scores.min().item()), max(high, scores.max().item())
            if low < -100 and high > 100:
                return
    raise Broken(
        f"scores stay within [{low:.3g}, {high:.3g}], with images up to 1000 and weights up to "
        f"{4**6} times as large"
    )


@promise(
    mend="derive the latent from ganzoo.NormalLatent or ganzoo.UniformLatent, or draw with "
    "the `generator` and on the `device` that it is given"
)
def latent(bench: ArchitectureBench) -> None:
    """Its latent draws float32 `(n, latent_dim)` from the given generator; walks have both ends."""
    latent = bench.make().latent
    expect(isinstance(latent, Latent), f"it is a {type(latent).__name__}, no ganzoo.Latent")
    first, again = (
        latent.sample(4, generator=torch.Generator().manual_seed(0), device="cpu") for _ in range(2)
    )
    expect(
        first.shape == (4, latent.latent_dim) and first.dtype == torch.float32,
        f"sample(4) is {first.dtype} of shape {tuple(first.shape)}, latent_dim is "
        f"{latent.latent_dim}",
    )
    expect(torch.equal(first, again), "two draws from one seeded generator differ")
    for t, end in ((0.0, first[:1]), (1.0, first[1:2])):
        point = latent.interpolate(first[:1], first[1:2], t)
        expect(torch.allclose(point, end, atol=1e-3), f"interpolate(…, t={t}) is not that end")


def _expect_shapes(built: Built, n: int) -> None:
    """Expect images and scores of a batch in the right shapes."""
    what = f"for {built.image}, {built.title()},"
    (images,) = built.outputs(built.generator, built.z(n)).values()
    shape, expected = tuple(images.shape), (n, *built.image.shape)
    expect(shape == expected, f"{what} {n} images have shape {shape}, not {expected}")
    scores = scores_of(built.outputs(built.discriminator, built.noise(n)))
    several = scores.ndim > 1 and len(scores) == n < scores.numel()
    shape = tuple(scores.shape)
    expect(several or shape == (n,), f"{what} scores of {n} images have shape {shape}")


def _conditional(bench: ArchitectureBench) -> list[Built]:
    """Perturbed networks for each kind of condition.

    Raises:
        SkipTest: it refuses all of them.
    """
    built, reason = [], SkipTest(f"'{bench.name}' is built without conditions alone")
    for image in bench.images(LABELLED):
        try:
            built.append(bench.build(LABELLED, image).perturbed())
        except SkipTest as skip:
            reason = skip
    if not built:
        raise reason
    return built


def _expect_conditions_differ(built: Built, outputs: Callable[[Tensor], Tensor], what: str) -> None:
    """Expect that each output of a batch changes with its condition.

    The batch holds all classes, since batch norm removes what is common to a whole batch.
    """
    (labels,) = built.labels(BATCH)
    kind = {"classes": "class"}.get(built.image.condition_kind, built.image.condition_kind)
    before = outputs(labels)
    for shift in range(1, CLASSES):
        changes = (outputs(labels.roll(-shift, 0)) - before).abs().reshape(BATCH, -1).amax(1)
        for k, change in enumerate(changes.tolist()):
            first, second = (f"{kind} {j % CLASSES}" for j in (k, k + shift))
            expect(change > DIFFERENT, f"{first} and {second} give the same {what}")
