"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = (
    "Sinha et al. 2020, Top-k Training of GANs: Improving GAN Performance by Throwing Away Bad "
    "Samples, arXiv:2002.06224"
)


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """Top-k training."""
    yield ganzoo.LossSpec(
        name="top-k",
        family="cross-entropy, hinge, least squares",
        factory="ganzoo_top_k.loss:TopK",
        options="ganzoo_top_k.options:TopKOptions",
        summary="The generator learns from the k fakes of a batch that score highest.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="top-k",
        file="ganzoo_top_k:recipes/top-k.toml",
        summary="Top-k training on DCGAN's networks.",
        reference=PAPER,
    )
