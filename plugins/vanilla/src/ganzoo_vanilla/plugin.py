"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = "Goodfellow et al. 2014, Generative Adversarial Networks, arXiv:1406.2661"
MIRZA = "Mirza & Osindero 2014, Conditional Generative Adversarial Nets, arXiv:1411.1784"


@ganzoo.hookimpl
def ganzoo_architectures() -> Iterator[ganzoo.ArchitectureSpec]:
    """The multilayer perceptrons."""
    yield ganzoo.ArchitectureSpec(
        name="vanilla",
        family="multilayer and plain convolutions",
        factory="ganzoo_vanilla.architecture:Vanilla",
        options="ganzoo_vanilla.options:VanillaOptions",
        summary="Two multilayer perceptrons (MLPs) for any image shape; fast on a CPU.",
        reference=PAPER,
    )


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """Both forms of the original loss."""
    yield ganzoo.LossSpec(
        name="bce",
        family="cross-entropy, hinge, least squares",
        factory="ganzoo_vanilla.losses:NonSaturating",
        summary="Non-saturating loss: binary cross-entropy on logits.",
        reference=f"{PAPER}, section 3",
    )
    yield ganzoo.LossSpec(
        name="minimax",
        family="cross-entropy, hinge, least squares",
        factory="ganzoo_vanilla.losses:Minimax",
        summary="Minimax loss: the original two-player game; the generator's gradient saturates.",
        reference=f"{PAPER}, equation 1",
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="vanilla",
        file="ganzoo_vanilla:recipes/vanilla.toml",
        summary="The original GAN: MLPs on small images.",
        reference=PAPER,
    )
    yield ganzoo.RecipeSpec(
        name="vanilla-conditional",
        file="ganzoo_vanilla:recipes/vanilla-conditional.toml",
        summary="The first conditional GAN: one-hot labels appended to z and to the image.",
        reference=MIRZA,
    )
