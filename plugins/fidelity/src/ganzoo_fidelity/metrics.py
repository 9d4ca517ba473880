"""Metrics of torch-fidelity, on the features or logits of any extractor."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from torch import Tensor

import ganzoo
from ganzoo_fidelity.options import KernelOptions, NeighbourOptions, SplitOptions


def fidelity(module: str) -> Any:
    """A module of torch-fidelity.

    Raises:
        ganzoo.UsageError: torch-fidelity is not installed.
    """
    with ganzoo.importing("a metric of torch-fidelity", "gan-zoo[evaluation]"):
        return importlib.import_module(f"torch_fidelity.{module}")


class Frechet(ganzoo.Metric):
    """The Fréchet distance between two Gaussians fitted to the features (Heusel et al. 2017).

    Its bias falls with the number of images, so compare at equal n, and with the floor.
    """

    scores = (
        ganzoo.Score(
            "FD",
            "lower",
            detects=("blur", "noise", "collapse", "missing classes", "mixed halves", "grey"),
        ),
    )
    uses = "features"
    blind_to = "anything beyond mean and covariance of the features; copies of training images"

    def __init__(self, options: ganzoo.Options | None = None) -> None:
        super().__init__(options)
        self._module = fidelity("metric_fid")

    def measure(
        self, sample: ganzoo.ImageSet, reference: ganzoo.ImageSet, *, seed: int
    ) -> Mapping[str, ganzoo.Measured]:
        """The Fréchet distance, at least 0."""
        fitted = [
            self._module.fid_features_to_statistics(features_of(images).double())
            for images in (sample, reference)
        ]
        result = self._module.fid_statistics_to_metric(*fitted, verbose=False)
        return {"FD": ganzoo.Measured(max(0.0, result["frechet_inception_distance"]))}


class Kernel(ganzoo.Metric):
    """The squared maximum mean discrepancy with a cubic kernel (Binkowski et al. 2018).

    Unbiased: its mean does not depend on the number of images, and it can be slightly negative.
    The kernel depends on the features' origin, so they are taken as they are, in float64.
    """

    scores = (
        ganzoo.Score(
            "KD",
            "lower",
            detects=("blur", "noise", "collapse", "missing classes", "mixed halves", "grey"),
        ),
    )
    uses = "features"
    blind_to = "copies of training images"

    options: KernelOptions

    def __init__(self, options: KernelOptions | None = None) -> None:
        super().__init__(options or KernelOptions())
        self._module = fidelity("metric_kid")

    def measure(
        self, sample: ganzoo.ImageSet, reference: ganzoo.ImageSet, *, seed: int
    ) -> Mapping[str, ganzoo.Measured]:
        """Mean over random subsets, and their standard deviation if they differ."""
        count = min(len(sample), len(reference))
        size = max(2, min(self.options.subset_size, count // 2))
        result = self._module.kid_features_to_metric(
            features_of(sample).double(),
            features_of(reference).double(),
            kid_subsets=self.options.subsets,
            kid_subset_size=size,
            rng_seed=seed,
            verbose=False,
        )
        mean, deviation = (result[f"kernel_inception_distance_{part}"] for part in ("mean", "std"))
        differ = self.options.subsets > 1 and size < count
        return {"KD": ganzoo.Measured(mean, deviation if differ else None)}


class PrecisionRecall(ganzoo.Metric):
    """Share of images inside the other set's estimated manifold (Kynkäänniemi et al. 2019).

    The manifold of a set is the union of balls around its images; the radius of each ball is the
    distance to its k-th nearest neighbour.
    """

    scores = (
        ganzoo.Score("precision", "higher", detects=("blur", "mixed halves")),
        ganzoo.Score("recall", "higher", detects=("collapse", "missing classes")),
    )
    uses = "features"
    blind_to = "the density of images; the large ball of a real outlier accepts noise"

    options: NeighbourOptions

    def __init__(self, options: NeighbourOptions | None = None) -> None:
        super().__init__(options or NeighbourOptions())
        self._module = fidelity("metric_prc")

    def measure(
        self, sample: ganzoo.ImageSet, reference: ganzoo.ImageSet, *, seed: int
    ) -> Mapping[str, ganzoo.Measured]:
        """Both in [0, 1].

        Raises:
            UsageError: there are fewer images than neighbours.
        """
        if min(len(sample), len(reference)) <= self.options.neighbours:
            raise ganzoo.UsageError(
                f"precision and recall use {self.options.neighbours} neighbours, and there "
                f"are {min(len(sample), len(reference))} images; try a larger {ganzoo.setting('n')}"
            )
        result = self._module.prc_features_to_metric(
            *ganzoo.centered(features_of(sample), features_of(reference)),
            prc_neighborhood=self.options.neighbours,
            prc_batch_size=10_000,
            save_cpu_ram=True,
            verbose=False,
        )
        return {name: ganzoo.Measured(result[name]) for name in ("precision", "recall")}


class InceptionScore(ganzoo.Metric):
    """exp of the mean KL divergence of p(y|x) from p(y) (Salimans et al. 2016).

    Computed with a classifier of the dataset itself, so it is not comparable with scores of the
    original Inception network. The reference is not used.
    """

    scores = (ganzoo.Score("IS", "higher", detects=("noise", "missing classes", "grey")),)
    uses = "logits"
    blind_to = "variety within a class, copies, and anything the classifier ignores"

    options: SplitOptions

    def __init__(self, options: SplitOptions | None = None) -> None:
        super().__init__(options or SplitOptions())
        self._module = fidelity("metric_isc")

    def measure(
        self, sample: ganzoo.ImageSet, reference: ganzoo.ImageSet, *, seed: int
    ) -> Mapping[str, ganzoo.Measured]:
        """Mean over splits and their standard deviation; between 1 and the number of classes."""
        assert sample.logits is not None
        splits = min(self.options.splits, len(sample))
        result = self._module.isc_features_to_metric(sample.logits, splits=splits, rng_seed=seed)
        mean, deviation = (result[f"inception_score_{part}"] for part in ("mean", "std"))
        return {"IS": ganzoo.Measured(mean, deviation if splits > 1 else None)}


def features_of(images: ganzoo.ImageSet) -> Tensor:
    """Features `(N, D)`, which the evaluation computes for metrics that use them."""
    assert images.features is not None
    return images.features
