"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = (
    "Radford et al. 2015, Unsupervised Representation Learning with Deep Convolutional Generative "
    "Adversarial Networks, arXiv:1511.06434"
)


@ganzoo.hookimpl
def ganzoo_architectures() -> Iterator[ganzoo.ArchitectureSpec]:
    """DCGAN."""
    yield ganzoo.ArchitectureSpec(
        name="dcgan",
        family="multilayer and plain convolutions",
        factory="ganzoo_dcgan.architecture:DCGAN",
        options="ganzoo_dcgan.options:DCGANOptions",
        summary="Convolutional networks for images of 16 to 128 pixels; can be class-conditional.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="dcgan",
        file="ganzoo_dcgan:recipes/dcgan.toml",
        summary="DCGAN as in the paper, at 64 pixels; slow without a GPU.",
        reference=PAPER,
    )
    yield ganzoo.RecipeSpec(
        name="dcgan-conditional",
        file="ganzoo_dcgan:recipes/dcgan-conditional.toml",
        summary="A class-conditional DCGAN with a projection discriminator.",
        reference="Miyato & Koyama 2018, cGANs with Projection Discriminator, arXiv:1802.05637",
    )
    yield ganzoo.RecipeSpec(
        name="dcgan-quick",
        file="ganzoo_dcgan:recipes/dcgan-quick.toml",
        summary="A small DCGAN at 32 pixels; trains in minutes on two CPU cores.",
    )
