"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

WGAN = "Arjovsky et al. 2017, Wasserstein GAN, arXiv:1701.07875"
WGAN_GP = "Gulrajani et al. 2017, Improved Training of Wasserstein GANs, arXiv:1704.00028"
WGAN_DIV = "Wu et al. 2018, Wasserstein Divergence for GANs, arXiv:1712.01026"
LGAN = "Zhou et al. 2019, Lipschitz Generative Adversarial Nets, arXiv:1902.05687"


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """The Wasserstein losses."""
    yield ganzoo.LossSpec(
        name="wasserstein",
        family="Wasserstein",
        factory="ganzoo_wgan.losses:Wasserstein",
        options="ganzoo_wgan.options:WassersteinOptions",
        summary="Wasserstein loss with weight clipping.",
        reference=WGAN,
    )
    yield ganzoo.LossSpec(
        name="wgan-gp",
        family="Wasserstein",
        factory="ganzoo_wgan.losses:WassersteinGP",
        summary="Wasserstein loss with a gradient penalty (WGAN-GP).",
        reference=WGAN_GP,
    )
    yield ganzoo.LossSpec(
        name="wgan-div",
        family="Wasserstein",
        factory="ganzoo_wgan.losses:WassersteinDiv",
        summary="Wasserstein divergence: no Lipschitz critic is needed (WGAN-div).",
        reference=WGAN_DIV,
    )


@ganzoo.hookimpl
def ganzoo_penalties() -> Iterator[ganzoo.PenaltySpec]:
    """Gradient penalties between real and fake images, for any loss."""
    yield ganzoo.PenaltySpec(
        name="gradient-penalty",
        family="gradients of the discriminator",
        factory="ganzoo_wgan.gradient_penalty:GradientPenalty",
        options="ganzoo_wgan.options:GradientPenaltyOptions",
        summary="Pulls the critic's gradient norm between real and fake images to 1 (WGAN-GP).",
        reference=WGAN_GP,
    )
    yield ganzoo.PenaltySpec(
        name="wgan-div",
        family="gradients of the discriminator",
        factory="ganzoo_wgan.gradient_penalty:DivergencePenalty",
        options="ganzoo_wgan.options:DivergencePenaltyOptions",
        summary="A power of the critic's gradient norm between real and fake images (WGAN-div).",
        reference=WGAN_DIV,
    )
    yield ganzoo.PenaltySpec(
        name="max-gp",
        family="gradients of the discriminator",
        factory="ganzoo_wgan.gradient_penalty:MaxGradientPenalty",
        options="ganzoo_wgan.options:MaxGradientPenaltyOptions",
        summary="The largest squared gradient norm of the critic in a batch (LGAN).",
        reference=LGAN,
    )


@ganzoo.hookimpl
def ganzoo_constraints() -> Iterator[ganzoo.ConstraintSpec]:
    """Weight clipping, for any loss."""
    yield ganzoo.ConstraintSpec(
        name="weight-clipping",
        factory="ganzoo_wgan.weight_clipping:WeightClipping",
        options="ganzoo_wgan.options:WeightClippingOptions",
        summary="Clamps the weights of the discriminator after each update (WGAN).",
        reference=WGAN,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train it with."""
    yield ganzoo.RecipeSpec(
        name="wgan",
        file="ganzoo_wgan:recipes/wgan.toml",
        summary="Wasserstein GAN with weight clipping, on DCGAN's networks.",
        reference=WGAN,
    )
    yield ganzoo.RecipeSpec(
        name="wgan-gp",
        file="ganzoo_wgan:recipes/wgan-gp.toml",
        summary="Wasserstein GAN with a gradient penalty, on DCGAN's networks.",
        reference=WGAN_GP,
    )
    yield ganzoo.RecipeSpec(
        name="wgan-div",
        file="ganzoo_wgan:recipes/wgan-div.toml",
        summary="WGAN-div, on DCGAN's networks.",
        reference=WGAN_DIV,
    )
    yield ganzoo.RecipeSpec(
        name="lgan",
        file="ganzoo_wgan:recipes/lgan.toml",
        summary="LGAN: the non-saturating loss with the maximum gradient penalty.",
        reference=LGAN,
    )
