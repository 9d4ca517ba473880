"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = "Lin 2017, Softmax GAN, arXiv:1704.06191"


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """The loss of Softmax GAN."""
    yield ganzoo.LossSpec(
        name="softmax",
        family="cross-entropy, hinge, least squares",
        factory="ganzoo_softmax.loss:Softmax",
        summary="Softmax over the scores of all images of a batch, real and fake.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="softmax-gan",
        file="ganzoo_softmax:recipes/softmax-gan.toml",
        summary="Softmax GAN with multilayer perceptrons.",
        reference=PAPER,
    )
