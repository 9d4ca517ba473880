"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_datasets() -> Iterator[ganzoo.DatasetSpec]:
    """Datasets that the Hugging Face library reads."""
    yield ganzoo.DatasetSpec(
        name="huggingface",
        factory="ganzoo_huggingface.dataset:HuggingFace",
        options="ganzoo_huggingface.options:HuggingFaceOptions",
        summary="Images of Hugging Face datasets: saved, Parquet, WebDataset or of the Hub.",
        reference="Lhoest et al. 2021, Datasets: A Community Library for Natural Language "
        "Processing, arXiv:2109.02846",
    )
