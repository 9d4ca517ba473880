"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = (
    "Kang et al. 2021, Rebooting ACGAN: Auxiliary Classifier GANs with Stable Training, "
    "arXiv:2111.01118"
)


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """The data-to-data cross-entropy loss."""
    yield ganzoo.LossSpec(
        name="reacgan",
        family="class-conditional",
        factory="ganzoo_reacgan.loss:DataToData",
        options="ganzoo_reacgan.options:DataToDataOptions",
        summary="Hinge loss with a cross-entropy between images of a batch; needs labels.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="reacgan",
        file="ganzoo_reacgan:recipes/reacgan.toml",
        summary="ReACGAN's losses on DCGAN's networks; needs a labelled dataset.",
        reference=PAPER,
    )
