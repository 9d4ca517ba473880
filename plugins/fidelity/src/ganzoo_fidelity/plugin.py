"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_metrics() -> Iterator[ganzoo.MetricSpec]:
    """Distances between features, and the score of a classifier's answers."""
    yield ganzoo.MetricSpec(
        name="frechet",
        factory="ganzoo_fidelity.metrics:Frechet",
        summary="Fréchet distance between the features of two sets.",
        reference="https://arxiv.org/abs/1706.08500",
        starter=True,
    )
    yield ganzoo.MetricSpec(
        name="kernel",
        factory="ganzoo_fidelity.metrics:Kernel",
        options="ganzoo_fidelity.options:KernelOptions",
        summary="Kernel distance (squared MMD) between the features of two sets.",
        reference="https://arxiv.org/abs/1801.01401",
        starter=True,
    )
    yield ganzoo.MetricSpec(
        name="precision-recall",
        factory="ganzoo_fidelity.metrics:PrecisionRecall",
        options="ganzoo_fidelity.options:NeighbourOptions",
        summary="How many images look real, and how much of the real is covered.",
        reference="https://arxiv.org/abs/1904.06991",
        starter=True,
    )
    yield ganzoo.MetricSpec(
        name="inception-score",
        factory="ganzoo_fidelity.metrics:InceptionScore",
        options="ganzoo_fidelity.options:SplitOptions",
        summary="How sure and how varied a classifier of the dataset is.",
        reference="https://arxiv.org/abs/1606.03498",
    )


@ganzoo.hookimpl
def ganzoo_extractors() -> Iterator[ganzoo.ExtractorSpec]:
    """The network of the original FID."""
    yield ganzoo.ExtractorSpec(
        name="inception",
        factory="ganzoo_fidelity.inception:Inception",
        options="ganzoo_fidelity.options:InceptionOptions",
        summary="The Inception network of the original FID; downloads 91 MB once.",
        reference="https://arxiv.org/abs/1706.08500",
    )
