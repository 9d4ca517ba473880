"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_penalties() -> Iterator[ganzoo.PenaltySpec]:
    """Feature matching."""
    yield ganzoo.PenaltySpec(
        name="feature-matching",
        family="the generator's",
        factory="ganzoo_feature_matching.penalty:FeatureMatching",
        options="ganzoo_feature_matching.options:FeatureMatchingOptions",
        summary="The generator matches the discriminator's mean features of real images.",
        reference="Salimans et al. 2016, Improved Techniques for Training GANs, arXiv:1606.03498",
    )
