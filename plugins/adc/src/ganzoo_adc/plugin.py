"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = (
    "Hou et al. 2022, Conditional GANs with Auxiliary Discriminative Classifier, arXiv:2107.10060"
)


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """The auxiliary discriminative classifier loss."""
    yield ganzoo.LossSpec(
        name="adc",
        family="class-conditional",
        factory="ganzoo_adc.loss:DiscriminativeClassifier",
        options="ganzoo_adc.options:DiscriminativeClassifierOptions",
        summary="Auxiliary classifier that tells real from fake images of each class (ADC-GAN).",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="adcgan",
        file="ganzoo_adc:recipes/adcgan.toml",
        summary="ADC-GAN's loss on DCGAN's networks; needs a labelled dataset.",
        reference=PAPER,
    )
