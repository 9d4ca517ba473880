"""Networks to try an architecture on: built from a seed, and woken from their initialization."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from unittest import SkipTest

import torch
from torch import Tensor, nn

from ganzoo.errors import Unsupported
from ganzoo.interfaces.architecture import Architecture, Demands, Networks
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.latent import Latent
from ganzoo.testing.core import Bench, Broken, expect

CLASSES = 3
BATCH = 6
"""More than the classes, so that each has its turn."""

SIZES = ((16, 16), (28, 28), (32, 32), (64, 64), (16, 32), (32, 16))
"""Heights and widths that are tried, beside the natural sizes of these."""

FEW = 2
"""Images in a batch where sizes are many."""

PLAIN = Demands()
STRICT = Demands(forbids_batch_statistics=True)
LABELLED = Demands(labels=True)
WITH_LOGITS = Demands(labels=True, class_logits=True)

Outputs = Mapping[str, Tensor]


@dataclass(frozen=True)
class Built:
    """The two networks of one build, called as the engine calls them.

    Attributes:
        generator: as the architecture made it.
        discriminator: as the architecture made it.
        latent: where z comes from.
        image: what they were built for.
        demands: what they were asked for.
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

    def labels(self, n: int) -> tuple[Tensor, ...]:
        """The labels of a batch as further arguments: none where none were demanded."""
        return (torch.arange(n) % CLASSES,) if self.demands.labels else ()

    def noise(self, n: int = BATCH) -> Tensor:
        """Images `(N, C, H, W)` that show nothing, in [-1, 1]; the same at each call."""
        source = torch.Generator().manual_seed(1)
        return 2 * torch.rand(n, *self.image.shape, generator=source) - 1

    def z(self, n: int = BATCH) -> Tensor:
        """Latent vectors `(N, latent_dim)`; the same at each call."""
        return self.latent.sample(n, generator=torch.Generator().manual_seed(2))

    def input_of(self, which: str, n: int = BATCH) -> Tensor:
        """What the `"generator"` or the `"discriminator"` is called with."""
        return self.z(n) if which == "generator" else self.noise(n)

    def outputs(self, network: nn.Module, x: Tensor, *labels: Tensor) -> Outputs:
        """All a network gives, from the same seed each time; the demanded labels if none given."""
        torch.default_generator.manual_seed(3)
        raw = network(x, *(labels or self.labels(len(x))))
        return dict(raw) if isinstance(raw, Mapping) else {"": raw}

    def afresh(self, network: nn.Module, x: Tensor, *labels: Tensor) -> Outputs:
        """The same of a copy: nothing that a call changes (power iterations, say) is seen later."""
        return self.outputs(deepcopy(network), x, *labels)

    def awake(self) -> Built:
        """With noise on every parameter, so that no gate that starts at zero hides what it does."""
        source = torch.Generator().manual_seed(4)
        with torch.no_grad():
            for _, network in self.both:
                for parameter in network.parameters():
                    spread = parameter.std(correction=0).item()
                    size = 0.2 * spread if spread > 0 else 0.05
                    parameter.add_(torch.randn(parameter.shape, generator=source), alpha=size)
        return self

    def eval(self) -> Built:
        """In evaluation mode, where no call changes the next."""
        self.generator.eval()
        self.discriminator.eval()
        return self


