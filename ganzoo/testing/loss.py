"""Promises of a loss about the terms of both networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import NamedTuple
from unittest import SkipTest

import torch
from torch import Tensor, nn

from ganzoo.interfaces.architecture import Output
from ganzoo.interfaces.critic import Batch, Fakes
from ganzoo.interfaces.loss import Loss
from ganzoo.testing.core import Bench, Broken, Promises, expect
from ganzoo.testing.stand_ins import (
    ANY_LENGTH,
    CLASSES,
    LookupDiscriminator,
    SmoothDiscriminator,
    SmoothGenerator,
    WithOutputs,
    critic_of,
    fakes_of,
    graded_images,
    labels_of,
    latent_of,
    noise_batch,
)

N = 6
"""Images in a batch."""

SIDES = ("discriminator_loss", "generator_loss")
"""The methods of a loss."""


class Terms(NamedTuple):
    """The terms of one side of a loss, and the scores that they were computed from."""

    side: str
    values: Mapping[str, Tensor]
    real: Tensor
    fake: Tensor

    def total(self) -> Tensor:
        """The sum of the terms."""
        return sum_of(self.values)

    def gradients(self) -> tuple[Tensor, Tensor]:
        """Gradients of the total with respect to the scores of real images and of fakes."""
        total = self.total()
        if not total.requires_grad:
            return torch.zeros(N), torch.zeros(N)
        gradients = torch.autograd.grad(total, (self.real, self.fake), allow_unused=True)
        real, fake = (torch.zeros(N) if gradient is None else gradient for gradient in gradients)
        return real, fake


class LossBench(Bench):
    """A loss under test."""

    def side(
        self,
        side: str,
        real: Tensor,
        fake: Tensor,
        *,
        further: bool = False,
    ) -> Terms:
        """Compute the terms of one of `SIDES` for scores `(N,)`.

        Args:
            side: a method of the loss.
            real: scores of real images.
            fake: scores of fakes.
            further: whether the discriminator returns an output that is not demanded, too.
        """
        loss: Loss = self.make()
        demands = loss.demands()

        # A critic that returns these scores.
        real, fake = (scores.detach().clone().requires_grad_() for scores in (real, fake))
        outputs = {name: _rows(output) for name, output in demands.outputs.items()}
        if further:
            outputs["further"] = _rows(Output("any"))
        discriminator = LookupDiscriminator(torch.cat([real, fake]), outputs)
        discriminator.requires_grad_(side == "discriminator_loss")
        critic = critic_of(discriminator)

        # Terms.
        labels = labels_of(N) if demands.labels else None
        reals, others = (Batch(images, labels) for images in graded_images(2 * N).chunk(2))
        made = fakes_of(others, latent=latent_of(loss))
        fakes = replace(made, generate=_Repeating(others.images))
        torch.default_generator.manual_seed(3)
        if side == "generator_loss":
            return Terms(side, loss.generator_loss(critic, fakes, reals), real, fake)
        return Terms(side, loss.discriminator_loss(critic, reals, fakes), real, fake)

    def both_sides(self, real: Tensor, fake: Tensor) -> Iterator[Terms]:
        """Yield the terms of both sides for the same scores."""
        for side in SIDES:
            yield self.side(side, real, fake)


promise = Promises(LossBench)


@promise(mend="return a dict of names and scalars, each a `.mean()` over the batch")
def scalar_terms(bench: LossBench) -> None:
    """Each side returns at least one named term, and each term is a scalar."""
    for terms in bench.both_sides(torch.randn(N), torch.randn(N)):
        expect(isinstance(terms.values, Mapping), f"{terms.side} gives {type(terms.values)}")
        expect(terms.values, f"{terms.side} gives no term")
        for name, value in terms.values.items():
            expect(
                isinstance(value, Tensor) and value.ndim == 0,
                f"the term '{name}' of {terms.side} is {_shape(value)}",
            )


@promise(
    mend="write it in logits: F.softplus(-score) rather than -log(sigmoid(score)), "
    "F.cross_entropy rather than a softmax and a logarithm"
)
def finite_at_extreme_scores(bench: LossBench) -> None:
    """Both sides and their gradients are finite for scores of plus and minus ten thousand."""
    real_signs = torch.tensor([1.0, -1.0, 1.0, -1.0, 0.0, 0.0])
    fake_signs = torch.tensor([1.0, -1.0, -1.0, 1.0, 1.0, -1.0])
    for size in (1e2, 1e4):
        for terms in bench.both_sides(size * real_signs, size * fake_signs):
            what = f"for scores of up to {size:g} {terms.side}"
            value = terms.total()
            expect(value.isfinite(), f"{what} is {value.item()}")
            for gradient in terms.gradients():
                expect(gradient.isfinite().all(), f"{what} has a gradient that is not finite")


@promise(
    mend="turn a sign: the discriminator wants reals above and fakes below, as in "
    "softplus(-critic(real)) + softplus(critic(fake))"
)
def discriminator_parts_real_from_fake(bench: LossBench) -> None:
    """A discriminator step raises the scores of real images relative to those of fakes."""
    for score in (-0.5, 0.0, 0.5):
        scores = torch.full((N,), score)
        real, fake = bench.side(SIDES[0], scores, scores).gradients()
        expect(
            (fake - real > 0).all(),
            f"where all score {score}, the loss falls by {-real[0].item():.3g} as a real's score "
            f"rises by 1, and by {-fake[0].item():.3g} as a fake's does",
        )


@promise(
    mend="turn a sign: the generator wants its fakes to score high, as in softplus(-critic(fake))"
)
def generator_raises_its_fakes(bench: LossBench) -> None:
    """A generator step raises the score of each fake that scores below the real images."""
    for low, high in ((-0.5, 0.5), (-2.0, 2.0), (-0.1, 0.0)):
        real, fake = torch.full((N,), high), torch.full((N,), low)
        _, gradient = bench.side(SIDES[1], real, fake).gradients()
        expect(
            (gradient < 0).all(),
            f"where fakes score {low} and reals {high}, the loss changes by "
            f"{gradient.max().item():.3g} as a fake's score rises by 1",
        )


@promise(
    mend='read scores by `critic(batch)` or `critic.outputs(batch)["scores"]`; to read '
    "other outputs or labels, demand them in `demands()`"
)
def works_with_what_it_demands(bench: LossBench) -> None:
    """It works with a discriminator that returns what it demands, alone and among others."""
    # Both sides with each kind of discriminator.
    scores = torch.linspace(-1, 1, N)
    for side in SIDES:
        values = []
        for further in (False, True):
            head = "a dict with another output too" if further else "what it demands alone"
            try:
                terms = bench.side(side, scores, -scores, further=further)
            except SkipTest:
                raise
            except Exception as error:  # a loss may raise anything
                seen = f"{side} with a discriminator that gives {head} raises {error!r}"
                raise Broken(seen) from error
            values.append(terms.total())
        expect(
            torch.allclose(values[0], values[-1]),
            f"{side} is {values[0].item():.4g} with what it demands, and {values[-1].item():.4g} "
            "where the discriminator returns another output too",
        )


@promise(mend="compare the class logits with the labels (F.cross_entropy), on both sides")
def class_logits_are_used(bench: LossBench) -> None:
    """If it demands class logits, they move both networks towards the right class."""
    if "class_logits" not in bench.make().demands().outputs:
        raise SkipTest("it demands no class logits")
    for side in SIDES:
        class_logits = torch.zeros(N, CLASSES, requires_grad=True)
        outputs = {name: _rows(o)[:N] for name, o in bench.make().demands().outputs.items()}
        outputs["class_logits"] = class_logits
        critic = critic_of(LookupDiscriminator(torch.zeros(N), outputs))
        images = Batch(graded_images(N), labels_of(N))
        batch = fakes_of(images, latent=latent_of(bench.make()))
        terms = getattr(bench.make(), side)(critic, batch, batch)
        (gradient,) = torch.autograd.grad(sum_of(terms), class_logits, allow_unused=True)
        expect(gradient is not None, f"{side} does not depend on them")
        right = gradient.gather(1, labels_of(N)[:, None])
        expect(
            (right < 0).all(),
            f"{side} changes by {right.max().item():.3g} as the right class's logit rises by 1",
        )


@promise(
    mend="use nothing but the two batches you are given; detach what you keep of them; call "
    "no backward() and change no requires_grad"
)
def no_gradient_into_the_wrong_network(bench: LossBench) -> None:
    """The loss of each network has a gradient in that network, and in no other."""
    # Networks and real images.
    torch.default_generator.manual_seed(0)
    loss: Loss = bench.make()
    demands = loss.demands()
    labels = labels_of(N) if demands.labels else None
    latent = latent_of(loss)
    generator = SmoothGenerator(latent.latent_dim)
    discriminator = WithOutputs(SmoothDiscriminator(), demands.outputs)
    critic = critic_of(discriminator)
    real = Batch(noise_batch(N, seed=1).images, labels)
    generator_parameters = list(generator.parameters())
    discriminator_parameters = list(discriminator.parameters())

    def fakes() -> Fakes:
        z = latent.sample(N)
        return Fakes(generator(z), labels, z=z, generate=generator)

    for _ in range(2):  # twice, since a loss may keep tensors of the other side
        # The generator's loss.
        discriminator.requires_grad_(False)
        terms = loss.generator_loss(critic, fakes(), real)
        _expect_gradient("generator_loss", terms, "generator", generator_parameters)
        frozen = not any(parameter.requires_grad for parameter in discriminator_parameters)
        expect(frozen, "generator_loss makes the discriminator trainable")

        # The discriminator's loss.
        discriminator.requires_grad_(True)
        with torch.no_grad():
            fake = replace(fakes(), generate=deepcopy(generator).requires_grad_(False))
        terms = loss.discriminator_loss(critic, real, fake)
        _expect_gradient("discriminator_loss", terms, "discriminator", discriminator_parameters)
        gradients = torch.autograd.grad(sum_of(terms), generator_parameters, allow_unused=True)
        expect(
            all(gradient is None for gradient in gradients),
            "discriminator_loss sends a gradient into the generator",
        )

    # No backward.
    parameters = [*generator_parameters, *discriminator_parameters]
    unchanged = all(parameter.grad is None for parameter in parameters)
    expect(unchanged, "calling the loss leaves gradients behind: it calls backward() itself")


@promise(
    mend="name penalties that are installed, of your own distribution if you can, with "
    "options in their ranges"
)
def default_penalties_exist(bench: LossBench) -> None:
    """Its default penalties and constraints are installed, and their options are valid."""
    loss = bench.make()
    bench.expect_installed(penalty=loss.default_penalties(), constraint=loss.default_constraints())


@promise(
    mend="make each row of its own row of `fake.z`, of its own score and of `noise()`: no mean "
    "over the batch, and no torch.rand"
)
def refined_z_is_each_images_own(bench: LossBench) -> None:
    """If it moves the z of samples, each moves by itself: the same z in any batch, any day."""
    # A refiner, and networks.
    loss: Loss = bench.make()
    refiner, demands, latent = loss.refiner(), loss.demands(), latent_of(loss)
    if refiner is None:
        raise SkipTest("it moves no z of samples")
    generator = SmoothGenerator(latent.latent_dim).requires_grad_(False)
    critic = critic_of(WithOutputs(SmoothDiscriminator(), demands.outputs).requires_grad_(False))
    z = latent.sample(N, generator=torch.Generator().manual_seed(4))
    labels = labels_of(N) if demands.labels else None

    def refined(rows: slice, seed: int) -> Tensor:
        torch.default_generator.manual_seed(seed)
        rng = torch.Generator().manual_seed(5)
        made = Fakes(generator(z), labels, z=z, generate=generator)[rows]
        return refiner(critic, made, lambda: torch.randn(z.shape, generator=rng)[rows]).detach()

    # All at once, and in two batches.
    whole = refined(slice(N), 0)
    expect(whole.shape == z.shape, f"z {tuple(z.shape)} becomes {tuple(whole.shape)}")
    parts = torch.cat([refined(slice(2), 1), refined(slice(2, N), 2)])
    expect(
        torch.allclose(whole, parts, atol=1e-4),
        f"z differs by up to {(whole - parts).abs().max().item():.3g} as the batch is split",
    )


def _rows(output: Output) -> Tensor:
    """A demanded output for the `2 * N` images of a batch: the same numbers each time."""
    if output.size == "classes":
        return torch.zeros(2 * N, CLASSES)
    rng = torch.Generator().manual_seed(5)
    return torch.randn(2 * N, output.length(CLASSES) or ANY_LENGTH, generator=rng)


class _Repeating:
    """A generator that makes the same images of every z, with a gradient of zero."""

    def __init__(self, images: Tensor) -> None:
        self.images = images

    def __call__(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """z `(M, latent_dim)` to images `(M, C, H, W)`."""
        rows = torch.arange(len(z)) % len(self.images)
        return self.images[rows] + 0 * z.sum(1)[:, None, None, None]


def sum_of(terms: Mapping[str, Tensor]) -> Tensor:
    """The sum of the terms of a loss."""
    return torch.stack([term.sum() for term in terms.values()]).sum()


def _shape(value: object) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    return f"a {type(value).__name__}, no tensor"


def _expect_gradient(
    side: str, terms: Mapping[str, Tensor], name: str, parameters: list[nn.Parameter]
) -> None:
    """Expect that the sum of the terms has a gradient in a network."""
    total = sum_of(terms)
    if not total.requires_grad:
        raise Broken(f"{side} has no gradient at all", "do not detach the scores it is made of")
    gradients = torch.autograd.grad(total, parameters, retain_graph=True, allow_unused=True)
    reached = any(gradient is not None for gradient in gradients)
    expect(reached, f"{side} has no gradient into the {name}")
