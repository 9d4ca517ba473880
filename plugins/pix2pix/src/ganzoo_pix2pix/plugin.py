"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = (
    "Isola et al. 2017, Image-to-Image Translation with Conditional Adversarial Networks, "
    "arXiv:1611.07004"
)


@ganzoo.hookimpl
def ganzoo_architectures() -> Iterator[ganzoo.ArchitectureSpec]:
    """U-Net and PatchGAN."""
    yield ganzoo.ArchitectureSpec(
        name="pix2pix",
        family="image to image",
        factory="ganzoo_pix2pix.architecture:Pix2Pix",
        options="ganzoo_pix2pix.options:Pix2PixOptions",
        summary="U-Net that translates pictures of 32 pixels or more, and a PatchGAN.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """The adversarial loss with an L1 distance."""
    yield ganzoo.LossSpec(
        name="pix2pix",
        family="image to image",
        factory="ganzoo_pix2pix.loss:Pix2PixLoss",
        options="ganzoo_pix2pix.options:Pix2PixLossOptions",
        summary="Adversarial loss of patches, and the L1 distance to the real image of the pair.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="pix2pix",
        file="ganzoo_pix2pix:recipes/pix2pix.toml",
        summary="The paper's settings, for a folder of pairs.",
        reference=PAPER,
    )
    yield ganzoo.RecipeSpec(
        name="pix2pix-quick",
        file="ganzoo_pix2pix:recipes/pix2pix-quick.toml",
        summary="Colours grey emoji; trains in minutes on two CPU cores.",
    )
