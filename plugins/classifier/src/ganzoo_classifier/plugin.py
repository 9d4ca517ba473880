"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_extractors() -> Iterator[ganzoo.ExtractorSpec]:
    """A classifier of the dataset itself."""
    yield ganzoo.ExtractorSpec(
        name="classifier",
        factory="ganzoo_classifier.extractor:DatasetClassifier",
        options="ganzoo_classifier.options:ClassifierOptions",
        summary="A small CNN classifier trained on the labelled dataset itself.",
        classifies=True,
    )


@ganzoo.hookimpl
def ganzoo_metrics() -> Iterator[ganzoo.MetricSpec]:
    """How the classes of a sample are distributed."""
    yield ganzoo.MetricSpec(
        name="class-shares",
        factory="ganzoo_classifier.metric:Classes",
        summary="Number of classes in the sample, and KL divergence of its class distribution.",
        reference="Srivastava et al. 2017, VEEGAN, arXiv:1705.07761",
        starter=True,
    )
