"""Metric: compares two sets of images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.options import NoOptions, Options

Flaw = Literal["blur", "noise", "collapse", "missing classes", "mixed halves", "grey", "copies"]
"""What can be wrong with a sample: blurred, noisy, few distinct images, missing classes, left
halves beside other images' right halves, uniformly grey images, copies of training images."""


@dataclass(frozen=True, kw_only=True)
class ImageSet:
    """A set of images to compare with another, with labels and features if there are any.

    Attributes:
        images: `(N, C, H, W)` of uint8. Generated images are rounded to 8 bits like real ones, so
            that a metric does not measure the rounding.
        labels: `(N,)` of int64 in `[0, num_classes)`; None without labels.
        num_classes: of the labels; 0 without labels.
        conditions: what a generator is conditioned on to be compared with them, if it is no class:
            vectors `(N, D)`, or pictures `(N, C', H, W)` of uint8. Metrics do not read it.
        features: `(N, D)` of float32, for metrics that use them.
        logits: `(N, K)` of float32, for metrics that use a classifier.
    """

    images: Tensor
    labels: Tensor | None = None
    num_classes: int = 0
    conditions: Tensor | None = None
    features: Tensor | None = None
    logits: Tensor | None = None

    def __len__(self) -> int:
        return self.images.shape[0]


@dataclass(frozen=True)
class Score:
    """One number a metric gives.

    Attributes:
        name: as reported (`"FD"`), after the extractor's name if it uses features.
        better: `"lower"` or `"higher"`.
        detects: flaws that make it worse, the more the stronger they are; a test checks this.
        ignores: flaws that do not make it worse, however strong they are; a test checks this.
    """

    name: str
    better: Literal["lower", "higher"]
    detects: tuple[Flaw, ...] = ()
    ignores: tuple[Flaw, ...] = ()


@dataclass(frozen=True)
class Measured:
    """The value of a score, and its standard deviation if the metric computes one."""

    value: float
    std: float | None = None


class Metric(ABC):
    """Compares a set of images with a reference.

    The class docstring says what it measures, and `blind_to` what it does not detect: a good number
    for bad images misleads. It is constructed with one argument, its validated options.

        class MeanColour(ganzoo.Metric):
            scores = (ganzoo.Score("mean-colour", "lower"),)
            blind_to = "everything but the average colour"

            def measure(self, sample, reference, *, seed):
                gap = sample.images.float().mean() - reference.images.float().mean()
                return {"mean-colour": ganzoo.Measured(abs(gap).item())}

    Attributes:
        scores: what `measure` returns, in the order in which it is shown.
        uses: `"pixels"`, `"features"` of the extractor that the user chose, or the `"logits"` of
            a classifier.
        needs_labels: whether the reference must have labels.
        whole_reference: whether the reference is all images there are, instead of as many as the
            sample has. Only for metrics that use pixels.
        blind_to: what it does not detect.
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
        """Refuse images for which it means nothing; by default none are refused.

        Raises:
            Unsupported: the message is the reason.
        """
        return

    @abstractmethod
    def measure(
        self, sample: ImageSet, reference: ImageSet, *, seed: int
    ) -> Mapping[str, Measured]:
        """Compare.

        Args:
            sample: the images to evaluate, with the features or logits that the metric uses, on
                the CPU.
            reference: the images to compare with, most often real ones.
            seed: random seed of the comparison.

        Returns:
            a finite value for each of `scores`, by name.

        Raises:
            UsageError: there are too few images; the other metrics are still measured.
        """


def centered(sample: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    """Subtract the reference's mean from both sets of vectors `(N, D)`.

    Distances stay the same, but far from the origin float32 loses their digits: around 1,000,
    `torch.cdist` gives a distance of 1 as anything from 0 to 1.8.
    """
    origin = reference.mean(0, dtype=torch.float64).to(reference.dtype)
    return sample - origin, reference - origin
