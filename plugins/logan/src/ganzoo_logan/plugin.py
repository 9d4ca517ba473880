"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

PAPER = (
    "Wu et al. 2019, LOGAN: Latent Optimisation for Generative Adversarial Networks, "
    "arXiv:1912.00953"
)


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """Latent optimization."""
    yield ganzoo.LossSpec(
        name="logan",
        family="cross-entropy, hinge, least squares",
        factory="ganzoo_logan.loss:LatentOptimization",
        options="ganzoo_logan.options:LatentOptimizationOptions",
        summary="Both networks learn from fakes whose z has moved up the score (LOGAN).",
        reference=PAPER,
    )