class ArchitectureBench(Bench):
    """An architecture under test."""

    @cached_property
    def least(self) -> tuple[Demands, ImageSpec]:
        """What it may be asked for at least: no labels if it can, a small coloured image if so.

        Raises:
            SkipTest: it refuses everything.
        """
        architecture: Architecture = self.make()
        for demands in (PLAIN, LABELLED, WITH_LOGITS):
            for side in (16, 32, 64, 128, 256):
                size = architecture.natural_size(side, side)
                for channels in (3, 1):
                    image = ImageSpec(channels, *size, num_classes=CLASSES)
                    if is_built(architecture, image, demands):
                        return demands, image
        raise SkipTest("it refuses every image; the check 'shapes' says so")

    def build(
        self,
        demands: Demands | None = None,
        image: ImageSpec | None = None,
        *,
        seed: int = 0,
    ) -> Built:
        """Its networks, built as the engine builds them, by default with the least demands.

        Raises:
            SkipTest: it refuses the demands, which it may, or everything.
        """
        demands = self.least[0] if demands is None else demands
        image = self.least[1] if image is None else image
        architecture: Architecture = self.make()
        torch.default_generator.manual_seed(seed)
        try:
            networks = Networks(*architecture.build(image, demands))
        except Unsupported as refusal:
            raise SkipTest(f"'{self.name}' declares it unsupported: {refusal}") from None
        return Built(*networks, architecture.latent, image, demands)

    def variants(self, *more: Demands) -> Iterator[Built]:
        """Awake networks for the least demands and for each of those, save what is refused."""
        for demands in dict.fromkeys([self.least[0], *more]):
            try:
                yield self.build(demands).awake()
            except SkipTest:
                continue

    def all_variants(self) -> Iterator[Built]:
        """The same for all that a loss or a penalty may demand."""
        return self.variants(self.least[0] | STRICT, LABELLED, WITH_LOGITS)

    def sizes(self) -> Iterator[Built]:
        """Awake networks for several sizes, grey and coloured, save what is refused."""
        architecture: Architecture = self.make()
        natural = [architecture.natural_size(*size) for size in SIZES]
        for height, width in dict.fromkeys([*SIZES, *natural]):
            for channels in (1, 3):
                image = ImageSpec(channels, height, width, num_classes=CLASSES)
                try:
                    yield self.build(image=image).awake()
                except SkipTest:
                    continue


def is_built(architecture: Architecture, image: ImageSpec, demands: Demands) -> bool:
    """Whether it does not refuse to."""
    try:
        architecture.build(image, demands)
    except Unsupported:
        return False
    return True


def runs(built: Built) -> bool:
    """Whether both networks can be called; where not, that is the affair of the check `shapes`."""
    try:
        for name, network in built.both:
            built.outputs(network, built.input_of(name, FEW))
    except RuntimeError:
        return False
    return True


def scores_of(outputs: Outputs) -> Tensor:
    """The scores among a discriminator's outputs."""
    return outputs["scores" if "scores" in outputs else ""]


def total(outputs: Outputs) -> Tensor:
    """One number that depends on every output, each with a weight of its own."""
    source = torch.Generator().manual_seed(5)
    return torch.stack(
        [(v * torch.randn(v.shape, generator=source)).sum() for v in outputs.values()]
    ).sum()


def describe(demands: Demands) -> str:
    """Demands in words, to be put behind `built`."""
    asked = [name for name, value in vars(demands).items() if value]
    return f"for Demands({', '.join(f'{name}=True' for name in asked)})" if asked else "plainly"


def expect_close(
    name: str, built: Built, seen: Outputs, wanted: Outputs, *, where: str, tolerance: float = 1e-3
) -> None:
    """The same outputs as before, but for rounding.

    Args:
        name: of the network.
        built: where it is from, for the message.
        seen: what it gives now.
        wanted: what it gave before.
        where: what was done to it in between.
        tolerance: of the difference's root mean square, against that of what is wanted.
    """
    for key, value in wanted.items():
        what = f"the {name} built {describe(built.demands)}, {where},"
        other = seen[key].to(value.dtype)
        if not other.isfinite().all():
            raise Broken(f"{what} gives values that are not finite")
        difference = _size(other - value)
        expect(
            difference <= tolerance * (_size(value) + 0.1),
            f"{what} gives other values: they differ by {difference:.2g} where their size is "
            f"{_size(value):.2g}",
        )


def _size(values: Tensor) -> float:
    return float(values.detach().double().square().mean().sqrt())
