"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_datasets() -> Iterator[ganzoo.DatasetSpec]:
    """Images in a NumPy file."""
    yield ganzoo.DatasetSpec(
        name="numpy",
        factory="ganzoo_numpy.dataset:NumpyFile",
        options="ganzoo_numpy.options:NumpyOptions",
        summary="Images in a .npy or .npz file, with labels and splits if it has them (MedMNIST).",
    )
