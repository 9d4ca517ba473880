"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = "Gong et al. 2019, Twin Auxiliary Classifiers GAN, arXiv:1907.02690"


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """The twin auxiliary classifier loss."""
    yield ganzoo.LossSpec(
        name="tac",
        family="class-conditional",
        factory="ganzoo_tac.loss:TwinClassifier",
        options="ganzoo_tac.options:TwinClassifierOptions",
        summary="Auxiliary classifier with a twin that takes its bias away; needs labels.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="tacgan",
        file="ganzoo_tac:recipes/tacgan.toml",
        summary="TAC-GAN's loss on DCGAN's networks; needs a labelled dataset.",
        reference=PAPER,
    )
