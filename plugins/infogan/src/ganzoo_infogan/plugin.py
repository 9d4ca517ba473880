"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = (
    "Chen et al. 2016, InfoGAN: Interpretable Representation Learning by Information Maximizing "
    "Generative Adversarial Nets, arXiv:1606.03657"
)


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """The InfoGAN loss."""
    yield ganzoo.LossSpec(
        name="infogan",
        family="codes in z",
        factory="ganzoo_infogan.loss:InfoGAN",
        options="ganzoo_infogan.options:InfoGANOptions",
        summary="Non-saturating loss; codes in z are to be seen in the images, without labels.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="infogan",
        file="ganzoo_infogan:recipes/infogan.toml",
        summary="InfoGAN as on MNIST, on DCGAN's networks: ten categories, two continuous codes.",
        reference=f"{PAPER}, appendix C.1",
    )
