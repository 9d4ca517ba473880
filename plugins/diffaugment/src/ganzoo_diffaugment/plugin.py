"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = (
    "Zhao et al. 2020, Differentiable Augmentation for Data-Efficient GAN Training, "
    "arXiv:2006.10738"
)


@ganzoo.hookimpl
def ganzoo_augmentations() -> Iterator[ganzoo.AugmentationSpec]:
    """DiffAugment."""
    yield ganzoo.AugmentationSpec(
        name="diffaugment",
        factory="ganzoo_diffaugment.augmentation:DiffAugment",
        options="ganzoo_diffaugment.options:DiffAugmentOptions",
        summary="Random color, translation and cutout of every image, for little data.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to try it with."""
    yield ganzoo.RecipeSpec(
        name="diffaugment-quick",
        file="ganzoo_diffaugment:recipes/diffaugment-quick.toml",
        summary="A small DCGAN with DiffAugment on emoji; trains in minutes on two CPU cores.",
        reference=PAPER,
    )
