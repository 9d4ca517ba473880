"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = "Miyato et al. 2018, Spectral Normalization for GANs, arXiv:1802.05957"


@ganzoo.hookimpl
def ganzoo_constraints() -> Iterator[ganzoo.ConstraintSpec]:
    """Spectral normalization of any network."""
    yield ganzoo.ConstraintSpec(
        name="spectral-norm",
        factory="ganzoo_spectral_norm.constraint:SpectralNorm",
        options="ganzoo_spectral_norm.options:SpectralNormOptions",
        summary="Divides every weight by its largest singular value (SNGAN).",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="sngan-dcgan",
        file="ganzoo_spectral_norm:recipes/sngan-dcgan.toml",
        summary="The hinge loss with spectral normalization, on DCGAN's networks.",
        reference=PAPER,
    )
    yield ganzoo.RecipeSpec(
        name="sngan-dcgan-quick",
        file="ganzoo_spectral_norm:recipes/sngan-dcgan-quick.toml",
        summary="Spectral normalization on emoji; trains in minutes on two CPU cores.",
    )
