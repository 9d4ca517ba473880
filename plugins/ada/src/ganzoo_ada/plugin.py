"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = (
    "Karras et al. 2020, Training Generative Adversarial Networks with Limited Data, "
    "arXiv:2006.06676"
)


@ganzoo.hookimpl
def ganzoo_augmentations() -> Iterator[ganzoo.AugmentationSpec]:
    """ADA."""
    yield ganzoo.AugmentationSpec(
        name="ada",
        factory="ganzoo_ada.augmentation:Ada",
        options="ganzoo_ada.options:AdaOptions",
        summary="Flips, turns, scales and recolors images as often as the scores overfit.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to try it with."""
    yield ganzoo.RecipeSpec(
        name="ada-quick",
        file="ganzoo_ada:recipes/ada-quick.toml",
        summary="A small DCGAN with ADA on emoji; trains in minutes on two CPU cores.",
        reference=PAPER,
    )
