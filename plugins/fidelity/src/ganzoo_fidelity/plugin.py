"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

FID = "Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule, arXiv:1706.08500"


@ganzoo.hookimpl
def ganzoo_metrics() -> Iterator[ganzoo.MetricSpec]:
    """Distances between feature distributions, and the Inception score."""
    yield ganzoo.MetricSpec(
        name="frechet",
        factory="ganzoo_fidelity.metrics:Frechet",
        summary="Fréchet distance between feature distributions; FID with `inception`.",
        reference=FID,
        starter=True,
        tracks_training=True,
    )
    yield ganzoo.MetricSpec(
        name="kernel",
        factory="ganzoo_fidelity.metrics:Kernel",
        options="ganzoo_fidelity.options:KernelOptions",
        summary="Kernel distance (squared MMD) between features; KID with `inception`.",
        reference="Binkowski et al. 2018, Demystifying MMD GANs, arXiv:1801.01401",
        starter=True,
    )
    yield ganzoo.MetricSpec(
        name="precision-recall",
        factory="ganzoo_fidelity.metrics:PrecisionRecall",
        options="ganzoo_fidelity.options:NeighbourOptions",
        summary="Precision (fidelity) and recall (diversity) by nearest neighbours of features.",
        reference="Kynkäänniemi et al. 2019, Improved Precision and Recall Metric for Assessing "
        "Generative Models, arXiv:1904.06991",
        starter=True,
    )
    yield ganzoo.MetricSpec(
        name="inception-score",
        factory="ganzoo_fidelity.metrics:InceptionScore",
        options="ganzoo_fidelity.options:SplitOptions",
        summary="Inception score, computed with a classifier of the dataset.",
        reference="Salimans et al. 2016, Improved Techniques for Training GANs, arXiv:1606.03498",
    )


@ganzoo.hookimpl
def ganzoo_extractors() -> Iterator[ganzoo.ExtractorSpec]:
    """The network of the original FID."""
    yield ganzoo.ExtractorSpec(
        name="inception",
        factory="ganzoo_fidelity.inception:Inception",
        options="ganzoo_fidelity.options:InceptionOptions",
        summary="Inception network of the original FID; downloads 91 MB on first use.",
        reference=FID,
    )
