"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = "Zhang et al. 2019, Self-Attention Generative Adversarial Networks, arXiv:1805.08318"


@ganzoo.hookimpl
def ganzoo_architectures() -> Iterator[ganzoo.ArchitectureSpec]:
    """SAGAN."""
    yield ganzoo.ArchitectureSpec(
        name="sagan",
        family="residual",
        factory="ganzoo_sagan.architecture:SAGAN",
        options="ganzoo_sagan.options:SAGANOptions",
        summary="ResNets with self-attention and spectral normalization, 32 to 128 pixels; can be "
        "class-conditional.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="sagan",
        file="ganzoo_sagan:recipes/sagan.toml",
        summary="SAGAN as in the paper, class-conditional at 128 pixels; needs large GPUs.",
        reference=PAPER,
    )
    yield ganzoo.RecipeSpec(
        name="sagan-quick",
        file="ganzoo_sagan:recipes/sagan-quick.toml",
        summary="A small SAGAN on Fashion-MNIST; trains in ten minutes on two CPU cores.",
    )
