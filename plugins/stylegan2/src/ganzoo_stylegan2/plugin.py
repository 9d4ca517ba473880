"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

STYLEGAN2 = (
    "Karras et al. 2020, Analyzing and Improving the Image Quality of StyleGAN, arXiv:1912.04958"
)
ADA = (
    "Karras et al. 2020, Training Generative Adversarial Networks with Limited Data, "
    "arXiv:2006.06676"
)


@ganzoo.hookimpl
def ganzoo_architectures() -> Iterator[ganzoo.ArchitectureSpec]:
    """StyleGAN2."""
    yield ganzoo.ArchitectureSpec(
        name="stylegan2",
        family="style-based",
        factory="ganzoo_stylegan2.architecture:StyleGAN2",
        options="ganzoo_stylegan2.options:StyleGAN2Options",
        summary="Style-based generator and residual discriminator for images of 8 to 1024 pixels.",
        reference=STYLEGAN2,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="stylegan2",
        file="ganzoo_stylegan2:recipes/stylegan2.toml",
        summary="StyleGAN2, config F of the paper, at 1024 pixels; for several GPUs.",
        reference=STYLEGAN2,
    )
    yield ganzoo.RecipeSpec(
        name="stylegan2-ada-cifar10",
        file="ganzoo_stylegan2:recipes/stylegan2-ada-cifar10.toml",
        summary="StyleGAN2 with adaptive augmentation, the authors' CIFAR-10 settings; for GPUs.",
        reference=ADA,
    )
    yield ganzoo.RecipeSpec(
        name="stylegan2-quick",
        file="ganzoo_stylegan2:recipes/stylegan2-quick.toml",
        summary="A small StyleGAN2 at 32 pixels; trains in minutes on two CPU cores.",
    )
