"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

R3GAN = "Huang et al. 2024, The GAN is dead; long live the GAN!, arXiv:2501.05441"
MESCHEDER = "Mescheder et al. 2018, Which Training Methods for GANs do actually Converge?"


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """The relativistic pairing loss."""
    yield ganzoo.LossSpec(
        name="relativistic",
        family="relativistic",
        factory="ganzoo_r3gan.loss:Relativistic",
        summary="Relativistic pairing loss of R3GAN; brings the penalties R1 and R2.",
        reference=f"{R3GAN}; Jolicoeur-Martineau 2018, arXiv:1807.00734",
    )


@ganzoo.hookimpl
def ganzoo_penalties() -> Iterator[ganzoo.PenaltySpec]:
    """Zero-centered gradient penalties."""
    yield ganzoo.PenaltySpec(
        name="r1",
        family="gradients of the discriminator",
        factory="ganzoo_r3gan.penalties:R1",
        options="ganzoo_r3gan.options:ZeroCenteredOptions",
        summary="Zero-centered gradient penalty: half the squared gradient norm at real images.",
        reference=f"{MESCHEDER}, arXiv:1801.04406, equation 9",
    )
    yield ganzoo.PenaltySpec(
        name="r2",
        family="gradients of the discriminator",
        factory="ganzoo_r3gan.penalties:R2",
        options="ganzoo_r3gan.options:ZeroCenteredOptions",
        summary="Zero-centered gradient penalty: half the squared gradient norm at fake images.",
        reference=f"{MESCHEDER}, arXiv:1801.04406, equation 10",
    )


@ganzoo.hookimpl
def ganzoo_architectures() -> Iterator[ganzoo.ArchitectureSpec]:
    """The networks of R3GAN."""
    yield ganzoo.ArchitectureSpec(
        name="r3gan",
        family="residual",
        factory="ganzoo_r3gan.architecture:R3GAN",
        options="ganzoo_r3gan.options:R3GANOptions",
        summary="Residual networks without normalization for 8 to 1024 pixels.",
        reference=R3GAN,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    for dataset, summary in (
        ("cifar10", "CIFAR-10 with classes at 32 pixels"),
        ("ffhq64", "FFHQ at 64 pixels"),
        ("ffhq256", "FFHQ at 256 pixels"),
        ("imagenet32", "ImageNet with classes at 32 pixels"),
        ("imagenet64", "ImageNet with classes at 64 pixels"),
    ):
        yield ganzoo.RecipeSpec(
            name=f"r3gan-{dataset}",
            file=f"ganzoo_r3gan:recipes/r3gan-{dataset}.toml",
            summary=f"R3GAN on {summary}, with all schedules; needs GPUs.",
            reference=R3GAN,
        )
    yield ganzoo.RecipeSpec(
        name="r3gan-quick",
        file="ganzoo_r3gan:recipes/r3gan-quick.toml",
        summary="A small R3GAN on Fashion-MNIST; trains in minutes on two CPU cores.",
    )
    yield ganzoo.RecipeSpec(
        name="relativistic-dcgan",
        file="ganzoo_r3gan:recipes/relativistic-dcgan.toml",
        summary="The relativistic loss with R1 and R2, on DCGAN's networks.",
        reference=R3GAN,
    )
    yield ganzoo.RecipeSpec(
        name="relativistic-dcgan-quick",
        file="ganzoo_r3gan:recipes/relativistic-dcgan-quick.toml",
        summary="R3GAN's loss on DCGAN's networks: Fashion-MNIST in minutes on two CPU cores.",
    )
    yield ganzoo.RecipeSpec(
        name="emoji-quick-10",
        file="ganzoo_r3gan:recipes/emoji-quick-10.toml",
        summary="R3GAN's loss on DCGAN's networks: emoji in ten minutes on two CPU cores.",
    )
    yield ganzoo.RecipeSpec(
        name="emoji-quick",
        file="ganzoo_r3gan:recipes/emoji-quick.toml",
        summary="R3GAN's loss on DCGAN's networks: emoji in minutes on two CPU cores.",
    )
