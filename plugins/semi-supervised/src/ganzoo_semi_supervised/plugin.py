"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = "Salimans et al. 2016, Improved Techniques for Training GANs, arXiv:1606.03498"


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """The semi-supervised loss."""
    yield ganzoo.LossSpec(
        name="semi-supervised",
        family="class-conditional",
        factory="ganzoo_semi_supervised.loss:SemiSupervised",
        options="ganzoo_semi_supervised.options:SemiSupervisedOptions",
        summary="The discriminator classifies, with labels of some images; needs a labelled set.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="semi-supervised",
        file="ganzoo_semi_supervised:recipes/semi-supervised.toml",
        summary="4,000 labels of CIFAR-10, feature matching, DCGAN's networks.",
        reference=PAPER,
    )
