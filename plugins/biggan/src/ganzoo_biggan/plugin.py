"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = (
    "Brock et al. 2019, Large Scale GAN Training for High Fidelity Natural Image Synthesis, "
    "arXiv:1809.11096"
)
STUDIOGAN = "Kang et al. 2023, StudioGAN, arXiv:2206.09479"

RECIPES = {
    "biggan": ("BigGAN as in the paper, at 128 pixels; needs very large GPUs.", PAPER),
    "biggan-deep": ("BigGAN-deep as in the paper, at 128 pixels; needs very large GPUs.", PAPER),
    "biggan-cifar10": (
        "BigGAN at 32 pixels, with StudioGAN's settings.",
        f"{PAPER}; {STUDIOGAN}",
    ),
    "contragan-cifar10": (
        "BigGAN with the conditional contrastive loss, at 32 pixels.",
        "Kang & Park 2020, ContraGAN, arXiv:2006.12681",
    ),
    "reacgan-cifar10": (
        "BigGAN with data-to-data cross-entropy, at 32 pixels.",
        "Kang et al. 2021, Rebooting ACGAN, arXiv:2111.01118",
    ),
    "biggan-diffaugment": (
        "BigGAN with DiffAugment, at 32 pixels.",
        "Zhao et al. 2020, Differentiable Augmentation for Data-Efficient GAN Training, "
        "arXiv:2006.10738",
    ),
    "biggan-cr": (
        "BigGAN with consistency regularization, at 32 pixels.",
        "Zhang et al. 2020, Consistency Regularization for GANs, arXiv:1910.12027",
    ),
    "biggan-icr": (
        "BigGAN with balanced and latent consistency, at 32 pixels.",
        "Zhao et al. 2021, Improved Consistency Regularization for GANs, arXiv:2002.04724",
    ),
    "biggan-lecam": (
        "BigGAN with the LeCam regularizer and DiffAugment, at 32 pixels.",
        "Tseng et al. 2021, Regularizing GANs under Limited Data, arXiv:2104.03310",
    ),
    "biggan-quick": (
        "A small BigGAN on Fashion-MNIST; trains in ten minutes on two CPU cores.",
        "",
    ),
}
"""Summary and reference of each."""


@ganzoo.hookimpl
def ganzoo_architectures() -> Iterator[ganzoo.ArchitectureSpec]:
    """BigGAN and BigGAN-deep."""
    yield ganzoo.ArchitectureSpec(
        name="biggan",
        family="residual",
        factory="ganzoo_biggan.architecture:BigGAN",
        options="ganzoo_biggan.options:BigGANOptions",
        summary="Large residual networks, 32 to 256 pixels: z enters every block, classes share an "
        "embedding.",
        reference=PAPER,
    )
    yield ganzoo.ArchitectureSpec(
        name="biggan-deep",
        family="residual",
        factory="ganzoo_biggan.architecture:BigGANDeep",
        options="ganzoo_biggan.options:BigGANDeepOptions",
        summary="BigGAN's deeper variant with bottlenecks, 32 to 256 pixels.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train them with."""
    for name, (summary, reference) in RECIPES.items():
        yield ganzoo.RecipeSpec(
            name=name,
            file=f"ganzoo_biggan:recipes/{name}.toml",
            summary=summary,
            reference=reference,
        )
