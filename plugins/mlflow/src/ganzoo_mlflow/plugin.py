"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_observers() -> Iterator[ganzoo.ObserverSpec]:
    """The MLflow logger."""
    yield ganzoo.ObserverSpec(
        name="mlflow",
        factory="ganzoo_mlflow.observer:MLflow",
        options="ganzoo_mlflow.options:MLflowOptions",
        summary="MLflow: metrics, sample grids and settings, in a local store or on a server.",
        reference="https://mlflow.org",
    )
