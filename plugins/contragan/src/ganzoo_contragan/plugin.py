"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = (
    "Kang & Park 2020, ContraGAN: Contrastive Learning for Conditional Image Generation, "
    "arXiv:2006.12681"
)


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """The conditional contrastive loss."""
    yield ganzoo.LossSpec(
        name="contragan",
        family="class-conditional",
        factory="ganzoo_contragan.loss:Contrastive",
        options="ganzoo_contragan.options:ContrastiveOptions",
        summary="Hinge loss with a contrastive loss between images and classes; needs labels.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="contragan",
        file="ganzoo_contragan:recipes/contragan.toml",
        summary="ContraGAN's losses on DCGAN's networks; needs a labelled dataset.",
        reference=PAPER,
    )
