"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = (
    "Tseng et al. 2021, Regularizing Generative Adversarial Networks under Limited Data, "
    "arXiv:2104.03310"
)


@ganzoo.hookimpl
def ganzoo_penalties() -> Iterator[ganzoo.PenaltySpec]:
    """The LeCam regularizer."""
    yield ganzoo.PenaltySpec(
        name="lecam",
        family="consistency and little data",
        factory="ganzoo_lecam.penalty:LeCam",
        options="ganzoo_lecam.options:LeCamOptions",
        summary="Holds scores to the other side's moving average, for little data; costs no pass.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="lecam",
        file="ganzoo_lecam:recipes/lecam.toml",
        summary="LeCam with DiffAugment, on DCGAN's networks; needs a labelled dataset.",
        reference=PAPER,
    )
