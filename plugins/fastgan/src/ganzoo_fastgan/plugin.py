"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = (
    "Liu et al. 2021, Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image "
    "Synthesis, arXiv:2101.04775"
)


@ganzoo.hookimpl
def ganzoo_architectures() -> Iterator[ganzoo.ArchitectureSpec]:
    """FastGAN's networks."""
    yield ganzoo.ArchitectureSpec(
        name="fastgan",
        family="light, for few images",
        factory="ganzoo_fastgan.architecture:FastGAN",
        options="ganzoo_fastgan.options:FastGANOptions",
        summary="Light networks for few images, of 32 to 1024 pixels; scores patches.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """The hinge loss with random margins."""
    yield ganzoo.LossSpec(
        name="fastgan",
        family="auto-encoding discriminators",
        factory="ganzoo_fastgan.loss:FastGANLoss",
        summary="Hinge loss with random margins; brings the penalty reconstruction.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_penalties() -> Iterator[ganzoo.PenaltySpec]:
    """Self-supervision of the discriminator."""
    yield ganzoo.PenaltySpec(
        name="reconstruction",
        family="consistency and little data",
        factory="ganzoo_fastgan.penalty:Reconstruction",
        options="ganzoo_fastgan.options:ReconstructionOptions",
        summary="The discriminator's decoders rebuild real images; needs fastgan's networks.",
        reference=f"{PAPER}, equation 2",
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="fastgan",
        file="ganzoo_fastgan:recipes/fastgan.toml",
        summary="FastGAN at 256 pixels for 100 to 1,000 images, as in the paper; needs a GPU.",
        reference=PAPER,
    )
    yield ganzoo.RecipeSpec(
        name="fastgan-quick",
        file="ganzoo_fastgan:recipes/fastgan-quick.toml",
        summary="A narrow FastGAN on Fashion-MNIST; trains in minutes on two CPU cores.",
    )
