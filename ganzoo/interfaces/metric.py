"""Metric: what two sets of images are compared by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor

from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.options import NoOptions, Options

Flaw = Literal["blur", "noise", "collapse", "missing classes", "mixed halves", "copies"]
"""What can be wrong with a sample: blurred, noisy, few images over and over, classes left out, left
halves beside other images' right halves, training images copied."""


@dataclass(frozen=True, kw_only=True)
class ImageSet:
    """Images to be compared with others as a whole, with what is known of them.

    Attributes:
        images: `(N, C, H, W)` of uint8. Generated images are rounded to 8 bits like real ones, or
            a metric would see the rounding.
        labels: `(N,)` of int64 in `[0, num_classes)`; None where there are none.
        num_classes: of the labels; 0 where there are none.
        features: `(N, D)` of float32, for metrics that use them.
        logits: `(N, K)` of float32, for metrics that use a classifier.
    """

    images: Tensor
    labels: Tensor | None = None
    num_classes: int = 0
    features: Tensor | None = None
    logits: Tensor | None = None

    def __len__(self) -> int:
        return self.images.shape[0]


@dataclass(frozen=True)
class Score:
    """One number a metric gives.

    Attributes:
        name: as it is reported (`"FD"`), behind the extractor's name where it uses features.
        better: which direction is.
        detects: flaws that make it worse, the stronger the more; a test holds it to them.
    """

    name: str
    better: Literal["lower", "higher"]
    detects: tuple[Flaw, ...] = ()


@dataclass(frozen=True)
class Measured:
    """The value of a score, and its standard deviation where the metric knows it."""

    value: float
    std: float | None = None


class Metric(ABC):
    """Compares a set of images with a reference.

    Say in the class docstring what it measures, and in `blind_to` what it cannot see: a number
    that is good although the images are bad misleads whoever does not know. It is constructed
    with one argument, its validated options.

        class MeanColour(ganzoo.Metric):
            scores = (ganzoo.Score("mean-colour", "lower"),)
            blind_to = "everything but the average colour"

            def measure(self, sample, reference, *, seed):
                gap = sample.images.float().mean() - reference.images.float().mean()
                return {"mean-colour": ganzoo.Measured(abs(gap).item())}

    Attributes:
        scores: what `measure` returns, in the order it is shown.
        uses: `"pixels"`, `"features"` of whatever extractor the user chose, or the `"logits"` of
            a classifier.
        needs_labels: whether the reference must be labelled.
        whole_reference: whether the reference is to be all images there are, not as many as
            the sample has. Only for metrics that use pixels.
        blind_to: what it does not see, in words.
    """

    scores: ClassVar[tuple[Score, ...]]
    uses: ClassVar[Literal["pixels", "features", "logits"]] = "pixels"
    needs_labels: ClassVar[bool] = False
    whole_reference: ClassVar[bool] = False
    blind_to: ClassVar[str]

    options: Options

    def __init__(self, options: Options | None = None) -> None:
        self.options = NoOptions() if options is None else options

    def check(self, spec: ImageSpec) -> None:
        """Refuse images that it means nothing for; by default none are refused.

        Raises:
            Unsupported: the reason in words.
        """
        return

    @abstractmethod
    def measure(
        self, sample: ImageSet, reference: ImageSet, *, seed: int
    ) -> Mapping[str, Measured]:
        """Compare.

        Args:
            sample: what is judged; with the features or logits the metric uses, on the CPU.
            reference: what it is judged by, most often real images.
            seed: everything random in the comparison follows from it.

        Returns:
            a value for each of `scores`, by name.

        Raises:
            UsageError: there are too few images.
        """
