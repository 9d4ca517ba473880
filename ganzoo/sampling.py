"""Sampling: images of a generator from z and conditions, in training and afterwards alike."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganzoo.copying import copied
from ganzoo.errors import PluginError, UsageError, setting, shown, whole
from ganzoo.freeze import frozen
from ganzoo.interfaces.architecture import Architecture, Draw
from ganzoo.interfaces.constraint import Constraint
from ganzoo.interfaces.critic import Fakes
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.latent import Latent
from ganzoo.randomness import derive, isolated, reseed

CHUNK = 256
"""Images generated at once, which bounds memory."""

REFINED = 64
"""Images whose z is refined at once: their graph is in memory."""

Noise = Callable[[], Tensor]
"""Standard normal noise of each image of a batch."""

Refine = Callable[[Fakes, Noise], Tensor]
"""A `ganzoo.Refiner` with its critic: the z to make images of."""

Settle = Callable[[nn.Module, Draw], None]
"""Prepares a generator for sampling, in place."""


@dataclass(frozen=True)
class Conditions:
    """What a conditional generator is given beside z: classes, vectors or pictures.

    Attributes:
        image: its classes or condition.
        kept: vectors or pictures of some training images, `(M, *image.condition_shape)`; None for
            classes.
    """

    image: ImageSpec
    kept: Tensor | None = None

    def in_turn(self, n: int) -> Tensor:
        """Conditions of n images: all classes, or those that are kept, in turn.

        Raises:
            UsageError: none are kept.
        """
        if self.image.num_classes:
            return torch.arange(n) % self.image.num_classes
        if self.kept is None:
            raise UsageError(f"there are no conditions to sample with; give labels: {self._wanted}")
        return self.kept[torch.arange(n) % len(self.kept)]

    def random(self, n: int, device: torch.device) -> Tensor:
        """Conditions of n images, drawn from torch's default random generator of a device."""
        if self.image.num_classes:
            return torch.randint(self.image.num_classes, (n,), device=device)
        if self.kept is None:
            return self.in_turn(n)  # which says what is missing
        return self.kept.to(device)[torch.randint(len(self.kept), (n,), device=device)]

    def checked(self, labels: Tensor | int, n: int) -> Tensor:
        """Conditions that a user chose for n images.

        Args:
            labels: `(n, …)`, or one for all.
            n: number of images.

        Raises:
            UsageError: they have another shape, type or range.
        """
        # Classes.
        classes, shape = self.image.num_classes, self.image.condition_shape
        if classes:
            chosen = _numbers(labels)
            if chosen is None or chosen.shape not in ((), (1,), (n,)):
                raise UsageError(
                    f"labels are numbers of classes, one for all images or {n} for {n}; got "
                    f"{shown(labels)}"
                )
            chosen = chosen.expand(n)
            if chosen.min() < 0 or chosen.max() >= classes:
                wrong = int(chosen.min() if chosen.min() < 0 else chosen.max())
                raise UsageError(f"class {wrong} does not exist; this run has 0 to {classes - 1}")
            return chosen

        # Vectors and pictures.
        if not isinstance(labels, Tensor):
            raise UsageError(f"labels must be {self._wanted}, got {labels!r}")
        if not labels.is_floating_point() or labels.shape not in (shape, (n, *shape)):
            raise UsageError(
                f"labels must be {self._wanted}, got {labels.dtype} of shape {tuple(labels.shape)} "
                f"for {n} images"
            )
        bound = 1 if len(shape) > 1 else float("inf")
        if not labels.isfinite().all() or labels.abs().max() > bound:
            low, high = labels.min().item(), labels.max().item()
            raise UsageError(f"labels must be {self._wanted}; these lie in [{low:.4g}, {high:.4g}]")
        return labels.float().expand(n, *shape)

    @property
    def _wanted(self) -> str:
        shape = ", ".join(map(str, self.image.condition_shape))
        kind = self.image.condition_kind
        return f"floats of shape (N, {shape})" + (" in [-1, 1]" if kind == "picture" else "")


def _numbers(labels: Tensor | int) -> Tensor | None:
    """Labels as int64; None where they are no whole numbers."""
    try:
        given = torch.as_tensor(labels)
        numbers = given.to(torch.int64)
    except (TypeError, ValueError, RuntimeError):  # text, ragged lists
        return None
    return numbers if torch.equal(numbers.to(given.dtype), given) else None


