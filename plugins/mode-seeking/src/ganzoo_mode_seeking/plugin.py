"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = (
    "Mao et al. 2019, Mode Seeking Generative Adversarial Networks for Diverse Image Synthesis, "
    "arXiv:1903.05628"
)


@ganzoo.hookimpl
def ganzoo_penalties() -> Iterator[ganzoo.PenaltySpec]:
    """The mode seeking regularizer."""
    yield ganzoo.PenaltySpec(
        name="mode-seeking",
        family="the generator's",
        factory="ganzoo_mode_seeking.penalty:ModeSeeking",
        summary="The generator's images must differ as their z do, against mode collapse (MSGAN).",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="msgan",
        file="ganzoo_mode_seeking:recipes/msgan.toml",
        summary="MSGAN: a conditional DCGAN with mode seeking; needs a labelled dataset.",
        reference=PAPER,
    )
