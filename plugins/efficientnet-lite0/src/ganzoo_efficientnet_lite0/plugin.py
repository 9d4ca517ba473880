"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_extractors() -> Iterator[ganzoo.ExtractorSpec]:
    """EfficientNet-Lite0."""
    yield ganzoo.ExtractorSpec(
        name="efficientnet-lite0",
        factory="ganzoo_efficientnet_lite0.extractor:EfficientNetLite0",
        options="ganzoo_efficientnet_lite0.options:EfficientNetLite0Options",
        summary="1280 features of EfficientNet-Lite0, trained on ImageNet; needs no download.",
        reference="Tan & Le 2019, EfficientNet, arXiv:1905.11946",
        starter=True,
    )
