"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = (
    "Odena et al. 2017, Conditional Image Synthesis with Auxiliary Classifier GANs, "
    "arXiv:1610.09585"
)


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """The auxiliary classifier loss."""
    yield ganzoo.LossSpec(
        name="acgan",
        family="class-conditional",
        factory="ganzoo_acgan.loss:AuxiliaryClassifier",
        options="ganzoo_acgan.options:AuxiliaryClassifierOptions",
        summary="Auxiliary classifier: the discriminator also predicts the class; needs labels.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="acgan",
        file="ganzoo_acgan:recipes/acgan.toml",
        summary="AC-GAN on DCGAN's networks; needs a labelled dataset.",
        reference=PAPER,
    )
