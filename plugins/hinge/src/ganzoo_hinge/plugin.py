"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """The hinge loss."""
    yield ganzoo.LossSpec(
        name="hinge",
        family="cross-entropy, hinge, least squares",
        factory="ganzoo_hinge.loss:Hinge",
        summary="Hinge loss: scores beyond the margin give the critic no gradient.",
        reference="Lim & Ye 2017, Geometric GAN, arXiv:1705.02894",
    )
