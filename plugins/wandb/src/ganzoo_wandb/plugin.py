"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_observers() -> Iterator[ganzoo.ObserverSpec]:
    """The Weights & Biases logger."""
    yield ganzoo.ObserverSpec(
        name="wandb",
        factory="ganzoo_wandb.observer:WeightsAndBiases",
        options="ganzoo_wandb.options:WandbOptions",
        summary="Weights & Biases: metrics, sample grids and settings, online or offline.",
        reference="https://docs.wandb.ai",
    )
