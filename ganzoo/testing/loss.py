"""What a loss promises of its two sides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from unittest import SkipTest

import torch
from torch import Tensor, nn

from ganzoo.discovery import registry
from ganzoo.interfaces.critic import Batch
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.penalty import GeneratorPenalty, Penalty
from ganzoo.testing import settings
from ganzoo.testing.core import Bench, Broken, Promises, expect
from ganzoo.testing.stands import (
    CLASSES,
    Judge,
    Painter,
    Scoreboard,
    critic_of,
    labels_of,
    noise,
    pictures,
)

N = 6
SIDES = ("discriminator_loss", "generator_loss")


class Terms(NamedTuple):
    """One side's loss of given scores: its terms, and the scores it is to be differentiated by."""

    side: str
    values: Mapping[str, Tensor]
    real: Tensor
    fake: Tensor

    def total(self) -> Tensor:
        """What is minimized."""
        return _sum(self.values)

    def gradients(self) -> tuple[Tensor, Tensor]:
        """Of the total by the scores of reals and of fakes; zeros where it does not depend."""
        total = self.total()
        if not total.requires_grad:
            return torch.zeros(N), torch.zeros(N)
        found = torch.autograd.grad(total, (self.real, self.fake), allow_unused=True)
        real, fake = (torch.zeros(N) if gradient is None else gradient for gradient in found)
        return real, fake


class LossBench(Bench):
    """A loss under test."""

    def side(
        self,
        side: str,
        real: Tensor,
        fake: Tensor,
        *,
        loss: Loss | None = None,
        logits: bool | None = None,
    ) -> Terms:
        """One of `SIDES`, its terms for scores `(N,)`, from a critic as the engine makes it.

        A loss is given where it holds state; `logits` None gives class logits where demanded.
        """
        loss = loss or self.make()
        demands = loss.demands()
        logits = demands.class_logits if logits is None else logits
        real, fake = (scores.detach().clone().requires_grad_() for scores in (real, fake))
        told = torch.zeros(2 * N, CLASSES) if logits else None
        discriminator = Scoreboard(torch.cat([real, fake]), told)
        discriminator.requires_grad_(side == "discriminator_loss")
        labels = labels_of(N) if demands.labels else None
        reals, fakes = (Batch(images, labels) for images in pictures(2 * N).chunk(2))
        critic = critic_of(discriminator)
        torch.default_generator.manual_seed(3)
        if side == "generator_loss":
            return Terms(side, loss.generator_loss(critic, fakes, reals), real, fake)
        return Terms(side, loss.discriminator_loss(critic, reals, fakes), real, fake)

    def both_sides(self, real: Tensor, fake: Tensor) -> Iterator[Terms]:
        """Either side's terms of the same scores."""
        for side in SIDES:
            yield self.side(side, real, fake)


promise = Promises(LossBench)


@promise(mend="return a dict of names and scalars, each a `.mean()` over the batch")
def scalar_terms(bench: LossBench) -> None:
    """Each side gives at least one named term, and each term is a scalar of one number."""
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
    for size in (1e2, 1e4):
        signs = torch.tensor([1.0, -1.0, 1.0, -1.0, 0.0, 0.0])
        others = torch.tensor([1.0, -1.0, -1.0, 1.0, 1.0, -1.0])
        for terms in bench.both_sides(size * signs, size * others):
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
    """A discriminator step raises the scores of reals against those of fakes."""
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
    """A generator step raises the score of each fake that scores below the reals."""
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
    "`class_logits` or labels, demand them in `demands()`"
)
def works_with_both_heads(bench: LossBench) -> None:
    """It takes discriminators that give a dict and, where that is enough, ones of bare scores."""
    scores = torch.linspace(-1, 1, N)
    demands = bench.make().demands()
    if demands.class_logits:
        expect(demands.labels, "it demands class logits and no labels to compare them with")
    heads = [True] if demands.class_logits else [True, False]
    for side in SIDES:
        values = []
        for logits in heads:
            head = "a dict with class logits" if logits else "scores alone"
            try:
                terms = bench.side(side, scores, -scores, logits=logits)
            except Exception as error:  # whatever a loss may raise
                seen = f"{side} with a discriminator that gives {head} raises {error!r}"
                raise Broken(seen) from error
            values.append(terms.total())
        expect(
            torch.allclose(values[0], values[-1]),
            f"{side} is {values[0].item():.4g} with a dict and {values[-1].item():.4g} without",
        )


