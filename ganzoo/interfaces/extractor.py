"""Extractor: from images of any size to the features that metrics compare."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from ganzoo.interfaces.metric import ImageSet
from ganzoo.interfaces.options import NoOptions, Options


class Extractor(ABC):
    """Turns images into features, in a way that a number can be traced back to.

    Distances between features mean something only beside the network and the resizing they were
    taken with, so both are recorded with every number. It is constructed with one argument, its
    validated options; constructing may load weights, and says what to do where they are missing.

    Attributes:
        display: what numbers are named by: `"EffNetLite0"` gives "EffNetLite0-FD".
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
        """How images become the network's input, in words: size, filter, range, grey."""

    @abstractmethod
    def features(self, images: Tensor) -> Tensor:
        """The features of one batch; each image's depend on it alone.

        Args:
            images: uint8 `(N, C, H, W)`, on whichever device the network is to run.

        Returns:
            float32 `(N, D)`.

        Raises:
            Unsupported: these images mean nothing to it; the message says why.
        """

    def prepare(self, reference: ImageSet, identity: str) -> Mapping[str, float | str]:
        """Get ready for a reference, before `fingerprint` is asked: by default nothing to do.

        Args:
            reference: all images of the reference, with labels where there are any.
            identity: a hash of what the reference is, to keep under what was made of it.

        Returns:
            what a reader of the numbers should know (an accuracy), recorded with them.
        """
        return {}

    def title(self, score: str) -> str:
        """What a score is called that was computed from these features."""
        return f"{self.display}-{score}"


class Classifier(Extractor):
    """An extractor that tells classes apart too."""

    @abstractmethod
    def logits(self, images: Tensor) -> Tensor:
        """Unnormalized log-probabilities of the classes.

        Args:
            images: as for `features`.

        Returns:
            float32 `(N, K)`.
        """
