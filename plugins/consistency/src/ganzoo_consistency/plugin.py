"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

CR = "Zhang et al. 2020, Consistency Regularization for GANs, arXiv:1910.12027"
ICR = "Zhao et al. 2021, Improved Consistency Regularization for GANs, arXiv:2002.04724"


@ganzoo.hookimpl
def ganzoo_penalties() -> Iterator[ganzoo.PenaltySpec]:
    """Consistency under transforms of images and under noise on z."""
    yield ganzoo.PenaltySpec(
        name="cr",
        family="consistency and little data",
        factory="ganzoo_consistency.penalties:Consistency",
        options="ganzoo_consistency.options:ConsistencyOptions",
        summary="Consistency regularization: a flip or a shift must not change a real's score.",
        reference=CR,
    )
    yield ganzoo.PenaltySpec(
        name="bcr",
        family="consistency and little data",
        factory="ganzoo_consistency.penalties:BalancedConsistency",
        options="ganzoo_consistency.options:BalancedConsistencyOptions",
        summary="Balanced consistency regularization: CR on real images and on fakes.",
        reference=ICR,
    )
    yield ganzoo.PenaltySpec(
        name="zcr",
        family="consistency and little data",
        factory="ganzoo_consistency.latent:LatentConsistency",
        options="ganzoo_consistency.options:LatentConsistencyOptions",
        summary="Latent consistency: noise on z must not change a fake's score.",
        reference=ICR,
    )
    yield ganzoo.PenaltySpec(
        name="zcr-diversity",
        family="consistency and little data",
        factory="ganzoo_consistency.latent:Diversity",
        options="ganzoo_consistency.options:DiversityOptions",
        summary="The generator's side of zcr: rewards images that change with z.",
        reference=ICR,
    )


@ganzoo.hookimpl
def ganzoo_augmentations() -> Iterator[ganzoo.AugmentationSpec]:
    """The transform of the papers."""
    yield ganzoo.AugmentationSpec(
        name="flip-shift",
        factory="ganzoo_consistency.transform:FlipShift",
        summary="Random mirroring and shifts by up to an eighth, padded by reflection.",
        reference=CR,
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Iterator[ganzoo.RecipeSpec]:
    """Settings to train them with."""
    yield ganzoo.RecipeSpec(
        name="cr",
        file="ganzoo_consistency:recipes/cr.toml",
        summary="Consistency regularization of a spectrally normalized DCGAN.",
        reference=CR,
    )
    yield ganzoo.RecipeSpec(
        name="icr",
        file="ganzoo_consistency:recipes/icr.toml",
        summary="Balanced and latent consistency of a spectrally normalized DCGAN.",
        reference=ICR,
    )
