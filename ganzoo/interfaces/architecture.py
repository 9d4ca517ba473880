"""Architecture: builds a generator and its discriminator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

from torch import Tensor, nn

from ganzoo.errors import Unsupported
from ganzoo.interfaces.dataset import ConditionKind, ImageSpec
from ganzoo.interfaces.latent import Latent
from ganzoo.interfaces.options import NoOptions, Options
from ganzoo.interfaces.settings import Settings


@dataclass(frozen=True)
class Output:
    """What a discriminator returns by name beside its scores: a row for each image.

    Attributes:
        size: length of a row: a number; `"classes"` for the number of classes; `"any"` for what
            the network has (its features, `(N, …)` of any shape); `"own"` for `(N, …)` that only
            some architectures compute (a reconstruction), which `ganzoo.nn.OutputHeads` refuses.
        of: `"image"` if it is computed from the image alone, or `"label"` if it is a learned row
            for the image's label (a class proxy), which is the same for all images of a class.
    """

    size: int | Literal["classes", "any", "own"]
    of: Literal["image", "label"] = "image"

    def length(self, num_classes: int) -> int | None:
        """The length of a row; None for any or own."""
        if isinstance(self.size, int):
            return self.size
        return num_classes if self.size == "classes" else None


@dataclass(frozen=True, kw_only=True)
class Demands:
    """What a loss and its penalties demand of the networks. An architecture meets it or refuses.

    Attributes:
        forbids_batch_statistics: the discriminator's score of one image must not depend on the
            others in its batch (no batch norm): set by every penalty on per-sample gradients. A
            layer that mixes images on purpose, as minibatch standard deviation does, says so by an
            attribute `mixes_images = True`. It is allowed, and must accept a batch of one.
        labels: generator and discriminator are called with the condition of each image, and must
            use it: classes, vectors or pictures, as `Batch.labels` says.
        outputs: the discriminator must return these beside `"scores"`:
            `{"class_logits": Output("classes")}`. An output of the image must not use the label
            that the discriminator is called with; see `unconditional_scores` for the score.
        style_generator: the generator must be a `ganzoo.StyleGenerator`, with a mapping and a
            synthesis network.
    """

    forbids_batch_statistics: bool = False
    labels: bool = False
    outputs: Mapping[str, Output] = field(default_factory=dict)
    style_generator: bool = False

    @property
    def unconditional_scores(self) -> bool:
        """Whether the score must not use the label, although the networks are conditional.

        So it is where another output tells classes apart: class logits, or class proxies to which
        embeddings are compared.
        """
        return any(o.size == "classes" or o.of == "label" for o in self.outputs.values())

    def __hash__(self) -> int:
        outputs = frozenset(self.outputs.items())
        return hash((self.forbids_batch_statistics, self.labels, outputs, self.style_generator))

    def __or__(self, other: Demands) -> Demands:
        """Both demands together.

        Raises:
            Unsupported: both demand an output of one name, and differ in its size or `of`.
        """
        for name in self.outputs.keys() & other.outputs.keys():
            ours, theirs = self.outputs[name], other.outputs[name]
            if ours != theirs and "any" not in (ours.size, theirs.size):
                raise Unsupported(
                    f"two demands on the discriminator's output '{name}' differ: a row of "
                    f"{ours.size} by {ours.of} and a row of {theirs.size} by {theirs.of}"
                )
        definite = {name: o for name, o in other.outputs.items() if o.size != "any"}
        return Demands(
            forbids_batch_statistics=self.forbids_batch_statistics
            or other.forbids_batch_statistics,
            labels=self.labels or other.labels,
            outputs={**other.outputs, **self.outputs, **definite},
            style_generator=self.style_generator or other.style_generator,
        )


class StyleGenerator(Protocol):
    """A generator of two networks, z to w and w to images, whose `forward` is one after the other.

    So is StyleGAN's (Karras et al. 2019, arXiv:1812.04948). Path length regularization, style
    mixing, projection and editing work with any of them.
    """

    def mapping(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """z `(N, latent_dim)` to w `(N, L, D)`: one style for each of L layers."""
        ...

    def synthesis(self, w: Tensor) -> Tensor:
        """w `(N, L, D)` to images `(N, C, H, W)`, in [-1, 1] in evaluation mode."""
        ...


Draw = Callable[[int], tuple[Tensor, ...]]
"""Draws a generator's arguments for n images: z `(n, latent_dim)`, labels if conditional."""


class Networks(NamedTuple):
    """A generator and a discriminator.

    Attributes:
        generator: `generator(z, labels=None) -> (N, C, H, W)`, z is `(N, latent_dim)`; in [-1, 1]
            in evaluation mode (in training it may leave the range). Labels are the condition of
            each image, as in `Batch.labels`. A parameter that does not require gradients is a
            frozen part: never trained, constrained or averaged.
        discriminator: `discriminator(images, labels=None) -> (N,)` raw scores, never a sigmoid;
            or a dict of tensors with `"scores"` among them. Several scores an image, `(N, …)`, of
            patches or heads, are for losses that take them: `Loss.takes_patches`.
    """

    generator: nn.Module
    discriminator: nn.Module


class Architecture(ABC):
    """Builds the two networks for a given image shape.

    - `build(image, demands)` makes the networks, or raises `ganzoo.Unsupported` with the reason;
    - `latent` is the distribution of z, with `latent.latent_dim`;
    - `natural_size` may move a dataset's size to the nearest one that can be built;
    - `default_constraints` are those of its paper, as spectral normalization is SNGAN's;
    - `settings` are the paper's training settings; the loss's and the user's take precedence;
    - `settle` prepares a trained generator for sampling (standing statistics).

    It is constructed with one argument, its validated options.

    Attributes:
        conditions: what its networks can be conditioned on: `"classes"`, `"vector"`, `"picture"`;
            and `"none"` if they can be built without a condition. Other datasets are refused before
            `build` is called. Without `"none"` training is conditional.
    """

    options: Options
    conditions: ClassVar[frozenset[ConditionKind]] = frozenset({"none", "classes"})

    def __init__(self, options: Options | None = None) -> None:
        self.options = NoOptions() if options is None else options

    @property
    @abstractmethod
    def latent(self) -> Latent:
        """The distribution that generator inputs are drawn from."""

    @abstractmethod
    def build(self, image: ImageSpec, demands: Demands) -> Networks:
        """Make freshly initialized networks on the CPU, from torch's default random generator.

        Args:
            image: shape of the images; `num_classes` and `condition` count where `demands.labels`
                is set.
            demands: of loss and penalties; meet all of them or refuse.

        Raises:
            Unsupported: it cannot be built; the message gives the reason and what would work.
        """

    def natural_size(self, height: int, width: int) -> tuple[int, int]:
        """The buildable `(height, width)` in pixels nearest to a dataset's own: the default."""
        return (height, width)

    def default_constraints(self) -> Mapping[str, Mapping[str, Any]]:
        """Constraints that its paper puts on the networks, by name, with their options.

        The user can change their options, add more, or leave them out with `none`.
        """
        return {}

    def settings(self) -> Settings:
        """Training settings its paper recommends."""
        return {}

    def settle(self, generator: nn.Module, draw: Draw) -> None:  # noqa: B027  # optional
        """Prepare a copy of the averaged generator for sampling, evaluation and export.

        It is called without gradients, with a random seed that depends on the run alone. Nothing
        is done by default.

        Args:
            generator: in evaluation mode; changed in place (batch norm's statistics, say).
            draw: `draw(n)` gives a tuple of arguments for n images: `generator(*draw(64))`.
        """
