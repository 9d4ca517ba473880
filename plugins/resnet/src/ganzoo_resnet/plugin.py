"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

SNGAN = "Miyato et al. 2018, Spectral Normalization for GANs, arXiv:1802.05957"
PROJECTION = "Miyato & Koyama 2018, cGANs with Projection Discriminator, arXiv:1802.05637"
WGAN_GP = "Gulrajani et al. 2017, Improved Training of Wasserstein GANs, arXiv:1704.00028"


@ganzoo.hookimpl
def ganzoo_architectures() -> Iterator[ganzoo.ArchitectureSpec]:
    """The ResNets of SNGAN and WGAN-GP."""
    yield ganzoo.ArchitectureSpec(
        name="resnet",
        family="residual",
        factory="ganzoo_resnet.architecture:ResNet",
        options="ganzoo_resnet.options:ResNetOptions",
        summary="SNGAN's ResNets for 32, 48, 64, 128 and 256 pixels, or WGAN-GP's for 32; can be "
        "class-conditional.",
        reference=f"{SNGAN}; {WGAN_GP}",
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="sngan",
        file="ganzoo_resnet:recipes/sngan.toml",
        summary="SNGAN as in the paper, at 32 pixels (CIFAR-10); slow without a GPU.",
        reference=SNGAN,
    )
    yield ganzoo.RecipeSpec(
        name="sngan-stl10",
        file="ganzoo_resnet:recipes/sngan-stl10.toml",
        summary="SNGAN as in the paper, at 48 pixels (STL-10).",
        reference=SNGAN,
    )
    yield ganzoo.RecipeSpec(
        name="sngan-imagenet",
        file="ganzoo_resnet:recipes/sngan-imagenet.toml",
        summary="SNGAN with a projection discriminator as in the paper, at 128 pixels.",
        reference=PROJECTION,
    )
    yield ganzoo.RecipeSpec(
        name="sngan-cifar10",
        file="ganzoo_resnet:recipes/sngan-cifar10.toml",
        summary="A class-conditional SNGAN with StudioGAN's settings for CIFAR-10.",
        reference="Kang et al. 2022, StudioGAN, arXiv:2206.09479",
    )
    yield ganzoo.RecipeSpec(
        name="wgan-gp-resnet",
        file="ganzoo_resnet:recipes/wgan-gp-resnet.toml",
        summary="WGAN-GP with the paper's ResNet for CIFAR-10; slow without a GPU.",
        reference=WGAN_GP,
    )
    yield ganzoo.RecipeSpec(
        name="sngan-quick",
        file="ganzoo_resnet:recipes/sngan-quick.toml",
        summary="A small SNGAN on Fashion-MNIST; trains in minutes on two CPU cores.",
    )
