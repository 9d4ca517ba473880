"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_architectures() -> Iterator[ganzoo.ArchitectureSpec]:
    """A discriminator on frozen features."""
    yield ganzoo.ArchitectureSpec(
        name="frozen-features",
        family="pretrained discriminators",
        factory="ganzoo_frozen_features.architecture:FrozenFeatures",
        options="ganzoo_frozen_features.options:FrozenFeaturesOptions",
        summary="A small generator; the discriminator sees a pretrained network's feature maps.",
        reference="after Sauer et al. 2021, Projected GANs Converge Faster, arXiv:2111.01007",
    )
