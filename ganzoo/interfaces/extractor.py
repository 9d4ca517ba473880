"""Extractor: computes the features of images that metrics compare."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from ganzoo.errors import Unsupported
from ganzoo.interfaces.metric import ImageSet
from ganzoo.interfaces.options import NoOptions, Options


class Extractor(ABC):
    """Computes features of images of any size.

    Distances between features depend on the network and the resizing, so both are recorded with
    every number. It is constructed with one argument, its validated options. Weights are loaded
    then or on first use; missing ones raise a `ganzoo.DataError` that says what to do.

    Attributes:
        display: the prefix of the names of numbers: `"EffNetLite0"` gives "EffNetLite0-FD".
        needs_labels: whether `prepare` needs a labelled reference.
    """

    display: ClassVar[str]
    needs_labels: ClassVar[bool] = False

    options: Options

    def __init__(self, options: Options | None = None) -> None:
        self.options = NoOptions() if options is None else options

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """A hash of the weights and of every option that changes the features."""

    @property
    @abstractmethod
    def resizing(self) -> str:
        """How images become the network's input: size, filter, range, grey."""

    @abstractmethod
    def features(self, images: Tensor) -> Tensor:
        """The features of one batch; each image's depend on it alone.

        Args:
            images: uint8 `(N, C, H, W)`, on whichever device the network is to run.

        Returns:
            float32 `(N, D)`, finite.

        Raises:
            Unsupported: it cannot be used for these images; the message says why.
        """

    def maps(self, images: Tensor) -> tuple[Tensor, ...]:
        """Feature maps for a network that stands on this one; by default there are none.

        The weights stay frozen, in evaluation mode; gradients flow through them to the images. Keep
        the extractor as a plain attribute: then it is in no optimizer, checkpoint or average, and
        a run that is evaluated by its features is warned of.

        Args:
            images: `(N, C, H, W)`, floating point in [-1, 1].

        Returns:
            `(N, C', H', W')` each, from fine to coarse, on the images' device.

        Raises:
            Unsupported: it has no maps, or cannot be used for these images.
        """
        raise Unsupported(
            f"{type(self).__name__} gives features, and no feature maps to build a network on; "
            "use an extractor that has `maps`"
        )

    @property
    def prepares(self) -> bool:
        """Whether `prepare` does something: a class of its own has it."""
        return type(self).prepare is not Extractor.prepare

    def prepare(self, reference: ImageSet, identity: str) -> Mapping[str, float | str]:
        """Prepare for a reference, before `fingerprint` is read; by default nothing happens.

        Args:
            reference: all images of the reference, with labels if there are any.
            identity: a hash of the reference, under which results may be cached.

        Returns:
            notes to record with the numbers (an accuracy).

        Raises:
            Unsupported: it cannot be prepared for this reference; the message says why.
        """
        return {}

    def title(self, score: str) -> str:
        """The name of a score that was computed from these features."""
        return f"{self.display}-{score}"


def extractors_in(module: nn.Module) -> frozenset[str]:
    """`Extractor.display` of the extractors that a module, or a part of it, has as attributes."""
    kept = [value for part in module.modules() for value in vars(part).values()]
    several = [each for value in kept if isinstance(value, (list, tuple)) for each in value]
    return frozenset(each.display for each in kept + several if isinstance(each, Extractor))


class Classifier(Extractor):
    """An extractor that also classifies."""

    @abstractmethod
    def logits(self, images: Tensor) -> Tensor:
        """Unnormalized log-probabilities of the classes.

        Args:
            images: as for `features`.

        Returns:
            float32 `(N, K)`.
        """