def trial_conditions(image: ImageSpec, n: int) -> Tensor | None:
    """Conditions of the right type and shape to try a network on; None without any."""
    if image.condition is None:
        return torch.arange(n) % image.num_classes if image.num_classes else None
    rng = torch.Generator().manual_seed(1)
    return torch.rand(n, *image.condition_shape, generator=rng) * 2 - 1


class Sampler:
    """Draws images of a generator: in training, from a run and for an export alike.

    Args:
        latent: the distribution of z.
        image: shape of the images.
        conditions: of a conditional generator; None for an unconditional one.
        settles: what prepares a trained generator for sampling, in order.
        refine: what moves the z of samples; None to sample it as it is drawn.
    """

    def __init__(
        self,
        latent: Latent,
        image: ImageSpec,
        conditions: Conditions | None,
        settles: Iterable[Settle] = (),
        refine: Refine | None = None,
    ) -> None:
        self.latent = latent
        self.image = image
        self.conditions = conditions
        self.settles = list(settles)
        self.refine = refine

    def check_memory(self, n: int) -> None:
        """Refuse to draw more images than this machine can hold; Windows may tell late.

        Raises:
            UsageError: they take more than its memory.
        """
        if not hasattr(os, "sysconf"):
            return
        floats = math.prod(self.image.shape) + self.latent.latent_dim
        present = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        if 4 * n * floats > present:
            raise UsageError(
                f"{shown(n)} images of {self.image} take more than the {present / 2**30:,.1f} GiB "
                "of memory that this machine has: draw fewer at a time, each with a "
                f"{setting('seed')} of its own"
            )

    def labels(self, labels: Tensor | int | None, n: int) -> Tensor | None:
        """The conditions of n images: those given, or else in turn; None if unconditional.

        Raises:
            UsageError: they are wrong, or the generator is unconditional.
        """
        if self.conditions is None:
            if labels is not None:
                raise UsageError(
                    "this generator was trained without labels, so a class cannot be chosen; "
                    f"train with {setting('conditional', True)}"
                )
            return None
        if labels is None:
            return self.conditions.in_turn(n)
        return self.conditions.checked(labels, n)

    @torch.no_grad()
    def at_rest(self, generator: nn.Module) -> nn.Module:
        """A settled copy of a generator, in evaluation mode; itself if there is nothing to do."""
        if not self.settles:
            return generator
        settled = copied(generator).eval()
        device = device_of(settled)

        def draw(n: int) -> tuple[Tensor, ...]:
            z = self.latent.sample(n, device=device)
            return (z, self.conditions.random(n, device)) if self.conditions else (z,)

        with isolated(device):
            reseed(device, 0, "settle")
            for settle in self.settles:
                settle(settled, draw)
        return settled.eval()

    def sample(
        self,
        generator: nn.Module,
        n: int,
        *,
        seed: int,
        labels: Tensor | int | None = None,
        truncation: float | None = None,
    ) -> Tensor:
        """Draw images; the i-th depends on the seed and i alone, not on n.

        Args:
            generator: at rest.
            n: how many, at least 1.
            seed: of z.
            labels: `(n, …)`, or one for all; see `labels`. Conditional only.
            truncation: see `Latent.sample` and `Latent.images`.

        Returns:
            float32 `(n, C, H, W)` in [-1, 1], on the CPU.

        Raises:
            UsageError: n or a label is out of range, or labels for an unconditional generator.
        """
        z = self.draw(n, seed=seed, truncation=truncation)
        if self.refine is not None:
            z = self._refined(self.refine, generator, z, labels, seed=seed, truncation=truncation)
        return self.decode(generator, z, labels, seed=seed, truncation=truncation)

    def draw(self, n: int, *, seed: int, truncation: float | None = None) -> Tensor:
        """Draw z `(n, latent_dim)` as `sample` does, on the CPU.

        Raises:
            UsageError: n is no number of at least 1, or too many for the memory; the seed is none.
        """
        n, seed = whole("n", n), whole("seed", seed, least=None)
        self.check_memory(n)
        # One by one, so that every device and every n gives the same images.
        rng = torch.Generator().manual_seed(derive(seed, "sample"))
        rows = [self.latent.sample(1, generator=rng, truncation=truncation) for _ in range(n)]
        return torch.cat(rows)

    @torch.inference_mode(False)  # which a caller may be in
    @torch.enable_grad()
    def _refined(
        self,
        refine: Refine,
        generator: nn.Module,
        z: Tensor,
        labels: Tensor | int | None,
        *,
        seed: int,
        truncation: float | None,
    ) -> Tensor:
        """Move z; each as the seed and its place say, however many there are."""

        def generate(z: Tensor, labels: Tensor | None) -> Tensor:
            return self.latent.images(generator, z, labels, truncation=truncation)

        moved, (device, z, chosen) = [], self._placed(generator, z.clone(), labels)
        for start in range(0, len(z), REFINED):
            part, own = z[start : start + REFINED], None
            if chosen is not None:
                own = chosen[start : start + REFINED].clone()
            noise = _streams(seed, start, part)
            with _sampling(generator, device, seed), frozen(generator.parameters()):
                images = generate(part, own)
                new = refine(Fakes(images, own, z=part, generate=generate), noise).detach()
            if new.shape != part.shape:
                raise PluginError(
                    f"the refiner made z of shape {tuple(new.shape)} of {tuple(part.shape)}; it "
                    "must keep the shape"
                )
            moved.append(new)
        return torch.cat(moved)

    def _placed(
        self, generator: nn.Module, z: Tensor, labels: Tensor | int | None
    ) -> tuple[torch.device, Tensor, Tensor | None]:
        """The generator's device, and z and the conditions on it; z in at least float32."""
        device, chosen = device_of(generator), self.labels(labels, len(z))
        wide = torch.promote_types(next(generator.parameters()).dtype, torch.float32)
        return device, z.to(device, wide), None if chosen is None else chosen.to(device)

    @torch.no_grad()
    def decode(
        self,
        generator: nn.Module,
        z: Tensor,
        labels: Tensor | int | None = None,
        *,
        seed: int = 0,
        truncation: float | None = None,
    ) -> Tensor:
        """Images `(N, C, H, W)` on the CPU for given z `(N, latent_dim)`, in chunks, in float32.

        Raises:
            UsageError: z has another length, a label is out of range, or the images are too many
                for the memory.
        """
        # z and labels.
        shape = tuple(z.shape) if isinstance(z, Tensor) else ()
        if len(shape) != 2 or shape[1] != self.latent.latent_dim or not shape[0]:
            raise UsageError(
                f"z must be a tensor of the shape (N, {self.latent.latent_dim}), got "
                f"{shape or shown(z)}"
            )
        self.check_memory(len(z))
        device, z, chosen = self._placed(generator, z, labels)

        # Images.
        with _sampling(generator, device, seed):
            images = []
            for start in range(0, len(z), CHUNK):
                rows = slice(start, start + CHUNK)
                own = None if chosen is None else chosen[rows]
                images.append(self.latent.images(generator, z[rows], own, truncation=truncation))
        return torch.cat(images).float().cpu().contiguous()


