"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_observers() -> Iterator[ganzoo.ObserverSpec]:
    """The TensorBoard logger."""
    yield ganzoo.ObserverSpec(
        name="tensorboard",
        factory="ganzoo_tensorboard.observer:TensorBoard",
        options="ganzoo_tensorboard.options:TensorBoardOptions",
        summary="Event files for TensorBoard: metrics, sample grids and settings.",
        reference="https://www.tensorflow.org/tensorboard",
    )