@promise(mend="compare the class logits with the labels (F.cross_entropy), on both sides")
def class_logits_are_used(bench: LossBench) -> None:
    """Where it demands class logits, they move both networks towards the right class."""
    if not bench.make().demands().class_logits:
        raise SkipTest("it demands no class logits")
    for side in SIDES:
        told = torch.zeros(N, CLASSES, requires_grad=True)
        critic = critic_of(Scoreboard(torch.zeros(N), told))
        batch = Batch(pictures(N), labels_of(N))
        terms = getattr(bench.make(), side)(critic, batch, batch)
        (gradient,) = torch.autograd.grad(_sum(terms), told, allow_unused=True)
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
    """The generator's loss moves the generator alone, the discriminator's the discriminator."""
    torch.default_generator.manual_seed(0)
    loss: Loss = bench.make()
    demands = loss.demands()
    labels = labels_of(N) if demands.labels else None
    generator, discriminator = Painter(), Judge(logits=demands.class_logits)
    critic = critic_of(discriminator)
    real = Batch(noise(N, seed=1).images, labels)

    def fakes() -> Batch:
        return Batch(generator(torch.randn(N, Painter.latent_dim)), labels)

    own, others = list(generator.parameters()), list(discriminator.parameters())
    for _ in range(2):  # twice, for what a loss may keep of the other side
        discriminator.requires_grad_(False)
        terms = loss.generator_loss(critic, fakes(), real)
        _expect_moves("generator_loss", terms, "generator", own)
        frozen = not any(parameter.requires_grad for parameter in others)
        expect(frozen, "generator_loss makes the discriminator trainable")
        discriminator.requires_grad_(True)
        with torch.no_grad():
            batch = fakes()
        terms = loss.discriminator_loss(critic, real, batch)
        _expect_moves("discriminator_loss", terms, "discriminator", others)
        reached = torch.autograd.grad(_sum(terms), own, allow_unused=True)
        expect(
            all(gradient is None for gradient in reached),
            "discriminator_loss sends a gradient into the generator",
        )
    spent = [p for p in (*own, *others) if p.grad is not None]
    expect(not spent, "calling the loss leaves gradients behind: it calls backward() itself")


@promise(mend="keep numbers that change from step to step as tensors with `register_buffer`")
def state_round_trip(bench: LossBench) -> None:
    """A loss that takes another's state_dict goes on as that other does."""
    torch.default_generator.manual_seed(0)
    first, second = bench.make(), bench.make()
    for _ in range(5):
        for side in SIDES:
            bench.side(side, 1 + torch.randn(N), torch.randn(N), loss=first)
        with torch.no_grad():
            first.after_discriminator_step(Judge(logits=True))
    second.load_state_dict(first.state_dict())
    for _ in range(2):
        for side in SIDES:
            real, fake = 1 + torch.randn(N), torch.randn(N)
            values = [
                bench.side(side, real, fake, loss=loss).total().item() for loss in (first, second)
            ]
            expect(
                values[0] == values[1],
                f"{side} goes on with {values[0]:.6g}, after load_state_dict with {values[1]:.6g}",
            )


@promise(
    mend="name penalties that are installed, of your own distribution if you can, with "
    "options in their ranges"
)
def default_penalties_exist(bench: LossBench) -> None:
    """The penalties it brings are installed, and take the options it gives them."""
    home = bench.component.plugin.distribution
    for name, options in bench.make().default_penalties().items():
        component = registry.find("penalty", name, host=bench.host, prefer=home)
        made = registry.build(component, registry.validate_options(component, options))
        expect(isinstance(made, (Penalty, GeneratorPenalty)), f"'{name}' is no penalty")


@promise(mend=settings.MEND)
def training_settings(bench: LossBench) -> None:
    """The settings it recommends are ones that a run takes."""
    settings.expect_valid(bench.make().settings())


def _sum(terms: Mapping[str, Tensor]) -> Tensor:
    return torch.stack([term.sum() for term in terms.values()]).sum()


def _shape(value: object) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    return f"a {type(value).__name__}, no tensor"


def _expect_moves(
    side: str, terms: Mapping[str, Tensor], name: str, parameters: list[nn.Parameter]
) -> None:
    total = _sum(terms)
    if not total.requires_grad:
        raise Broken(f"{side} has no gradient at all", "do not detach the scores it is made of")
    gradients = torch.autograd.grad(total, parameters, retain_graph=True, allow_unused=True)
    some = any(gradient is not None for gradient in gradients)
    expect(some, f"{side} has no gradient into the {name}")