@contextmanager
def _sampling(generator: nn.Module, device: torch.device, seed: int) -> Iterator[None]:
    """The generator in evaluation mode, and random numbers for noise that it draws itself."""
    with evaluating(generator), isolated(device):
        reseed(device, seed, "noise")
        yield


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """A network in evaluation mode while the block runs."""
    was_training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(was_training)


def _streams(seed: int, start: int, z: Tensor) -> Noise:
    """Noise like z: of each row a stream of its own, that of its place among all images."""
    seeds = (derive(seed, "refine", start + row) for row in range(len(z)))
    streams = [torch.Generator().manual_seed(own) for own in seeds]
    shape, dtype = z.shape[1:], z.dtype
    return lambda: torch.stack(
        [torch.randn(shape, generator=stream, dtype=dtype) for stream in streams]
    ).to(z.device)


def settles_of(architecture: Architecture, constraints: Iterable[Constraint]) -> list[Settle]:
    """What prepares a generator for sampling: of its constraints, then of its architecture."""
    settles = settles_of_constraints(constraints)
    if type(architecture).settle is not Architecture.settle:
        settles.append(architecture.settle)
    return settles


def settles_of_constraints(constraints: Iterable[Constraint]) -> list[Settle]:
    """What constraints on a generator do to prepare it for sampling."""
    return [
        _without_draw(constraint)
        for constraint in constraints
        if constraint.applies_to("generator") and type(constraint).settle is not Constraint.settle
    ]


def _without_draw(constraint: Constraint) -> Settle:
    return lambda generator, draw: constraint.settle(generator)


def device_of(network: nn.Module) -> torch.device:
    """The device of a network."""
    return next(network.parameters()).device
