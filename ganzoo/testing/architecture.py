"""What an architecture promises of the networks it builds, by what they give.

What they must survive (autocast, a compiler, a copy) is in `survival.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

import torch
from torch import Tensor

from ganzoo.errors import Unsupported
from ganzoo.interfaces.architecture import Architecture
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.latent import Latent
from ganzoo.testing import settings
from ganzoo.testing.core import Broken, Promises, expect
from ganzoo.testing.networks import (
    BATCH,
    CLASSES,
    FEW,
    LABELLED,
    SIZES,
    STRICT,
    WITH_LOGITS,
    ArchitectureBench,
    Built,
    describe,
    is_built,
    runs,
    scores_of,
    total,
)
from ganzoo.training.demands import check_discriminator

promise = Promises(ArchitectureBench)

DIFFERENT = 1e-6
"""Outputs that differ by less are the same."""


@promise(
    mend="derive every layer's size from `image.channels`, `image.height` and `image.width`; "
    "raise ganzoo.Unsupported in `build` for what cannot be; give scores as `.flatten()`"
)
def shapes(bench: ArchitectureBench) -> None:
    """Images have the shape that `build` took, for any number of channels, and scores `(N,)`."""
    some = False
    for built in bench.sizes():
        some = True
        try:
            _expect_shapes(built, FEW)
        except RuntimeError as error:
            raise Broken(f"networks for {built.image} cannot be called: {error}") from error
    tried = ", ".join(f"{height}x{width}" for height, width in SIZES)
    expect(some, f"it refuses {tried}, grey and coloured")


@promise(
    mend="return from `natural_size` only sizes that `build` takes, as the nearest power of two"
)
def natural_size_is_built(bench: ArchitectureBench) -> None:
    """`natural_size` names a size that it builds, whatever the dataset's own is."""
    architecture: Architecture = bench.make()
    demands, _ = bench.least
    for height, width in SIZES[:4]:
        size = architecture.natural_size(height, width)
        images = [ImageSpec(channels, *size, num_classes=CLASSES) for channels in (3, 1)]
        if not any(is_built(architecture, image, demands) for image in images):
            raise Broken(f"natural_size({height}, {width}) is {size}, and it refuses to build that")


@promise(mend="name no dtype in the networks, or torch.float32")
def dtype(bench: ArchitectureBench) -> None:
    """Images, scores and whatever else the networks give are float32 where their input is."""
    for built in chain(filter(runs, bench.sizes()), bench.all_variants()):
        for name, network in built.both:
            for key, value in built.outputs(network, built.input_of(name, FEW)).items():
                seen = f"{key or 'the output'} of the {name} is {value.dtype}"
                expect(value.dtype == torch.float32, seen)


@promise(mend="end the generator in a tanh")
def images_in_range(bench: ArchitectureBench) -> None:
    """Images lie in [-1, 1], whatever the generator's weights become."""
    for built in chain(filter(runs, bench.sizes()), bench.all_variants()):
        for factor in (1, 4, 4):  # on top of each other
            with torch.no_grad():
                for parameter in built.generator.parameters():
                    parameter.mul_(factor)
            (images,) = built.outputs(built.generator, built.z(FEW)).values()
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
                except Exception as error:  # whatever a network may raise
                    mode = "training" if training else "evaluation"
                    raise Broken(f"for a batch of {n} in {mode}: {error}") from error


@promise(
    mend="put the class into the generator (embed it beside z), or refuse "
    "Demands(labels=True) with ganzoo.Unsupported"
)
def labels_change_the_images(bench: ArchitectureBench) -> None:
    """Where labels are demanded, one z gives another image for each class."""
    built = bench.build(LABELLED).awake()
    z = built.z()
    _expect_classes_differ(lambda k: built.afresh(built.generator, z, k)[""], "image")


@promise(
    mend="put the class into the discriminator (a projection of its embedding, say), or "
    "refuse Demands(labels=True) with ganzoo.Unsupported"
)
def labels_change_the_scores(bench: ArchitectureBench) -> None:
    """Where labels are demanded, an image has another score under each of them."""
    built = bench.build(LABELLED).awake()
    noise = built.noise()
    _expect_classes_differ(
        lambda k: scores_of(built.afresh(built.discriminator, noise, k)), "score"
    )


@promise(
    mend='return {"scores": …, "class_logits": …} for Demands(class_logits=True) and leave '
    "the labels alone, or refuse it with ganzoo.Unsupported"
)
def class_logits(bench: ArchitectureBench) -> None:
    """Where class logits are demanded they are `(N, classes)` and do not read the labels."""
    built = bench.build(WITH_LOGITS).awake()
    noise = built.noise()
    first, second = (
        built.afresh(built.discriminator, noise, torch.full((BATCH,), k)) for k in (0, 1)
    )
    expect("class_logits" in first, f"the discriminator gives {', '.join(first) or 'nothing'}")
    seen = tuple(first["class_logits"].shape)
    expect(seen == (BATCH, CLASSES), f"shape {seen} for {BATCH} images of {CLASSES} classes")
    for key, value in first.items():
        far = (value - second[key]).abs().max().item()
        expect(far <= DIFFERENT, f"{key} change by {far:.2g} with the labels they are to predict")


