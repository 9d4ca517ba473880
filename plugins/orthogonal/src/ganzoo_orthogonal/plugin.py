"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_constraints() -> Iterator[ganzoo.ConstraintSpec]:
    """Orthogonal regularization."""
    yield ganzoo.ConstraintSpec(
        name="orthogonal",
        factory="ganzoo_orthogonal.constraint:Orthogonal",
        options="ganzoo_orthogonal.options:OrthogonalOptions",
        summary="Penalizes filters of a layer that are not orthogonal (BigGAN).",
        reference="Brock et al. 2019, Large Scale GAN Training, arXiv:1809.11096, equation 3; "
        "Brock et al. 2017, arXiv:1609.07093",
    )
