"""Networks of an architecture under test, built from a seed and moved off their initialization."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from unittest import SkipTest

import torch
from torch import Tensor, nn

from ganzoo.assembly.demands import perturb
from ganzoo.errors import Unsupported
from ganzoo.interfaces.architecture import Architecture, Demands, Networks, Output
from ganzoo.interfaces.dataset import ConditionKind, ImageSpec, Picture, Vector
from ganzoo.interfaces.latent import Latent
from ganzoo.sampling import trial_conditions
from ganzoo.testing.core import Bench, Broken, expect
from ganzoo.testing.stand_ins import CLASSES, uniform_images

BATCH = 6
"""Images in a batch: two of each class."""

SIZES = ((16, 16), (28, 28), (32, 32), (64, 64), (16, 32), (32, 16))
"""Heights and widths that are tested, beside the natural sizes for these."""

SMALL_BATCH = 2
"""Images in a batch for checks of many sizes."""

PLAIN = Demands()
STRICT = Demands(forbids_batch_statistics=True)
LABELLED = Demands(labels=True)
WITH_LOGITS = Demands(labels=True, outputs={"class_logits": Output("classes")})

TRIALS: tuple[tuple[ConditionKind, Demands], ...] = (
    ("none", PLAIN),
    ("classes", LABELLED),
    ("classes", WITH_LOGITS),
    ("vector", LABELLED),
    ("picture", LABELLED),
)
"""What an architecture may be built for, the least first."""

Outputs = Mapping[str, Tensor]
"""Outputs of a network by name; the name is empty if it returns a tensor."""


@dataclass(frozen=True)
class Built:
    """The two networks of one build, called as training calls them.

    Attributes:
        generator: built by the architecture.
        discriminator: built by the architecture.
        latent: the distribution of z.
        image: the shape they were built for.
        demands: the demands they were built for.
    """

    generator: nn.Module
    discriminator: nn.Module
    latent: Latent
    image: ImageSpec
    demands: Demands

    @property
    def both(self) -> tuple[tuple[str, nn.Module], ...]:
        """The networks with their names."""
        return (("generator", self.generator), ("discriminator", self.discriminator))

    def title(self, which: str = "") -> str:
        """`"the generator built for Demands(labels=True)"`, or `"built plainly"`, for messages."""
        named = [f"{name}={value}" for name, value in vars(self.demands).items() if value]
        built = f"built for Demands({', '.join(named)})" if named else "built plainly"
        return f"the {which} {built}" if which else built

    def labels(self, n: int) -> tuple[Tensor, ...]:
        """Further arguments of a network: conditions of a batch if demanded, else none."""
        conditions = trial_conditions(self.image, n) if self.demands.labels else None
        return () if conditions is None else (conditions,)

    def noise(self, n: int = BATCH) -> Tensor:
        """Images `(N, C, H, W)` of noise in [-1, 1]; the same at each call."""
        return uniform_images(n, self.image.shape, seed=1)

    def z(self, n: int = BATCH) -> Tensor:
        """Latent vectors `(N, latent_dim)`; the same at each call."""
        return self.latent.sample(n, generator=torch.Generator().manual_seed(2))

    def input_of(self, which: str, n: int = BATCH) -> Tensor:
        """z for the `"generator"`, images of noise for the `"discriminator"`."""
        return self.z(n) if which == "generator" else self.noise(n)

    def outputs(self, network: nn.Module, x: Tensor, *labels: Tensor) -> Outputs:
        """Run a network from the same seed each time, by default with `self.labels`."""
        torch.default_generator.manual_seed(3)
        raw = network(x, *(labels or self.labels(len(x))))
        return dict(raw) if isinstance(raw, Mapping) else {"": raw}

    def outputs_of_copy(self, network: nn.Module, x: Tensor, *labels: Tensor) -> Outputs:
        """Run a copy of a network, so that the call does not change it (power iterations)."""
        return self.outputs(deepcopy(network), x, *labels)

    def perturbed(self) -> Built:
        """Add noise to every parameter, as a gate that is initialized to zero hides its branch."""
        for _, network in self.both:
            perturb(network)
        return self

    def eval(self) -> Built:
        """Switch to evaluation mode, in which a call does not change the next."""
        self.generator.eval()
        self.discriminator.eval()
        return self


class ArchitectureBench(Bench):
    """An architecture under test."""

    @cached_property
    def minimal(self) -> tuple[Demands, ImageSpec]:
        """The fewest demands and the smallest image that it builds, without labels if it can.

        Raises:
            SkipTest: it refuses everything.
        """
        kinds = self.make().conditions
        for kind, demands in TRIALS:
            image = self.smallest(kind, demands) if kind in kinds else None
            if image is not None:
                return demands, image
        raise SkipTest("it refuses every image; the check 'shapes' says so")

    def smallest(self, kind: ConditionKind, demands: Demands) -> ImageSpec | None:
        """The smallest image with such a condition that it builds; None if it refuses all."""
        architecture: Architecture = self.make()
        for side in (16, 32, 64, 128, 256):
            size = architecture.natural_size(side, side)
            for channels in (3, 1):
                image = with_condition(ImageSpec(channels, *size), kind)
                if builds(architecture, image, demands):
                    return image
        return None

    def images(self, demands: Demands) -> list[ImageSpec]:
        """The minimal image with each condition that the demands concern."""
        image = self.minimal[1]
        if not demands.labels:
            return [image]
        kinds = [kind for kind, _ in TRIALS if kind != "none" and kind in self.make().conditions]
        if demands.unconditional_scores:
            kinds = [kind for kind in kinds if kind == "classes"]
        return [with_condition(image, kind) for kind in dict.fromkeys(kinds)]

    def build(
        self,
        demands: Demands | None = None,
        image: ImageSpec | None = None,
        *,
        seed: int = 0,
    ) -> Built:
        """Build networks as training does, by default for the minimal demands and image.

        Raises:
            SkipTest: it refuses these demands, which it may, or everything.
        """
        demands = self.minimal[0] if demands is None else demands
        if image is None:
            images = self.images(demands)
            if not images:
                raise SkipTest(f"'{self.name}' is not conditioned on classes")
            image = images[0]
        architecture: Architecture = self.make()
        torch.default_generator.manual_seed(seed)
        try:
            networks = Networks(*architecture.build(image, demands))
        except Unsupported as refusal:
            raise SkipTest(f"'{self.name}' declares it unsupported: {refusal}") from None
        return Built(*networks, architecture.latent, image, demands)

    def variants(self, *more: Demands) -> Iterator[Built]:
        """Yield perturbed networks for the minimal and for more demands; skip those it refuses."""
        for demands in dict.fromkeys([self.minimal[0], *more]):
            for image in self.images(demands):
                try:
                    yield self.build(demands, image).perturbed()
                except SkipTest:
                    continue

    def all_variants(self) -> Iterator[Built]:
        """Yield perturbed networks for everything that a loss or a penalty may demand."""
        return self.variants(self.minimal[0] | STRICT, LABELLED, WITH_LOGITS)

    def sizes(self) -> Iterator[Built]:
        """Yield perturbed networks for several sizes, grey and coloured; skip those it refuses."""
        architecture: Architecture = self.make()
        natural = [architecture.natural_size(*size) for size in SIZES]
        for height, width in dict.fromkeys([*SIZES, *natural]):
            for channels in (1, 3):
                kind = self.minimal[1].condition_kind
                image = with_condition(ImageSpec(channels, height, width), kind)
                try:
                    yield self.build(image=image).perturbed()
                except SkipTest:
                    continue


def with_condition(image: ImageSpec, kind: ConditionKind) -> ImageSpec:
    """The image with classes, a vector, or a picture that is grey where the image is in colour."""
    match kind:
        case "vector":
            return replace(image, num_classes=0, condition=Vector(5))
        case "picture":
            return replace(image, num_classes=0, condition=Picture(max(1, 4 - image.channels)))
    return replace(image, num_classes=CLASSES, condition=None)


def builds(architecture: Architecture, image: ImageSpec, demands: Demands) -> bool:
    """Return whether an architecture builds networks instead of refusing."""
    try:
        architecture.build(image, demands)
    except Unsupported:
        return False
    return True


def can_be_called(built: Built) -> bool:
    """Return whether both networks can be called; if not, the check `shapes` reports it."""
    try:
        for name, network in built.both:
            built.outputs(network, built.input_of(name, SMALL_BATCH))
    except RuntimeError:
        return False
    return True


def scores_of(outputs: Outputs) -> Tensor:
    """The scores among a discriminator's outputs."""
    return outputs["scores" if "scores" in outputs else ""]


def weighted_sum(outputs: Outputs) -> Tensor:
    """A scalar that depends on every output, each with a random weight."""
    rng = torch.Generator().manual_seed(5)
    return torch.stack(
        [(value * torch.randn(value.shape, generator=rng)).sum() for value in outputs.values()]
    ).sum()


def expect_close(
    what: str, actual: Outputs, expected: Outputs, *, where: str, tolerance: float = 1e-3
) -> None:
    """Expect equal outputs, but for rounding.

    Args:
        what: the network, for the message.
        actual: its outputs.
        expected: the outputs to compare with.
        where: what was done to the network, for the message.
        tolerance: of the root mean square of the difference, relative to that of `expected`.
    """
    for key, value in expected.items():
        other = actual[key].to(value.dtype)
        if not other.isfinite().all():
            raise Broken(f"{what}, {where}, gives values that are not finite")
        difference, size = _root_mean_square(other - value), _root_mean_square(value)
        expect(
            difference <= tolerance * (size + 0.1),
            f"{what}, {where}, gives other values: they differ by {difference:.2g} where their "
            f"size is {size:.2g}",
        )


def _root_mean_square(values: Tensor) -> float:
    return float(values.detach().double().square().mean().sqrt())