@promise(
    mend="draw every number from torch (torch.randn, nn.init): numpy and random are not "
    "seeded by a run"
)
def deterministic(bench: ArchitectureBench) -> None:
    """From one seed of torch come the same networks, and from the same input the same output."""
    once, again = bench.build(seed=5), bench.build(seed=5)
    for (name, network), (_, other) in zip(once.both, again.both, strict=True):
        state, twin = network.state_dict(), other.state_dict()
        for key, value in state.items():
            same = isinstance(value, Tensor) and torch.equal(value, twin[key])
            expect(same, f"two builds from one seed differ in '{key}' of the {name}")
        x = once.input_of(name)
        first, second = (once.afresh(network, x) for _ in range(2))
        for key, value in first.items():
            same = torch.allclose(value, second[key], atol=1e-4)
            expect(same, f"two calls of the {name} from one seed differ")


@promise(
    mend="use layer, group or instance norm in the discriminator where "
    "`demands.forbids_batch_statistics`, or refuse it with ganzoo.Unsupported"
)
def no_dependence_across_samples(bench: ArchitectureBench) -> None:
    """Where batch statistics are forbidden, no score depends on the other images of its batch."""
    built = bench.build(bench.least[0] | STRICT).awake()
    try:
        check_discriminator(built.discriminator, built.image, built.demands)
    except Unsupported as seen:
        raise Broken(str(seen)) from None


@promise(
    mend="take parameters out that are not used under the demands, and `detach()`, `.data`, "
    "`round()` and `argmax()` from the way to the output"
)
def gradient_reaches_every_parameter(bench: ArchitectureBench) -> None:
    """Each parameter of both networks has a gradient that is finite and not zero."""
    for built in bench.all_variants():
        for name, network in built.both:
            torch.autograd.backward(total(built.outputs(network, built.input_of(name))))
            for key, parameter in network.named_parameters():
                if not parameter.requires_grad:
                    continue
                gradient = parameter.grad
                what = f"'{key}' of the {name} built {describe(built.demands)}"
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
        built = bench.build(seed=seed).awake()
        for factor in (4, 4, 4, -4, 4, 4):  # on top of each other
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
    """Its latent draws float32 `(n, latent_dim)` from the given source; walks end where asked."""
    made = bench.make().latent
    expect(isinstance(made, Latent), f"it is a {type(made).__name__}, no ganzoo.Latent")
    first, again = (
        made.sample(4, generator=torch.Generator().manual_seed(0), device="cpu") for _ in range(2)
    )
    expect(
        first.shape == (4, made.latent_dim) and first.dtype == torch.float32,
        f"sample(4) is {first.dtype} of shape {tuple(first.shape)}, latent_dim is "
        f"{made.latent_dim}",
    )
    expect(torch.equal(first, again), "two draws from one seeded generator differ")
    for t, end in ((0.0, first[:1]), (1.0, first[1:2])):
        point = made.interpolate(first[:1], first[1:2], t)
        expect(torch.allclose(point, end, atol=1e-3), f"interpolate(…, t={t}) is not that end")


@promise(mend=settings.MEND)
def training_settings(bench: ArchitectureBench) -> None:
    """The settings it recommends are ones that a run takes."""
    settings.expect_valid(bench.make().settings())


def _expect_shapes(built: Built, n: int) -> None:
    """Images and scores of a batch have the shapes of the contract."""
    (images,) = built.outputs(built.generator, built.z(n)).values()
    wanted = (n, *built.image.shape)
    what = f"for {built.image}, built {describe(built.demands)},"
    seen = tuple(images.shape)
    expect(seen == wanted, f"{what} {n} images have shape {seen}, not {wanted}")
    outputs = built.outputs(built.discriminator, built.noise(n))
    scores = scores_of(outputs)
    expect(scores.shape == (n,), f"{what} scores of {n} images have shape {tuple(scores.shape)}")


def _expect_classes_differ(outputs: Callable[[Tensor], Tensor], what: str) -> None:
    """Each output of a batch changes as its class does, the other classes being mixed.

    Mixed, since batch norm takes out whatever a whole batch has in common.
    """
    labels = torch.arange(BATCH) % CLASSES
    before = outputs(labels)
    for shift in range(1, CLASSES):
        far = (outputs((labels + shift) % CLASSES) - before).abs().reshape(BATCH, -1).amax(1)
        for k, distance in zip(labels.tolist(), far.tolist(), strict=True):
            other = (k + shift) % CLASSES
            expect(distance > DIFFERENT, f"class {k} and class {other} give the same {what}")
